/* The time, as the daemon's edges read it; everything further in is handed `now`. Any thread. */
#ifndef SKEP_BASE_CLOCK_H
#define SKEP_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never steps, to the kernel's tick (1 to 10 ms); costs no system
 * call. */
uint64_t clock_now_ms(void);

/* Seconds since 1970, for people and for the disk only. */
int64_t clock_unix_s(void);

#endif
