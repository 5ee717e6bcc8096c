/* Which torrents one peer is known to have, as 64-bit hashes of their info_hashes. Few as a rule,
 * so that they are looked through one by one; at most TORRENT_SET_MAX. Zeroed, it is empty. Not
 * locked. */
#ifndef SKEP_PROBE_TORRENT_SET_H
#define SKEP_PROBE_TORRENT_SET_H

#include <stdint.h>

enum { TORRENT_SET_MAX = 1024 };

struct torrent_set {
    uint64_t *torrents;
    uint32_t count;
    uint32_t allocated;
};

/* Does nothing where it is in the set, the set is full or memory is short. */
void torrent_set_add(struct torrent_set *set, uint64_t torrent);

/* Does nothing where it is not in the set. */
void torrent_set_remove(struct torrent_set *set, uint64_t torrent);

/* Empties the set and frees its memory. */
void torrent_set_clear(struct torrent_set *set);

#endif
