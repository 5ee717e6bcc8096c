/* Looks at the tracker every ten seconds, and every two minutes at its largest torrents, and hands
 * what it sees to the store's history. Whoever has it drives it; one thread at a time. */
#ifndef SKEP_STORE_HISTORY_SAMPLER_H
#define SKEP_STORE_HISTORY_SAMPLER_H

#include "store/store.h"
#include "swarm/tracker.h"

struct history_sampler;

/* Looks at up to `torrents_max` torrents. `tracker` and `store` must outlive the sampler. NULL
 * without memory. */
struct history_sampler *history_sampler_create(struct tracker *tracker, struct store *store,
                                               uint32_t torrents_max);
void history_sampler_delete(struct history_sampler *sampler);

/* To be called often; the first call begins the first period. Samples where a period of the wall
 * clock `unix_s` has ended since the last call, and lasted a second at least by `now_ms`,
 * clock_now_ms(): a clock that steps cuts a period short, and its sample belongs to the time before
 * the step. */
void history_sampler_tick(struct history_sampler *sampler, uint64_t now_ms, int64_t unix_s);

#endif
