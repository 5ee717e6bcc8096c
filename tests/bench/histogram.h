/* Latencies, counted in buckets that are at most 1/32 wide of what they hold: enough for
 * percentiles, and nothing to keep for each reply. */
#ifndef SKEP_BENCH_HISTOGRAM_H
#define SKEP_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BITS = 5, HISTOGRAM_BUCKETS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS };

struct histogram {
    uint64_t count;
    uint64_t largest;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* The value that `share` (0 to 1) of all are no larger than; 0 where there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
