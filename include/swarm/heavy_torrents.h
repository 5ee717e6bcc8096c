/* Finds the torrents that take most of a list of entries, such as changes or completions, so that a
 * full list can drop theirs and keep those of all others. Pure; no allocation. */
#ifndef SKEP_SWARM_HEAVY_TORRENTS_H
#define SKEP_SWARM_HEAVY_TORRENTS_H

#include <stddef.h>

#include "swarm/announce.h"

enum { HEAVY_TORRENTS_MAX = 16 };

struct heavy_torrent {
    uint8_t info_hash[INFO_HASH_LEN];
    size_t entries;
};

struct heavy_torrents {
    size_t count;
    struct heavy_torrent list[HEAVY_TORRENTS_MAX];
};

/* Finds all torrents that have more than 1 in HEAVY_TORRENTS_MAX + 1 of `count` entries. Each entry
 * has `size` bytes and an info_hash at `offset`. Two passes. */
void heavy_torrents_find(struct heavy_torrents *heavy, const void *entries, size_t count,
                         size_t size, size_t offset);

/* NULL if the torrent is not among them. */
struct heavy_torrent *heavy_torrents_lookup(struct heavy_torrents *heavy,
                                            const uint8_t info_hash[static INFO_HASH_LEN]);

#endif
