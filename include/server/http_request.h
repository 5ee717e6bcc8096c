/* One HTTP request as the server keeps it between its URL and its reply. A connection has one,
 * which serves its requests in turn; its owner starts it out as zeros, but for `client`. */
#ifndef SKEP_SERVER_HTTP_REQUEST_H
#define SKEP_SERVER_HTTP_REQUEST_H

#include "wire/http_wire.h"

enum { HTTP_PATH_MAX = 64 };

struct http_request {
    struct endpoint client; /* who is at the other end of the connection */
    enum http_route_kind kind;
    bool headers_seen;
    size_t body_len;
    http_error error;                 /* why it is no announce or scrape; NULL: it is one */
    char path[HTTP_PATH_MAX];         /* of any other request; cut where it is longer */
    struct http_announce announce;    /* if it is an announce */
    struct passkey passkey;           /* if it is a scrape */
    uint8_t (*hashes)[INFO_HASH_LEN]; /* if it is a scrape; ours to free */
    size_t hash_count;
};

/* Forgets the request, and frees what was allocated for it. */
void http_request_clear(struct http_request *request);

/* Forgets the request before and reads the URL, still encoded, of the next. Allocates only for a
 * scrape, at most `scrape_max` info_hashes. */
void http_request_read(struct http_request *request, struct bytes url, size_t scrape_max);

#endif
