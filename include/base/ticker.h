/* A thread that calls a function periodically. */
#ifndef SKEP_BASE_TICKER_H
#define SKEP_BASE_TICKER_H

#include <stdint.h>

struct ticker;

/* Starts a thread named `name` (at most 15 characters) that calls `tick(context)` every
 * `period_ms`, measured from the end of one call to the start of the next. NULL if no thread can be
 * created. `context` must outlive the ticker. */
struct ticker *ticker_start(const char *name, uint32_t period_ms, void (*tick)(void *context),
                            void *context);

/* Makes the next call begin at once. Any thread. */
void ticker_wake(struct ticker *ticker);

/* Waits for a call in progress, stops the thread and frees the ticker. NULL is ignored. */
void ticker_stop(struct ticker *ticker);

#endif
