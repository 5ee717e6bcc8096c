/* How long things took: counted by size, and summed up, so that whoever reads along can tell how
 * many were slow. The bounds are the same for all, 5 microseconds to 10 seconds. Any thread, no
 * lock. All zeros is an empty one. */
#ifndef SKEP_BASE_HISTOGRAM_H
#define SKEP_BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 20, HISTOGRAM_BUCKETS = HISTOGRAM_BOUNDS + 1 };

/* In rising order; a duration belongs to the first bound that is not below it. What is longer than
 * all of them has the last bucket. */
extern const uint64_t histogram_bounds_ns[HISTOGRAM_BOUNDS];

struct histogram {
    _Atomic uint64_t counts[HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum_ns;
};

/* What a histogram, or several, had counted at one moment. */
struct histogram_counts {
    uint64_t counts[HISTOGRAM_BUCKETS]; /* of each bucket alone */
    uint64_t sum_ns;
};

/* Counts `times` things that took `duration_ns` each. */
void histogram_add(struct histogram *histogram, uint64_t duration_ns, uint64_t times);

/* Adds what `histogram` holds to `*sum`. */
void histogram_collect(const struct histogram *histogram, struct histogram_counts *sum);

/* How many things were counted, of whatever duration. */
uint64_t histogram_total(const struct histogram_counts *counts);

#endif
