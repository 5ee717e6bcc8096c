/* HTTP requests without sockets: one request in, one response out. Announces and scrapes are
 * answered here, all others by the web handler. BEP 3, 7, 23, 24, 31, 48.
 * A request is read in the order in which it arrives: target, headers, body. Each connection has
 * one struct http_request, which serves its requests in turn; the owner initializes it with zeros,
 * except `peer`, `local` and `secure`. An announce allocates nothing. Any thread. */
#ifndef SKEP_SERVER_HTTP_TRACKER_H
#define SKEP_SERVER_HTTP_TRACKER_H

#include <stdatomic.h>

#include "server/client_address.h"
#include "server/full_scrape.h"
#include "server/http_body.h"
#include "server/http_counters.h"
#include "server/refused_families.h"
#include "server/web_handler.h"
#include "swarm/tracker.h"
#include "wire/http_wire.h"

enum {
    HTTP_TARGET_MAX = 4096, /* length of path and query of a web request, in bytes */
    HTTP_RESPONSE_BUFFER = HTTP_ANNOUNCE_MAX,
    HTTP_RESPONSE_HEADERS_MAX = 11,
};

/* Shared by all requests. The atomics may be set at any time. */
struct http_context {
    struct tracker *tracker;
    struct refused_families *malformed; /* counts malformed announces; NULL: nothing does */
    struct web_handler web;
    _Atomic uint32_t scrape_max; /* info_hashes in one scrape */
    _Atomic bool full_scrape;
    struct full_scrapes *full_scrapes;
    struct http_body_budget bodies;
};

enum http_target_state { HTTP_TARGET_OK, HTTP_TARGET_TOO_LONG, HTTP_TARGET_NO_MEMORY };

/* What the headers tell, other than to the web handler. */
struct http_marks {
    struct client_headers client;
    const char *fault; /* text of the response if the headers are invalid, or a proxy may disagree
                        * about where the request ends; NULL: they are valid */
    unsigned lengths;  /* headers Content-Length */
    unsigned codings;  /* headers Transfer-Encoding */
    uint64_t body_len; /* HTTP_BODY_LEN_UNKNOWN if chunked or Content-Length is invalid */
    bool expects_continue;
};

struct http_request {
    struct endpoint peer;  /* the other end of the connection */
    struct endpoint local; /* our end; FAMILY_NONE: unknown */
    bool secure;           /* HTTPS */

    enum http_route_kind kind;
    http_error error; /* why it is no valid announce or scrape; NULL: it is one */

    struct http_announce announce; /* HTTP_ROUTE_ANNOUNCE */

    struct passkey passkey;           /* HTTP_ROUTE_SCRAPE */
    uint8_t (*hashes)[INFO_HASH_LEN]; /* malloc'd */
    size_t hash_count;

    enum http_target_state target_state; /* HTTP_ROUTE_OTHER */
    char *target;                        /* path and query, encoded; malloc'd */
    struct web_request web;
    struct http_body body;

    struct http_marks marks;
    struct client client; /* after http_tracker_end_headers */
};

/* Where the body of a response is. */
enum http_body_place {
    HTTP_BODY_CONSTANT,
    HTTP_BODY_BUFFERED, /* in the caller's buffer */
    HTTP_BODY_OWNED,    /* malloc'd; the caller frees it */
    HTTP_BODY_STREAMED, /* the caller reads and closes `stream`; no `subject` for a HEAD */
};

struct http_response {
    unsigned status; /* 0: out of memory; the caller closes the connection */
    struct http_outcome outcome;
    struct http_header headers[HTTP_RESPONSE_HEADERS_MAX + 1]; /* ends with a NULL name */
    const struct http_header *more_headers;                    /* the same, or NULL */
    enum http_body_place place;
    struct bytes body;
    struct web_stream stream;
    bool waits;              /* `web` is pending: http_tracker_finish completes the response */
    struct web_response web; /* headers may point into it, so the response must not be moved */
};

/* Frees what the request allocated, and prepares it for the next one. */
void http_tracker_clear(struct http_request *request);

/* Clears the request and reads the encoded target of the next one. Allocates up to `scrape_max`
 * info_hashes for a scrape, and a copy of the target for a web request. */
void http_tracker_read_target(const struct http_context *context, struct http_request *request,
                              struct bytes target);

/* Begins the headers. `proxies`: NULL if none are trusted; borrowed until http_tracker_end_headers.
 * `http10`: HTTP/1.0 or older. */
void http_tracker_begin_headers(struct http_request *request, bool http10,
                                const struct proxies *proxies);

/* Reads one header; call it for each, in order. Borrows `value` until the response is made. */
void http_tracker_read_header(struct http_request *request, const char *name, size_t name_len,
                              const char *value);

/* Ends the headers and decides what to do with the body, before its first byte. */
enum http_body_plan http_tracker_end_headers(struct http_context *context, const char *method,
                                             struct http_request *request);

/* Answers a request whose body was read or rejected. The response may borrow from the request and
 * from `buffer`. */
void http_tracker_reply(const struct http_context *context, const char *method,
                        const struct http_request *request, uint64_t now_ms,
                        uint8_t buffer[static HTTP_RESPONSE_BUFFER],
                        struct http_response *response);

/* Completes a response that waited, once `web` is no longer pending. */
void http_tracker_finish(const char *method, struct http_response *response);

#endif
