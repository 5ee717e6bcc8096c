/* One UDP packet in, one out: everything of the UDP server but its sockets. */
#ifndef SKEP_SERVER_UDP_REPLY_H
#define SKEP_SERVER_UDP_REPLY_H

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

/* Builds the reply to `packet` from `sender` in `out`, which has UDP_REPLY_MAX bytes. Returns its
 * length, 0 for none. Without a valid connection id a reply is never longer than the packet. Any
 * thread. BEP 15, 41. */
size_t udp_reply(const struct udp_context *context, struct bytes packet,
                 const struct endpoint *sender, uint64_t now_ms, uint8_t *out);

#endif
