/* Concurrent TCP connection attempts, each with a timeout. A connection is closed as soon as it is
 * established, without sending a byte. Not locked: one thread at a time, except for
 * tcp_probe_set_wake. */
#ifndef SKEP_PROBE_TCP_PROBE_H
#define SKEP_PROBE_TCP_PROBE_H

#include <stdbool.h>

#include "base/endpoint.h"

enum {
    TCP_PROBE_SET_MAX = 128,                           /* concurrent attempts */
    TCP_PROBE_SET_DESCRIPTORS = TCP_PROBE_SET_MAX + 2, /* file descriptors needed at most */
};

enum tcp_probe_result {
    TCP_PROBE_PENDING,
    TCP_PROBE_OPEN,         /* accepted */
    TCP_PROBE_REFUSED,      /* rejected by a reset, or by a firewall that answers */
    TCP_PROBE_SILENT,       /* no answer */
    TCP_PROBE_UNREACHABLE,  /* this machine has no route to the peer */
    TCP_PROBE_NO_RESOURCES, /* this machine is out of descriptors, ports or memory */
};

typedef void (*tcp_probe_done)(void *context, const struct endpoint *peer,
                               enum tcp_probe_result result);

struct tcp_probe_set;

/* `done(context, ...)` is called once for each finished attempt, never with TCP_PROBE_PENDING. NULL
 * if out of memory or descriptors. */
struct tcp_probe_set *tcp_probe_set_create(tcp_probe_done done, void *context);

/* Cancels pending attempts without calling `done`. NULL is ignored. */
void tcp_probe_set_delete(struct tcp_probe_set *set);

/* Whether fewer than TCP_PROBE_SET_MAX attempts are pending. */
bool tcp_probe_set_has_room(const struct tcp_probe_set *set);

/* Begins an attempt; the set must have room. May call `done` before it returns. `now_ms` is
 * clock_now_ms(). */
void tcp_probe_set_begin(struct tcp_probe_set *set, const struct endpoint *peer,
                         uint32_t timeout_ms, uint64_t now_ms);

/* Returns after an attempt has finished, tcp_probe_set_wake was called, or clock_now_ms() has
 * reached `until_ms`. */
void tcp_probe_set_wait(struct tcp_probe_set *set, uint64_t until_ms);

/* Makes the current or the next tcp_probe_set_wait return. Any thread. */
void tcp_probe_set_wake(struct tcp_probe_set *set);

#endif
