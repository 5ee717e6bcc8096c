/* What the system knows of this process, under the names that Prometheus' client libraries give it.
 * Linux: from /proc. */
#ifndef SKEP_METRICS_PROCESS_METRICS_H
#define SKEP_METRICS_PROCESS_METRICS_H

#include "base/metrics_text.h"

/* When the process was started, in seconds since 1970. It is worked out from two clocks, so that it
 * is best asked for once. */
double process_start_time_s(void);

/* Any thread. What cannot be read is left out. */
void process_metrics_write(struct writer *w, double start_time_s);

#endif
