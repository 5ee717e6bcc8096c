/* Many attempts at TCP connections at once (probe/tcp_probe.h), each with a time-out. One thread
 * at a time, but for tcp_probes_wake. */
#ifndef SKEP_PROBE_TCP_PROBE_SET_H
#define SKEP_PROBE_TCP_PROBE_SET_H

#include <stdbool.h>

#include "probe/tcp_probe.h"

enum {
    TCP_PROBES_MAX = 128,                        /* at once */
    TCP_PROBES_DESCRIPTORS = TCP_PROBES_MAX + 2, /* that these take at most */
};

typedef void (*tcp_probe_done)(void *context, const struct endpoint *peer, enum tcp_probe result);

struct tcp_probes;

/* `done(context, ...)` is called once for each attempt that is decided. NULL without memory or
 * descriptors. */
struct tcp_probes *tcp_probes_create(tcp_probe_done done, void *context);

/* Gives up what is under way, without a word. NULL is fine. */
void tcp_probes_delete(struct tcp_probes *probes);

/* Whether there is room for one more. */
bool tcp_probes_have_room(const struct tcp_probes *probes);

/* Begins an attempt, for which there is room; it may be decided before this returns. `now_ms` is
 * clock_now_ms(). */
void tcp_probes_begin(struct tcp_probes *probes, const struct endpoint *peer, uint32_t timeout_ms,
                      uint64_t now_ms);

/* Waits until an attempt is decided, someone wakes it, or clock_now_ms() is `until_ms`. */
void tcp_probes_wait(struct tcp_probes *probes, uint64_t until_ms);

/* Ends the present or the next tcp_probes_wait. Any thread. */
void tcp_probes_wake(struct tcp_probes *probes);

#endif
