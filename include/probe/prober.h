/* Probes whether peers are reachable: opens a TCP connection to the address and port that a peer
 * announced, and closes it without sending a byte.
 *
 * To prevent that a client directs probes at another machine, only peers in the configured networks
 * are probed, only at the address of their own socket, and not if that may be an unknown proxy. One
 * thread probes, at the rate of probe/probe_plan.h; announces never wait for it. Peers come from
 * the change feed and from prober_request. */
#ifndef SKEP_PROBE_PROBER_H
#define SKEP_PROBE_PROBER_H

#include "base/error.h"
#include "probe/probe_plan.h"
#include "swarm/change_feed.h"

enum { PROBER_DESCRIPTORS = 130 }; /* file descriptors needed at most */

struct prober_options {
    bool enabled; /* false: no thread and no probes */
    struct probe_limits limits;
    uint32_t timeout_ms; /* of one connection attempt */
};

struct prober_stats {
    bool enabled;
    struct probe_counts now;
    uint64_t finished[REACHES]; /* probes, by result; REACH_UNKNOWN: failed on this machine */
};

struct prober;

/* NULL and one line in `error` if out of memory, randomness, descriptors or threads. */
struct prober *prober_start(const struct prober_options *options, char error[static ERROR_LEN]);

/* Applies new options. After a switch from off to on, peers that joined before are probed only if
 * prober_request is called for them. One thread at a time. False and one line in `error` if it
 * cannot be switched on; it then stays off. */
bool prober_apply(struct prober *prober, const struct prober_options *options,
                  char error[static ERROR_LEN]);

/* Queues new peers and removes those that left. `prober` is a struct prober. Any thread, one at a
 * time. */
void prober_on_changes(void *prober, const struct change *changes, size_t count);

/* Changes were lost before they reached prober_on_changes. Every peer is passed to it once more
 * afterwards. */
void prober_on_lost(void *prober);

/* The page or the API shows this peer: probes it if it never was. Ignored if the peer is outside
 * the networks or `own_address` is false. Any thread. */
void prober_request(struct prober *prober, const struct endpoint *peer, bool own_address);

/* REACH_UNKNOWN if the peer is not known. `probed_ms` is a clock_now_ms(). Any thread. */
struct reach_state prober_state(struct prober *prober, const struct endpoint *peer);

/* Any thread. */
struct prober_stats prober_stats(struct prober *prober);

/* Cancels running probes, ends the thread and frees the prober. NULL is ignored. */
void prober_stop(struct prober *prober);

#endif
