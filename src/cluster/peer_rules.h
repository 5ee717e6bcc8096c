/* The rules of a cluster about one peer: when a node sends it, when it expires, and which of two
 * records of one key wins. Pure. Each node decides alone, from what it holds; since the greater
 * stamp wins, records may arrive late, twice, or in any order. */
#ifndef SKEP_CLUSTER_PEER_RULES_H
#define SKEP_CLUSTER_PEER_RULES_H

#include "cluster/record.h"
#include "swarm/announce.h"

enum {
    STARTED_AGAIN_S = 10,
    DEADLINE_SLACK_S = 60,
    STAMP_AHEAD_MAX_MS = 24 * 3600 * 1000, /* records from further in the future are invalid */
};

/* The interval that is recorded for a peer: the one of its response, or longer, since clients do
 * not announce more often than they want (`peer_timeout_min_s` of tracker_options). */
uint16_t peer_recorded_interval_s(uint32_t interval_s, uint32_t peer_timeout_min_s);

/* Time from the stamp of a put to the peer's deadline. Also the lifetime of a tombstone, for the
 * longest interval in the cluster. */
static inline uint32_t peer_lifetime_s(uint32_t recorded_interval_s) {
    return 5 * recorded_interval_s / 2 + DEADLINE_SLACK_S;
}

uint64_t peer_deadline_ms(uint64_t stamp, uint32_t recorded_interval_s);

/* What a node knows at an announce. The stamp follows from the deadline and the interval. */
struct send_facts {
    enum announce_event event;
    bool known;           /* the peer is in the table, and not merely restored */
    bool changed;         /* it moved here, or its peer_id, role or counted flag changed */
    bool has_tombstone;   /* if it is unknown */
    uint32_t remaining_s; /* to its deadline; 0 if that has passed */
    uint32_t recorded_s;  /* its recorded interval */
    uint32_t interval_s;  /* of this response */
};

enum send_what { SEND_NOTHING, SEND_PUT, SEND_REMOVE };

/* A put that is not sent does not move the deadline. */
enum send_what peer_what_to_send(const struct send_facts *facts);

enum merge_effect { MERGE_NOTHING, MERGE_PUT, MERGE_REMOVE };

/* A peer that is held. `stamp` 0: restored from the store, any record replaces it. */
struct held_peer {
    uint64_t stamp;
    struct peer_state state;
};

/* What a put or a remove does to its key. `held`: the peer at the key, or NULL; `tombstone`: stamp
 * of its last removal, or 0. After MERGE_REMOVE the key has a tombstone with the record's stamp. */
enum merge_effect peer_merge(const struct record *record, const struct held_peer *held,
                             uint64_t tombstone, uint64_t now_ms);

/* Whether record `a` of a registry entry beats record `b` of the same key. A permit beats the
 * restrictions that its node knew; a restriction beats all other permits. */
bool registry_beats(const struct record *a, const struct record *b);

#endif
