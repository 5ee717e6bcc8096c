/* One UDP packet in, one out: everything of the UDP server but its sockets. */
#ifndef SKEP_SERVER_UDP_TRACKER_H
#define SKEP_SERVER_UDP_TRACKER_H

#include "base/keyed_hash.h"
#include "swarm/tracker.h"
#include "wire/udp_wire.h"

/* What signs connection ids: drawn anew at each start. The key of the run before is still good for
 * checking, because clients hold on to their ids, and wait for minutes when one is refused. */
struct udp_keys {
    struct hash_key present;
    struct hash_key previous;
};

struct udp_context {
    struct tracker *tracker;
    struct udp_keys keys;
    uint32_t connection_id_lifetime_s;
};

/* What became of a packet. */
enum udp_outcome {
    UDP_IGNORED, /* it is no request at all; not answered */
    UDP_CONNECTED,
    UDP_ANNOUNCED,
    UDP_ANNOUNCE_REFUSED, /* by the tracker, which counts the reasons */
    UDP_ANNOUNCE_MALFORMED,
    UDP_SCRAPED,
    UDP_SCRAPE_REFUSED,
    UDP_BAD_CONNECTION_ID, /* without a valid connection id */
    UDP_UNKNOWN_ACTION,
    UDP_OUTCOMES,
};

/* Builds the reply to `packet` from `sender` in `out`, which has UDP_REPLY_MAX bytes, and says in
 * `*outcome` what became of it. Returns the reply's length, 0 for none. Without a valid connection
 * id a reply is never longer than the packet. Any thread. BEP 15, 41. */
size_t udp_tracker_reply(const struct udp_context *context, struct bytes packet,
                         const struct endpoint *sender, uint64_t now_ms, uint8_t *out,
                         enum udp_outcome *outcome);

#endif
