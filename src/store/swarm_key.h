/* The order in which the database has torrents and peers: by info_hash, a torrent before its peers,
 * and these by endpoint. Pure; any thread. */
#ifndef SKEP_STORE_SWARM_KEY_H
#define SKEP_STORE_SWARM_KEY_H

#include <string.h>

#include "swarm/change_feed.h"

enum {
    SWARM_KEY_MAX = INFO_HASH_LEN + ENDPOINT_MAX_LEN,
    /* Bytes of torrents and peers in a row: two rows fill a page of the database. */
    SWARM_ROW_MAX = 1900,
    SWARM_ROW_FILL = SWARM_ROW_MAX * 3 / 4, /* of a new row, so that it has room */
};

/* The info_hash, and the endpoint of a peer in wire format. As a blob of SQLite, keys have the same
 * order as here. */
struct swarm_key {
    uint8_t bytes[SWARM_KEY_MAX];
    uint8_t len;
};

static inline struct swarm_key swarm_key_of(const struct change *change) {
    struct swarm_key key = { .len = INFO_HASH_LEN };
    memcpy(key.bytes, change->info_hash, INFO_HASH_LEN);
    if (change->peer.family == FAMILY_NONE)
        return key;
    memcpy(key.bytes + INFO_HASH_LEN, change->peer.wire, endpoint_len(change->peer.family));
    key.len += (uint8_t)endpoint_len(change->peer.family);
    return key;
}

/* Less than, equal to or greater than 0, as memcmp. */
static inline int swarm_key_compare(const struct swarm_key *a, const struct swarm_key *b) {
    const int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : a->len - b->len;
}

#endif
