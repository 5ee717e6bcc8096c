/* What is remembered of one peer of a swarm, beside its endpoint and its deadline: who it is, what
 * it has moved and how fast. Plain data, 56 bytes for each peer that there is. Not locked: the
 * caller holds the shard's lock. */
#ifndef SKEP_SWARM_PEER_RECORD_H
#define SKEP_SWARM_PEER_RECORD_H

#include "swarm/announce.h"
#include "swarm/change_feed.h"

enum peer_flag {
    PEER_COMPLETED_COUNTED = 1, /* its `completed` is in the torrent's count */
    PEER_PAUSED = 2,            /* a partial seed */
    PEER_CLAIMED = 4,           /* its endpoint is a claim of its own, not its socket's address, or
                                   may be a proxy's */
    PEER_RESTORED = 8,          /* it comes from the store and has not announced since */
    PEER_GRACED = 16, /* its deadline is one interval from a restart, not from an announce */
};

/* Totals are in KiB and rates in KiB a second; what is too large for its bits stays at the most
 * that they hold (a PiB, 16 GiB a second). */
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
    uint16_t ttl_s;    /* deadline - ttl_s is when it was last heard of, unless it is graced */
    uint8_t flags;
};

_Static_assert(sizeof(struct peer_record) == 56, "every peer there is has one");

/* Of a peer that announces itself and is known by `peer`. */
struct peer_record peer_record_announced(const struct announce_request *request,
                                         const struct endpoint *peer, uint32_t now_s,
                                         uint16_t ttl_s);

/* Of a peer as a store remembers it; `ttl_s` is for one that was told no interval. */
struct peer_record peer_record_restored(const struct change *change, uint32_t now_s,
                                        uint16_t ttl_s);

/* Takes over what is kept of the peer's past, if it is the same client as before, and works out how
 * fast it was in the `elapsed_s` since: below RATE_SPAN_S they count for their part of it only. */
void peer_record_copy_history(struct peer_record *record, const struct peer_record *past,
                              uint32_t elapsed_s);

/* Whether the peer announced from the very address that it is known by. */
static inline bool peer_record_owns_address(const struct peer_record *record) {
    return (record->flags & (PEER_CLAIMED | PEER_RESTORED)) == 0;
}

#endif
