/* Metrics of this process, with the names that Prometheus' client libraries use. Linux only: read
 * from /proc. */
#ifndef SKEP_METRICS_PROCESS_METRICS_H
#define SKEP_METRICS_PROCESS_METRICS_H

#include "base/metrics_text.h"

/* Start of the process in seconds since 1970. Computed from two clocks, so call it once and keep
 * the result: a second call may differ by a fraction of a second. */
double process_metrics_start_time_s(void);

/* Metrics that cannot be read are left out. Any thread. */
void process_metrics_write(struct writer *w, double start_time_s);

#endif
