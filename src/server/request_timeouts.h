/* Shuts down connections whose request is not complete in time. libmicrohttpd's own timeout only
 * closes idle connections: a client that sends one byte a second would keep its connection forever,
 * and version 0.9.75 in epoll mode misses the end of a connection that arrives together with
 * data. */
#ifndef SKEP_SERVER_REQUEST_TIMEOUTS_H
#define SKEP_SERVER_REQUEST_TIMEOUTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The timeout of one connection. The owner must not move it between request_timeouts_add and
 * request_timeouts_remove. */
struct request_timeout {
    struct request_timeout *previous;
    struct request_timeout *next;
    int fd;
    uint64_t began_ms;         /* when the server began to wait for the request */
    _Atomic uint64_t since_ms; /* the same plus extensions; UINT64_MAX between the end of a request
                                * and the end of its response */
    _Atomic bool idle; /* keep-alive: a response was sent, and the next request is not complete */
};

/* Limit of all extensions of one request together. */
enum { REQUEST_TIMEOUT_EXTEND_MAX_MS = 5 * 60 * 1000 };

struct request_timeouts;

/* Starts the thread that checks the timeouts, every quarter of a second. A request may take
 * `timeout_s`. `*aborted` counts aborted requests. NULL if out of memory or threads. */
struct request_timeouts *request_timeouts_start(uint32_t timeout_s, _Atomic uint64_t *aborted);

/* Call it after all connections have been removed. NULL is ignored. */
void request_timeouts_stop(struct request_timeouts *timeouts);

/* Adds a connection and begins the timeout of its first request. `fd` must stay open until
 * request_timeouts_remove returns. Any thread. */
void request_timeouts_add(struct request_timeouts *timeouts, struct request_timeout *timeout,
                          int fd, uint64_t now_ms);
void request_timeouts_remove(struct request_timeouts *timeouts, struct request_timeout *timeout);

/* True if all connections are idle: none is new, and none waits for its response. Any thread. */
bool request_timeouts_all_idle(struct request_timeouts *timeouts);

/* Extends the timeout by `by_ms`, but not beyond the full timeout from now, so that progress is not
 * saved up. */
void request_timeout_extend(struct request_timeout *timeout, uint64_t by_ms, uint64_t now_ms);

/* The request is complete: no timeout until request_timeout_begin. */
void request_timeout_done(struct request_timeout *timeout);

/* The response is sent: begins the timeout of the next request. */
void request_timeout_begin(struct request_timeout *timeout, uint64_t now_ms);

#endif
