/* Figures in Prometheus' text format (version 0.0.4). Each family is a name, a help text and a
 * type, followed by its values. Pure; any thread. */
#ifndef SKEP_REPORT_METRICS_H
#define SKEP_REPORT_METRICS_H

#include "base/bytes.h"
#include "swarm/tracker.h"

enum { METRICS_TEXT_MAX = 32 * 1024 };

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

/* Begins a family. Names of counters end in "_total". */
void metrics_family(struct writer *w, const char *name, enum metric_type type, const char *help);

/* One value of the family begun last. `label` NULL: it has none; else its value is `text`, which
 * has no quotes or line ends. */
void metrics_value(struct writer *w, const char *name, const char *label, const char *text,
                   double value);

/* A family of one value without a label. */
void metrics_single(struct writer *w, const char *name, enum metric_type type, const char *help,
                    double value);

/* What the tracker tells: torrents, peers, memory, announces and scrapes by result. */
void metrics_tracker(struct writer *w, const struct tracker_stats *stats);

#endif
