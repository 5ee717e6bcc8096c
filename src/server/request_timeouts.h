/* Cuts off connections that do not get their request across in time. libmicrohttpd closes silent
 * ones only: it would wait for ever for a client that sends a byte a second, and in its
 * edge-triggered mode 0.9.75 overlooks the end of a connection that comes together with data. */
#ifndef SKEP_SERVER_REQUEST_TIMEOUTS_H
#define SKEP_SERVER_REQUEST_TIMEOUTS_H

#include <stdatomic.h>
#include <stdint.h>

/* One connection's; its owner keeps it in place from deadlines_add to deadlines_remove. */
struct deadline {
    struct deadline *previous;
    struct deadline *next;
    int fd;
    uint64_t began_ms;         /* when the wait for a request began */
    _Atomic uint64_t since_ms; /* the same, and what it was put off by; UINT64_MAX outside of one */
};

/* A deadline is put off by so many milliseconds at most, however much of the request has come. */
enum { DEADLINE_PUT_OFF_MAX_MS = 5 * 60 * 1000 };

struct deadlines;

/* A request may take `timeout_s`, and a fraction of a second more. `*cut` counts those that were
 * cut off. NULL without memory or a thread. */
struct deadlines *deadlines_start(uint32_t timeout_s, _Atomic uint64_t *cut);

/* When all connections have been removed. NULL is fine. */
void deadlines_stop(struct deadlines *deadlines);

/* Watches over a connection; the wait for its first request begins. `fd` must stay open until
 * deadlines_remove, which may wait for a moment. Any thread. */
void deadlines_add(struct deadlines *deadlines, struct deadline *deadline, int fd, uint64_t now_ms);
void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline);

/* `by_ms` are added to the time that the request may still take, which is never more than the whole
 * time from now on. */
void deadline_put_off(struct deadline *deadline, uint64_t by_ms, uint64_t now_ms);

/* The request is there whole; its reply may take any time. */
void deadline_met(struct deadline *deadline);

/* The reply is out; the wait for the next request begins. */
void deadline_begin(struct deadline *deadline, uint64_t now_ms);

#endif
