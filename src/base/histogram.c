#include "base/histogram.h"

#include <stdatomic.h>

#define US UINT64_C(1000)
#define MS (1000 * US)
#define S (1000 * MS)

/* clang-format off */
const uint64_t histogram_bounds_ns[HISTOGRAM_BOUNDS] = {
      5 * US,  10 * US,  25 * US,  50 * US,
    100 * US, 250 * US, 500 * US,
      1 * MS, 2500 * US,  5 * MS,  10 * MS, 25 * MS, 50 * MS,
    100 * MS, 250 * MS, 500 * MS,
      1 * S, 2500 * MS,   5 * S,   10 * S,
};
/* clang-format on */

static unsigned bucket_of(uint64_t duration_ns) {
    unsigned bucket = 0;
    while (bucket < HISTOGRAM_BOUNDS && duration_ns > histogram_bounds_ns[bucket])
        bucket++;
    return bucket;
}

void histogram_add(struct histogram *histogram, uint64_t duration_ns, uint64_t times) {
    atomic_fetch_add_explicit(&histogram->counts[bucket_of(duration_ns)], times,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ns, duration_ns * times, memory_order_relaxed);
}

void histogram_collect(const struct histogram *histogram, struct histogram_counts *sum) {
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
        sum->counts[i] += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
    sum->sum_ns += atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed);
}
