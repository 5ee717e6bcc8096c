/* Requests memory for the processor's cache, ahead of its use. */
#ifndef SKEP_BASE_PREFETCH_H
#define SKEP_BASE_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

/* Requests the cache line of `address`, which need not be valid. Does not wait. A compiler takes a
 * function that only prefetches for one without an effect, and leaves its calls out, unless it
 * contains an assembler statement. */
static inline void prefetch_line(const void *address) {
    __builtin_prefetch(address);
    __asm__ volatile("");
}

/* The same for all lines of the `len` bytes at `start`. */
static inline void prefetch_range(const void *start, size_t len) {
    enum { CACHE_LINE = 64 };
    const char *bytes = start;
    const size_t offset = (uintptr_t)start % CACHE_LINE;
    for (size_t at = 0; at < offset + len; at += CACHE_LINE)
        prefetch_line(bytes + at - offset);
}

#endif
