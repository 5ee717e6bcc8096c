/* Cuts off connections that do not get their request across in time. libmicrohttpd closes silent
 * ones only: it would wait for ever for a client that sends a byte a second, and in its
 * edge-triggered mode 0.9.75 overlooks the end of a connection that comes together with data. */
#ifndef SKEP_SERVER_REQUEST_TIMEOUTS_H
#define SKEP_SERVER_REQUEST_TIMEOUTS_H

#include <stdatomic.h>
#include <stdint.h>

/* One connection's; its owner keeps it in place from request_timeouts_add to
 * request_timeouts_remove. */
struct request_timeout {
    struct request_timeout *previous;
    struct request_timeout *next;
    int fd;
    uint64_t began_ms;         /* when the wait for a request began */
    _Atomic uint64_t since_ms; /* the same, and what it was put off by; UINT64_MAX outside of one */
};

/* A deadline is put off by so many milliseconds at most, however much of the request has come. */
enum { REQUEST_TIMEOUT_EXTEND_MAX_MS = 5 * 60 * 1000 };

struct request_timeouts;

/* A request may take `timeout_s`, and a fraction of a second more. `*cut` counts those that were
 * cut off. NULL without memory or a thread. */
struct request_timeouts *request_timeouts_start(uint32_t timeout_s, _Atomic uint64_t *cut);

/* When all connections have been removed. NULL is fine. */
void request_timeouts_stop(struct request_timeouts *timeouts);

/* Watches over a connection; the wait for its first request begins. `fd` must stay open until
 * request_timeouts_remove, which may wait for a moment. Any thread. */
void request_timeouts_add(struct request_timeouts *timeouts, struct request_timeout *timeout,
                          int fd, uint64_t now_ms);
void request_timeouts_remove(struct request_timeouts *timeouts, struct request_timeout *timeout);

/* `by_ms` are added to the time that the request may still take, which is never more than the whole
 * time from now on. */
void request_timeout_extend(struct request_timeout *timeout, uint64_t by_ms, uint64_t now_ms);

/* The request is there whole; its reply may take any time. */
void request_timeout_done(struct request_timeout *timeout);

/* The reply is out; the wait for the next request begins. */
void request_timeout_begin(struct request_timeout *timeout, uint64_t now_ms);

#endif
