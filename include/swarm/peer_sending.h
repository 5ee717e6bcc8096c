/* When a node of a cluster sends a peer to the others, and when the peer expires. Pure. Each node
 * decides alone, from what it holds. */
#ifndef SKEP_SWARM_PEER_SENDING_H
#define SKEP_SWARM_PEER_SENDING_H

#include "swarm/announce.h"
#include "swarm/stamp.h"

enum {
    DEADLINE_SLACK_S = 60,
    INTERVAL_LIMIT_S = 28800,
};

/* The interval that is recorded for a peer: the one of its response, or longer, since clients do
 * not announce more often than they want (`peer_timeout_min_s` of tracker_options). */
uint16_t peer_recorded_interval_s(uint32_t interval_s, uint32_t peer_timeout_min_s);

/* Time from the stamp of a put to the peer's deadline. Also the lifetime of a tombstone, for the
 * longest interval in the cluster. */
static inline uint32_t peer_lifetime_s(uint32_t recorded_interval_s) {
    return 5 * recorded_interval_s / 2 + DEADLINE_SLACK_S;
}

static inline uint64_t peer_deadline_ms(uint64_t stamp, uint32_t recorded_interval_s) {
    return stamp_ms(stamp) + UINT64_C(1000) * peer_lifetime_s(recorded_interval_s);
}

/* What a node knows at an announce. The stamp follows from the deadline and the interval. */
struct send_facts {
    enum announce_event event;
    bool known;           /* the peer is in the table, and not merely restored */
    bool outdated;        /* changes of other nodes may be missing */
    bool changed;         /* it moved here, or its peer_id, role or counted flag changed */
    uint32_t remaining_s; /* to its deadline; 0 if that has passed */
    uint32_t recorded_s;  /* its recorded interval */
    uint32_t interval_s;  /* of this response */
};

enum send_what { SEND_NOTHING, SEND_PUT, SEND_REMOVE };

/* A put that is not sent does not move the deadline. */
enum send_what peer_what_to_send(const struct send_facts *facts);

#endif
