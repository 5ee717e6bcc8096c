/* The torrents with the most peers out of all that are offered, in a bounded heap. One thread at a
 * time. */
#ifndef SKEP_STORE_TOP_TORRENTS_H
#define SKEP_STORE_TOP_TORRENTS_H

#include "swarm/swarm_snapshot.h"

struct top_torrents;

/* Keeps up to `max` torrents, at least 1. NULL if out of memory. */
struct top_torrents *top_torrents_create(uint32_t max);
void top_torrents_delete(struct top_torrents *top);

/* Adds a copy if the torrent has peers and the heap is not full, or replaces the smallest torrent
 * if that is smaller. Among torrents with as many peers, the info_hash decides. */
void top_torrents_offer(struct top_torrents *top, const struct torrent_stats *torrent);

/* The kept torrents in no order, valid until the next call. */
const struct torrent_stats *top_torrents_list(const struct top_torrents *top, size_t *count);
void top_torrents_clear(struct top_torrents *top);

#endif
