/* Histogram of latencies for percentiles: the width of a bucket is at most 1/32 of its values,
 * finer than the fixed bounds of base/histogram.h. */
#ifndef SKEP_BENCH_LATENCY_HISTOGRAM_H
#define SKEP_BENCH_LATENCY_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BITS = 5, HISTOGRAM_BUCKETS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS };

struct latency_histogram {
    uint64_t count;
    uint64_t largest;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void latency_histogram_add(struct latency_histogram *histogram, uint64_t value);

/* The value that a `share` (0 to 1) of all latencies does not exceed; 0 if there are none. */
uint64_t latency_histogram_quantile(const struct latency_histogram *histogram, double share);

#endif
