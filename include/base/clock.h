/* The time, as the daemon's edges read it; everything further in is handed `now`. Any thread. */
#ifndef SKEP_BASE_CLOCK_H
#define SKEP_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never steps, to the kernel's tick (1 to 10 ms); costs no system
 * call. */
uint64_t clock_now_ms(void);

/* Nanoseconds of a clock that never steps, to measure how long something takes; costs no system
 * call either, but more than the one above. */
uint64_t clock_now_ns(void);

/* Seconds since 1970, for people and for the disk only. */
int64_t clock_unix_s(void);

/* The same in milliseconds. */
int64_t clock_unix_ms(void);

/* The seconds of a monotonic clock from one moment to another; 0 where they lie the other way
 * round, as for a thread that read the clock before another one did. */
static inline uint32_t clock_elapsed_s(uint32_t from_s, uint32_t to_s) {
    const uint32_t elapsed_s = to_s - from_s;
    return elapsed_s <= INT32_MAX ? elapsed_s : 0;
}

#endif
