/* Limits the time that a connection may take for a request and for its response, and makes room for
 * new connections. libmicrohttpd's own timeout only closes idle connections: a client that sends or
 * reads one byte a second would keep its connection forever, and version 0.9.75 in epoll mode
 * misses the end of a connection that arrives together with data. */
#ifndef SKEP_SERVER_REQUEST_TIMEOUTS_H
#define SKEP_SERVER_REQUEST_TIMEOUTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/http_counters.h"

enum {
    REQUEST_TIMEOUT_BYTES_PER_S = 16 * 1024, /* for uploads and responses */
    REQUEST_TIMEOUT_CHECK_MS = 250,
    /* Limit of all extensions of one request together. */
    REQUEST_TIMEOUT_EXTEND_MAX_MS = 5 * 60 * 1000,
    /* A streamed response may be this far ahead of its pace, so that progress is not saved up. */
    REQUEST_TIMEOUT_STREAM_AHEAD_MS = 20 * 1000,
    /* Requests and responses that began later are the last that make room for a new connection. */
    REQUEST_TIMEOUT_YOUNG_MS = 500,
};

/* The times of one connection, which the owner must not move between request_timeouts_add and
 * request_timeouts_remove. One thread calls the functions for a connection. */
struct request_timeout {
    struct request_timeout *previous;
    struct request_timeout *next;
    int fd;
    bool closing;              /* was shut down */
    uint64_t began_ms;         /* when the server began to wait for the request */
    _Atomic uint64_t mark;     /* what the connection does, and since when */
    _Atomic uint64_t taken_ms; /* when a client at 16 KiB/s has taken all responses so far */
};

struct request_timeouts_options {
    uint32_t timeout_s;       /* for a whole request */
    uint32_t connections_max; /* 0: unlimited */
};

struct request_timeouts;

/* `counters` must outlive it. NULL if out of memory. */
struct request_timeouts *request_timeouts_create(const struct request_timeouts_options *options,
                                                 struct http_counters *counters);

/* Call it after all connections have been removed. NULL is ignored. */
void request_timeouts_delete(struct request_timeouts *timeouts);

/* Shuts down late connections and logs evictions. Call it every REQUEST_TIMEOUT_CHECK_MS, from one
 * thread. A request may take `timeout_s`; a response the same, plus its length at 16 KiB/s. */
void request_timeouts_check(struct request_timeouts *timeouts, uint64_t now_ms);

/* Connections that may be open for a moment, while others are being closed to make room. */
uint32_t request_timeouts_reserve(uint32_t connections_max);

/* Makes room for one more connection: if `connections_max` are open, shuts down some that are
 * served last. These are first responses that are not taken, then idle connections, then those
 * without a whole request, then responses and requests that have just begun; of each kind those
 * that have waited longest. False if there is no room. Any thread. */
bool request_timeouts_make_room(struct request_timeouts *timeouts, uint64_t now_ms);

/* Adds a connection and begins the timeout of its first request. `fd` must stay open until
 * request_timeouts_remove returns. Any thread. */
void request_timeouts_add(struct request_timeouts *timeouts, struct request_timeout *timeout,
                          int fd, uint64_t now_ms);
void request_timeouts_remove(struct request_timeouts *timeouts, struct request_timeout *timeout);

/* True if all connections are idle: none is new, none is reading a request, and none waits for its
 * response. Any thread. */
bool request_timeouts_all_idle(struct request_timeouts *timeouts);

/* The request line was read; the timeout continues. */
void request_timeout_read(struct request_timeout *timeout);

/* Extends the timeout of the request by `by_ms`, but not beyond the full timeout from now, so that
 * progress is not saved up. */
void request_timeout_extend(struct request_timeout *timeout, uint64_t by_ms, uint64_t now_ms);

/* The request is complete: no timeout until the response begins. */
void request_timeout_done(struct request_timeout *timeout, uint64_t now_ms);

/* A response of `len` bytes begins. Its time also begins now, or if earlier responses may not have
 * been taken yet, after theirs. */
void request_timeout_respond(struct request_timeout *timeout, uint64_t len, uint64_t now_ms);

/* `len` more bytes of a streamed response were made. */
void request_timeout_stream(struct request_timeout *timeout, uint64_t len, uint64_t now_ms);

/* The response was handed to the kernel: begins the timeout of the next request. */
void request_timeout_begin(struct request_timeout *timeout, uint64_t now_ms);

#endif
