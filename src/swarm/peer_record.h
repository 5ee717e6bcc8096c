/* Record of one peer of a swarm, beside its endpoint and deadline: identity, totals and rates.
 * Plain data, 56 bytes per peer. Not locked: the caller holds the shard's lock. */
#ifndef SKEP_SWARM_PEER_RECORD_H
#define SKEP_SWARM_PEER_RECORD_H

#include <string.h>

#include "swarm/announce.h"
#include "swarm/change_feed.h"
#include "swarm/peer_sending.h"
#include "swarm/stamped_peer.h"

enum peer_flag {
    PEER_COMPLETED_COUNTED = 1, /* its completion is in the torrent's count */
    PEER_PAUSED = 2,            /* a partial seed */
    PEER_CLAIMED = 4,   /* its endpoint is a claim, not the socket's address, or may be a proxy's */
    PEER_RESTORED = 8,  /* restored from the store, no announce since */
    PEER_GRACED = 16,   /* its deadline was extended after a restart */
    PEER_TWIN = 32,     /* the client has a peer in the other family, too: see swarm.h */
    PEER_WALKED = 64,   /* the list's own: see peer_list_begin_walk */
    PEER_STAMPED = 128, /* in a cluster: announced or merged since it was restored */
};

/* Totals are in KiB, rates in KiB per second. They saturate at the width of their field (1 PiB, 16
 * GiB per second). */
enum { RATE_SPAN_S = 10 };

struct peer_record {
    uint8_t peer_id[PEER_ID_LEN];
    uint32_t key;
    uint64_t left;
    uint64_t uploaded_kib : 40;
    uint64_t upload_rate : 24;
    uint64_t downloaded_kib : 40;
    uint64_t download_rate : 24;
    uint32_t joined_s; /* monotonic */
    /* deadline - ttl_s is the time of its last announce, unless PEER_GRACED. PEER_STAMPED: its
     * recorded interval, from which the deadline follows: see peer_record_lifetime_s */
    uint16_t ttl_s;
    uint8_t flags;
};

_Static_assert(sizeof(struct peer_record) == 56, "every peer there is has one");

/* Record of an announcing peer, known by `peer`. */
struct peer_record peer_record_announced(const struct announce_request *request,
                                         const struct endpoint *peer, uint32_t now_s,
                                         uint16_t ttl_s);

/* Record of a restored peer; `ttl_s` is used if its interval is unknown. */
struct peer_record peer_record_restored(const struct change *change, uint32_t now_s,
                                        uint16_t ttl_s);

/* Record of a peer that another node of the cluster knows. */
struct peer_record peer_record_merged(const struct peer_state *state, uint32_t now_s);

/* Interval of its last response. */
static inline uint32_t peer_record_interval_s(const struct peer_record *record) {
    return record->flags & PEER_STAMPED ? record->ttl_s : record->ttl_s / 2;
}

/* Time from its last announce, or from its stamp, to its deadline, unless that was extended. */
static inline uint32_t peer_record_lifetime_s(const struct peer_record *record) {
    return record->flags & PEER_STAMPED ? peer_lifetime_s(record->ttl_s) : record->ttl_s;
}

/* Copies join time and counted flag from the earlier record, if it is the same client, and computes
 * its rates over the `elapsed_s` since then: below RATE_SPAN_S they are weighted accordingly. */
void peer_record_copy_history(struct peer_record *record, const struct peer_record *past,
                              uint32_t elapsed_s);

/* Whether both are of the same client, by peer_id and key. */
static inline bool peer_record_same_identity(const struct peer_record *a,
                                             const struct peer_record *b) {
    return a->key == b->key && memcmp(a->peer_id, b->peer_id, PEER_ID_LEN) == 0;
}

/* Whether the peer announced from the address that it is known by. */
static inline bool peer_record_owns_address(const struct peer_record *record) {
    return (record->flags & (PEER_CLAIMED | PEER_RESTORED)) == 0;
}

#endif
