/* What the tracker tells, as figures: announces and scrapes by what became of them, memory, and the
 * interval of now. Pure; any thread. */
#ifndef SKEP_METRICS_TRACKER_METRICS_H
#define SKEP_METRICS_TRACKER_METRICS_H

#include "base/metrics_text.h"
#include "swarm/tracker.h"

void tracker_metrics_write(struct writer *w, const struct tracker_stats *stats,
                           uint32_t interval_s);

#endif
