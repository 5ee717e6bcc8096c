/* Many attempts at TCP connections at once (probe/tcp_probe.h), each with a time-out. One thread
 * at a time, but for tcp_probe_set_wake. */
#ifndef SKEP_PROBE_TCP_PROBE_SET_H
#define SKEP_PROBE_TCP_PROBE_SET_H

#include <stdbool.h>

#include "probe/tcp_probe.h"

enum {
    TCP_PROBE_SET_MAX = 128,                           /* at once */
    TCP_PROBE_SET_DESCRIPTORS = TCP_PROBE_SET_MAX + 2, /* that these take at most */
};

typedef void (*tcp_probe_done)(void *context, const struct endpoint *peer, enum tcp_probe result);

struct tcp_probe_set;

/* `done(context, ...)` is called once for each attempt that is decided. NULL without memory or
 * descriptors. */
struct tcp_probe_set *tcp_probe_set_create(tcp_probe_done done, void *context);

/* Gives up what is under way, without a word. NULL is fine. */
void tcp_probe_set_delete(struct tcp_probe_set *set);

/* Whether there is room for one more. */
bool tcp_probe_set_have_room(const struct tcp_probe_set *set);

/* Begins an attempt, for which there is room; it may be decided before this returns. `now_ms` is
 * clock_now_ms(). */
void tcp_probe_set_begin(struct tcp_probe_set *set, const struct endpoint *peer,
                         uint32_t timeout_ms, uint64_t now_ms);

/* Waits until an attempt is decided, someone wakes it, or clock_now_ms() is `until_ms`. */
void tcp_probe_set_wait(struct tcp_probe_set *set, uint64_t until_ms);

/* Ends the present or the next tcp_probe_set_wait. Any thread. */
void tcp_probe_set_wake(struct tcp_probe_set *set);

#endif
