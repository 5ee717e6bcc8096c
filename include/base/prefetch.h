/* Requests memory for the processor's cache, ahead of its use. */
#ifndef SKEP_BASE_PREFETCH_H
#define SKEP_BASE_PREFETCH_H

#include <stddef.h>

/* Does not wait. `start` need not be a valid address. */
static inline void prefetch_range(const void *start, size_t len) {
    enum { CACHE_LINE = 64 };
    const char *bytes = start;
    for (size_t at = 0; at < len; at += CACHE_LINE)
        __builtin_prefetch(bytes + at);
}

#endif
