/* Latencies, counted in buckets that are at most 1/32 wide of what they hold: enough for
 * percentiles, and nothing to keep for each reply. */
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

/* The value that `share` (0 to 1) of all are no larger than; 0 where there are none. */
uint64_t latency_histogram_quantile(const struct latency_histogram *histogram, double share);

#endif
