/* One HTTP request, as kept between its URL and its response. Each connection has one, which serves
 * its requests in turn; the owner initializes it with zeros, except `peer` and `secure`. */
#ifndef SKEP_SERVER_HTTP_REQUEST_H
#define SKEP_SERVER_HTTP_REQUEST_H

#include <microhttpd.h>

#include "server/client_address.h"
#include "server/http_body.h"
#include "wire/http_wire.h"

/* Maximum length of path and query of a web request, in bytes. */
enum { HTTP_TARGET_MAX = 4096 };

enum http_target_state { HTTP_TARGET_OK, HTTP_TARGET_TOO_LONG, HTTP_TARGET_NO_MEMORY };

struct http_request {
    struct endpoint peer; /* the other end of the connection */
    bool secure;          /* HTTPS */
    uint64_t began_ns;    /* when the URL was read: a clock_now_ns() */
    enum http_route_kind kind;
    http_error error; /* why it is no valid announce or scrape; NULL: it is one */

    struct http_announce announce; /* HTTP_ROUTE_ANNOUNCE */

    struct passkey passkey;           /* HTTP_ROUTE_SCRAPE */
    uint8_t (*hashes)[INFO_HASH_LEN]; /* malloc'd */
    size_t hash_count;

    enum http_target_state target_state; /* HTTP_ROUTE_OTHER */
    char *target;                        /* path and query, encoded; malloc'd */
    struct bytes path, query;            /* in `target` */
    struct http_body body;

    /* After http_request_read_headers. */
    bool headers_read;
    bool ambiguous_length; /* a proxy may disagree about where the request ends; to be rejected */
    struct client client;
};

/* Frees what the request allocated, and prepares it for the next one. */
void http_request_clear(struct http_request *request);

/* Clears the request and reads the encoded URL of the next one. A path with `reserved_prefix` is
 * neither an announce nor a scrape. Allocates nothing for an announce, up to `scrape_max`
 * info_hashes for a scrape, and a copy of the URL for any other request. */
void http_request_read_url(struct http_request *request, struct bytes url,
                           const char *reserved_prefix, size_t scrape_max);

/* Reads the headers, in one pass that is cheap enough for announces. `trusted` are the trusted
 * proxies if the peer is one of them, else NULL. */
void http_request_read_headers(struct http_request *request, struct MHD_Connection *connection,
                               bool http10, const struct networks *trusted);

#endif
