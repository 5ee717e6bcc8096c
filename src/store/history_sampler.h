/* Samples the tracker every ten seconds and its largest torrents every two minutes, for the store's
 * history. One thread at a time. */
#ifndef SKEP_STORE_HISTORY_SAMPLER_H
#define SKEP_STORE_HISTORY_SAMPLER_H

#include "store/store.h"
#include "swarm/swarm_totals.h"
#include "swarm/tracker.h"

struct history_sampler;

/* Samples up to `torrents_max` torrents. `tracker`, `totals` and `store` must outlive the sampler.
 * NULL if out of memory. */
struct history_sampler *history_sampler_create(struct tracker *tracker, struct swarm_totals *totals,
                                               struct store *store, uint32_t torrents_max);
void history_sampler_delete(struct history_sampler *sampler);

/* Call it often; the first call starts the first period. Takes a sample if a period of the wall
 * clock `unix_s` has ended since the last call and lasted at least a second by `now_ms`,
 * clock_now_ms(): a step of the clock cuts a period short, and its sample belongs to the time
 * before the step. */
void history_sampler_tick(struct history_sampler *sampler, uint64_t now_ms, int64_t unix_s);

#endif
