/* Histogram of durations with fixed bounds from 5 microseconds to 10 seconds, and their sum. Any
 * thread, no lock. All zeros is an empty histogram. */
#ifndef SKEP_BASE_HISTOGRAM_H
#define SKEP_BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 20, HISTOGRAM_BUCKETS = HISTOGRAM_BOUNDS + 1 };

/* Upper bounds, ascending. A duration belongs to the first bound that is not below it; anything
 * longer goes to the last bucket. */
extern const uint64_t histogram_bounds_ns[HISTOGRAM_BOUNDS];

struct histogram {
    _Atomic uint64_t counts[HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum_ns;
};

/* Counts of one or several histograms at one moment. */
struct histogram_counts {
    uint64_t counts[HISTOGRAM_BUCKETS]; /* per bucket, not cumulative */
    uint64_t sum_ns;
};

/* Counts `times` durations of `duration_ns` each. */
void histogram_add(struct histogram *histogram, uint64_t duration_ns, uint64_t times);

/* Adds the counts of `histogram` to `*sum`. */
void histogram_collect(const struct histogram *histogram, struct histogram_counts *sum);

#endif
