/* Tries whether peers can be reached: a TCP connection to where the peer said that it listens,
 * closed as soon as it stands, with no byte sent.
 *
 * Only a peer at its socket's own address is checked, unless a proxy may have lent it that, and
 * only in the networks that the options name, so that nobody can make skepd knock at someone else's
 * door. One thread does it, at the pace that probe/probe_plan.h sets out; announces never wait for
 * it. It learns of peers from the change feed, and of those that it missed from whoever looks at
 * them. */
#ifndef SKEP_PROBE_PROBER_H
#define SKEP_PROBE_PROBER_H

#include "base/error.h"
#include "probe/probe_plan.h"
#include "probe/tcp_probe_set.h"
#include "swarm/change_feed.h"

enum { PROBER_DESCRIPTORS = TCP_PROBE_SET_DESCRIPTORS };

struct prober_options {
    bool enabled; /* where it is not, there is no thread, and nobody is checked */
    struct probe_limits limits;
    uint32_t timeout_ms; /* that a connection may take */
};

struct prober_stats {
    bool enabled;
    struct probe_counts now;
    uint64_t checks[REACHES]; /* since the start, by what became of them; REACH_UNKNOWN: they
                               * failed on our side */
};

struct prober;

/* NULL and one line in `error` without memory, randomness, descriptors or a thread. */
struct prober *prober_start(const struct prober_options *options, char error[static ERROR_LEN]);

/* Takes new options over. Where it was off before, peers who are there already are checked once
 * someone looks at them (prober_want). One thread at a time. False and one line in `error` if it
 * cannot be switched on; then it stays off. */
bool prober_apply(struct prober *prober, const struct prober_options *options,
                  char error[static ERROR_LEN]);

/* What happened to the swarms: newcomers get their turn, those that went are forgotten. `prober` is
 * a struct prober. Any thread, one at a time. */
void prober_on_changes(void *prober, const struct change *changes, size_t count);

/* Changes were lost on the way to prober_on_changes. */
void prober_on_lost(void *prober);

/* Someone looks at this peer: it is checked if it never was. Nothing happens where its address is
 * not its own, or lies outside of the networks. Any thread. */
void prober_want(struct prober *prober, const struct endpoint *peer, bool own_address);

/* REACH_UNKNOWN where nothing is known of the peer. `checked_ms` is of clock_now_ms(). Any thread.
 */
struct reach_state prober_state(struct prober *prober, const struct endpoint *peer);

/* Any thread. */
struct prober_stats prober_stats(struct prober *prober);

/* Gives up the checks that are under way and ends the thread. Nobody may call anything of it any
 * more. NULL is fine. */
void prober_stop(struct prober *prober);

#endif
