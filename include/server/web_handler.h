/* What the HTTP server hands on to whoever serves the site: every request that is no announce, no
 * scrape and no probe of its health. The server collects the body, as far as the site wants it, and
 * adds to each answer the headers that keep browsers from doing more with it than we mean. */
#ifndef SKEP_SERVER_WEB_HANDLER_H
#define SKEP_SERVER_WEB_HANDLER_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "server/http_counters.h"

/* A request. All of it is borrowed, and stays as it is until the answer has been made. A header
 * that is not there is NULL; of one that is there twice, the first counts. */
struct web_request {
    const char *method;       /* "GET" also where it was HEAD: the server leaves the body out */
    struct bytes path, query; /* still encoded; the query is what stands behind the '?' */
    struct endpoint client; /* the one behind trusted proxies; FAMILY_NONE where their headers make
                               no sense */
    bool proxied;           /* it came by a trusted proxy, which says for whom */
    bool client_in_doubt;   /* the client may be another: a trusted proxy did not say for whom it
                               asks, or named a loopback address from another machine; or something
                               else calls itself a proxy, or speaks HTTP/1.0 as old proxies do */
    bool secure;            /* it came to us by HTTPS */
    const char *host;
    const char *origin;
    const char *sec_fetch_site;
    const char *authorization;
    const char *content_type;
    const char *accept;
    const char *accept_encoding;
    const char *if_none_match;
    struct bytes body;
    bool body_refused; /* there was a longer body than body_max allows; it is not here */
    bool body_crowded; /* neither is this one, because many are sent at the same time */
};

/* Starts out as zeros, which stand for no such header and no body. Its strings are constants, or
 * live in `text` or as long as the site. */
struct web_response {
    unsigned status;
    enum http_kind kind; /* for the counters; zero is HTTP_KIND_OTHER */
    const char *content_type;
    const char *cache_control; /* NULL: "no-store" */
    const char *etag;
    const char *encoding;
    const char *vary;
    const char *disposition;
    const char *allow;
    const char *location;
    const char *authenticate;
    const char *retry_after; /* seconds */
    const uint8_t *body;
    size_t len;
    bool owned;     /* the body was malloc'd, and the server frees it; else it is a constant */
    char text[256]; /* room for a header that is made for this answer */
};

/* Both are called on any of the server's threads, several at a time. */
struct web_handler {
    /* How many bytes of body this caller may send. Asked before the first of them is read, and only
     * where there is one at all. */
    size_t (*body_max)(void *context, const struct web_request *call);
    void (*answer)(void *context, const struct web_request *call, struct web_response *answer);
    void *context;
};

#endif
