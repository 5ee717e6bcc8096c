#include "latency_histogram.h"

/* One bucket per value below 2^BITS, then 2^BITS buckets per power of two. */
static unsigned bucket_of(uint64_t value) {
    if (value < 1U << HISTOGRAM_BITS)
        return (unsigned)value;
    const unsigned shift = 63U - (unsigned)__builtin_clzll(value) - HISTOGRAM_BITS;
    return ((shift + 1) << HISTOGRAM_BITS) + (unsigned)((value >> shift) - (1U << HISTOGRAM_BITS));
}

static uint64_t top_of(unsigned bucket) {
    if (bucket < 1U << HISTOGRAM_BITS)
        return bucket;
    const unsigned shift = (bucket >> HISTOGRAM_BITS) - 1;
    const uint64_t base = (bucket & ((1U << HISTOGRAM_BITS) - 1)) + (1U << HISTOGRAM_BITS);
    return ((base + 1) << shift) - 1;
}

void latency_histogram_add(struct latency_histogram *histogram, uint64_t value) {
    histogram->count++;
    histogram->buckets[bucket_of(value)]++;
    if (value > histogram->largest)
        histogram->largest = value;
}

uint64_t latency_histogram_quantile(const struct latency_histogram *histogram, double share) {
    const double wanted = share * (double)histogram->count;
    uint64_t passed = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        passed += histogram->buckets[i];
        if (passed > 0 && (double)passed >= wanted)
            return top_of(i) < histogram->largest ? top_of(i) : histogram->largest;
    }
    return histogram->largest;
}
