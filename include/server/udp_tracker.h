/* The tracker protocol over UDP without sockets: one packet in, at most one out. BEP 15, 41. */
#ifndef SKEP_SERVER_UDP_TRACKER_H
#define SKEP_SERVER_UDP_TRACKER_H

#include <stdatomic.h>

#include "base/keyed_hash.h"
#include "swarm/tracker.h"
#include "wire/udp_wire.h"

/* Keys that sign connection ids; a new one is made at each start. Ids signed with the key of the
 * previous run stay valid: clients keep using their ids, and wait for minutes if one is rejected.
 */
struct udp_keys {
    struct hash_key current;
    struct hash_key previous;
};

/* In a cluster, connection ids are signed with keys that all nodes derive from its secret, and the
 * time is the cluster's, so that each node accepts the ids of all. There is a key for each day. */
enum { UDP_DAYS = 3 }; /* the present day, the one before, and the next: clocks differ a little */

struct udp_shared_keys {
    struct hash_key days[UDP_DAYS];
    uint64_t clock_offset_ms; /* of the cluster's clock from clock_now_ms() */
};

struct udp_shared_keys udp_shared_keys_derive(const struct hash_key *secret, uint64_t cluster_ms,
                                              uint64_t clock_offset_ms);

struct udp_context {
    struct tracker *tracker;
    struct udp_keys keys;
    _Atomic(const struct udp_shared_keys *) shared; /* NULL: no cluster */
    uint32_t connection_id_lifetime_s;
};

/* Result of a packet. */
enum udp_outcome {
    UDP_IGNORED, /* not a request; no reply */
    UDP_CONNECTED,
    UDP_ANNOUNCED,
    UDP_ANNOUNCE_REFUSED, /* by the tracker, which counts the reasons */
    UDP_ANNOUNCE_MALFORMED,
    UDP_SCRAPED,
    UDP_SCRAPE_REFUSED,
    UDP_BAD_CONNECTION_ID, /* missing, forged or expired */
    UDP_UNKNOWN_ACTION,
    UDP_OUTCOMES,
};

/* What `packet` will look up, as far as it is known before it is checked. False if it is not an
 * announce. `hint` borrows the packet. */
bool udp_tracker_hint(struct bytes packet, const struct endpoint *sender,
                      struct announce_hint *hint);

/* Writes the reply to `packet` from `sender`, sent to the address `reached`, into `out`, of
 * UDP_REPLY_MAX bytes, and the result into `*outcome`. Returns the length of the reply; 0: no
 * reply. Without a valid connection id the reply is never longer than the packet, so that forged
 * senders cannot use skepd to amplify traffic. Any thread. */
size_t udp_tracker_reply(const struct udp_context *context, struct bytes packet,
                         const struct endpoint *sender, const struct endpoint *reached,
                         uint64_t now_ms, uint8_t *out, enum udp_outcome *outcome);

#endif
