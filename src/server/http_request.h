/* One HTTP request as the server keeps it between its URL and its reply. A connection has one,
 * which serves its requests in turn; its owner starts it out as zeros, but for `client` and
 * `secure`. */
#ifndef SKEP_SERVER_HTTP_REQUEST_H
#define SKEP_SERVER_HTTP_REQUEST_H

#include "server/http_body.h"
#include "server/http_headers.h"
#include "wire/http_wire.h"

/* Bytes of path and query of a request that is no announce and no scrape. */
enum { HTTP_TARGET_MAX = 4096 };

/* Whether there is such a request. */
enum http_target_state { HTTP_TARGET_GOOD, HTTP_TARGET_TOO_LONG, HTTP_TARGET_NO_MEMORY };

struct http_request {
    struct endpoint client; /* who is at the other end of the connection */
    bool secure;            /* whether the connection speaks TLS */
    bool headers_seen;
    bool outdated;               /* it speaks no HTTP/1.1 */
    struct http_headers headers; /* once they were seen */
    enum http_route_kind kind;
    uint64_t began_ns;                /* when the URL was there, by clock_now_ns() */
    http_error error;                 /* why it is no announce or scrape; NULL: it is one */
    struct http_announce announce;    /* if it is an announce */
    struct passkey passkey;           /* if it is a scrape */
    uint8_t (*hashes)[INFO_HASH_LEN]; /* if it is a scrape; ours to free */
    size_t hash_count;
    enum http_target_state target_state; /* if it is anything else */
    char *target;                        /* path and query, as sent; ours to free */
    struct bytes path, query;            /* in it */
    struct http_body body;
};

/* Forgets the request, and frees what was allocated for it. */
void http_request_clear(struct http_request *request);

/* Forgets the request before and reads the URL, still encoded, of the next; a path that begins with
 * `reserved_prefix` is neither an announce nor a scrape. Allocates nothing for an announce; for a
 * scrape at most `scrape_max` info_hashes; for anything else a copy of the URL.
 */
void http_request_read(struct http_request *request, struct bytes url, const char *reserved_prefix,
                       size_t scrape_max);

#endif
