/* Rules for torrents without peers. They are kept for their download count, so a torrent that was
 * never completed is forgotten at once, and any other after limits.idle_torrent_s. Anyone can
 * create torrents and complete them, so there are two more rules. An address keeps at most
 * limits.address_idle_torrents_max of the torrents that it was the first to complete. And when
 * torrents_max is nearly reached, torrents are forgotten early, the most recently idle first.
 *
 * To find the most recently idle ones, each round of the sweep counts idle torrents by age, and the
 * next round forgets those below a certain age. Ages are relative to the start of the round. */
#ifndef SKEP_SWARM_IDLE_TORRENTS_H
#define SKEP_SWARM_IDLE_TORRENTS_H

#include "swarm/tracker_state.h"

/* Updates the share of an address after a change of the swarm's peers; there were `peers_before`.
 * The swarm's shard is locked. */
void idle_torrents_update(struct tracker *tracker, const struct tracker_options *options,
                          struct swarm *swarm, uint32_t peers_before);

/* Before a swarm is deleted. */
void idle_torrents_release(struct tracker *tracker, struct swarm *swarm);

/* Whether the sweep may forget the swarm. */
bool idle_torrents_can_forget(const struct tracker *tracker, const struct tracker_options *options,
                              const struct swarm *swarm, uint32_t now_s);

/* The sweeping thread begins a round, passes every swarm that it keeps, and ends the round. */
void idle_torrents_begin_round(struct tracker *tracker, uint32_t now_s);
void idle_torrents_measure(struct tracker *tracker, const struct swarm *swarm);
void idle_torrents_end_round(struct tracker *tracker, uint32_t torrents_max);

#endif
