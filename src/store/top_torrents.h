/* The torrents with most peers, of any number that is offered. One thread at a time. */
#ifndef SKEP_STORE_TOP_TORRENTS_H
#define SKEP_STORE_TOP_TORRENTS_H

#include "swarm/swarm_snapshot.h"

struct top_torrents;

/* Keeps up to `max`, at least 1. NULL without memory. */
struct top_torrents *top_torrents_create(uint32_t max);
void top_torrents_delete(struct top_torrents *top);

/* Takes it if it has peers, and more than the smallest of those that are there, where these are as
 * many as may be. Of equal ones the same is taken each time. */
void top_torrents_offer(struct top_torrents *top, const struct torrent_stats *torrent);

/* Those that are there, in no order; valid until the next call. */
const struct torrent_stats *top_torrents_list(const struct top_torrents *top, size_t *count);
void top_torrents_clear(struct top_torrents *top);

#endif
