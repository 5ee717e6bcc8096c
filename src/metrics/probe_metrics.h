/* What the prober tells, as figures. Pure; any thread. */
#ifndef SKEP_METRICS_PROBE_METRICS_H
#define SKEP_METRICS_PROBE_METRICS_H

#include "base/metrics_text.h"
#include "probe/prober.h"

void probe_metrics_write(struct writer *w, const struct prober_stats *stats);

#endif
