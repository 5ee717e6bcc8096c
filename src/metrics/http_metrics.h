/* What the HTTP server tells, as figures. Any thread. */
#ifndef SKEP_METRICS_HTTP_METRICS_H
#define SKEP_METRICS_HTTP_METRICS_H

#include "base/metrics_text.h"
#include "server/http_counters.h"

void http_metrics_write(struct writer *w, const struct http_counters *counters);

#endif
