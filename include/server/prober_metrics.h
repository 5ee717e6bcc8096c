/* What the prober tells, as figures. Pure; any thread. */
#ifndef SKEP_SERVER_PROBER_METRICS_H
#define SKEP_SERVER_PROBER_METRICS_H

#include "report/metrics.h"
#include "server/prober.h"

void prober_metrics_write(struct writer *w, const struct prober_stats *stats);

#endif
