/* A thread that does one thing again and again until it is told to stop. */
#ifndef SKEP_BASE_TICKER_H
#define SKEP_BASE_TICKER_H

#include <stdint.h>

struct ticker;

/* Starts a thread named `name` (at most 15 characters) that calls `tick(context)` every
 * `period_ms`, counted from the end of one call to the start of the next. NULL if no thread could
 * be had. `context` must outlive the ticker. */
struct ticker *ticker_start(const char *name, uint32_t period_ms, void (*tick)(void *context),
                            void *context);

/* Waits for a call that is under way, ends the thread and frees the ticker. NULL is fine. */
void ticker_stop(struct ticker *ticker);

#endif
