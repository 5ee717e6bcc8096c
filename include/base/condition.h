/* Condition variables whose waits end by the monotonic clock. */
#ifndef SKEP_BASE_CONDITION_H
#define SKEP_BASE_CONDITION_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

void condition_init(pthread_cond_t *condition);

/* The time `ms` milliseconds from now, for pthread_cond_timedwait. */
struct timespec condition_deadline(uint32_t ms);

#endif
