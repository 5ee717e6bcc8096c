/* The latest of many changes: one of each peer and one of each torrent, as packed_change_read
 * returns them. One thread at a time. */
#ifndef SKEP_STORE_LATEST_CHANGES_H
#define SKEP_STORE_LATEST_CHANGES_H

#include "base/hash_index.h"
#include "base/keyed_hash.h"
#include "base/radix_sort.h"
#include "swarm/change_feed.h"

struct latest_change {
    struct change change; /* FAMILY_NONE: of the torrent itself */
    uint32_t hash;
    bool cleared; /* of a torrent: all of its peers that are not in the list are gone */
};

/* All zeros but for the key is an empty list. */
struct latest_changes {
    struct hash_key key; /* random: clients choose info_hashes and addresses */
    struct latest_change *list;
    size_t count;
    size_t capacity;
    struct stepped_index index;
    bool any_cleared;
};

/* Empties the list and frees its memory. */
void latest_changes_clear(struct latest_changes *latest);

/* Adds a change that is later than all others. False if out of memory. */
bool latest_changes_add(struct latest_changes *latest, const struct change *change);

/* Whether the list replaces an earlier change: it has one of the same peer or torrent, or has
 * cleared the peer's torrent. */
bool latest_changes_replace(const struct latest_changes *latest, const struct change *change);

/* The positions in the list, in the order of swarm_key.h. The caller frees them; NULL if out of
 * memory. */
struct radix_item *latest_changes_sort(const struct latest_changes *latest);

#endif
