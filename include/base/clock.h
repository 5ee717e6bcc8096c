/* Clocks. Only the outer modules read them; inner ones get `now` passed. Any thread. */
#ifndef SKEP_BASE_CLOCK_H
#define SKEP_BASE_CLOCK_H

#include <stdint.h>

/* Monotonic milliseconds, with the kernel's tick as resolution (1 to 10 ms); no system call. */
uint64_t clock_now_ms(void);

/* Monotonic nanoseconds, to measure durations; no system call, but more expensive than
 * clock_now_ms. */
uint64_t clock_now_ns(void);

/* Unix time in seconds, for display and for the database only. */
int64_t clock_unix_s(void);

/* Unix time in milliseconds. */
int64_t clock_unix_ms(void);

/* Seconds between two moments of a monotonic clock; 0 if they are in reverse order, which happens
 * if another thread read the clock earlier. */
static inline uint32_t clock_elapsed_s(uint32_t from_s, uint32_t to_s) {
    const uint32_t elapsed_s = to_s - from_s;
    return elapsed_s <= INT32_MAX ? elapsed_s : 0;
}

#endif
