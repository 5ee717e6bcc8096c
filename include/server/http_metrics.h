/* What the HTTP server tells, as figures. Any thread. */
#ifndef SKEP_SERVER_HTTP_METRICS_H
#define SKEP_SERVER_HTTP_METRICS_H

#include "report/metrics.h"
#include "server/http_counters.h"

void http_metrics_write(struct writer *w, const struct http_counters *counters);

#endif
