/* Interface between the HTTP server and the module that handles its web requests, which are all but
 * announces and scrapes. The server collects the body, as far as the handler allows, and sends the
 * response. */
#ifndef SKEP_SERVER_WEB_HANDLER_H
#define SKEP_SERVER_WEB_HANDLER_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "server/http_counters.h"

/* All pointers are borrowed until the response is made. A header that is absent is NULL; if it is
 * there more than once, the first one counts. */
struct web_request {
    const char *method;       /* "GET" for HEAD, too: the server leaves the body out */
    struct bytes path, query; /* encoded; the query without its '?' */
    struct endpoint client;   /* the one behind trusted proxies; FAMILY_NONE if their headers are
                                 invalid */
    bool proxied;             /* by a trusted proxy, which names the client */
    bool client_uncertain; /* the address must not grant admin access: a trusted proxy names none,
                             or names loopback although it is on another machine; or an untrusted
                             proxy may have sent it (proxy headers, or HTTP/1.0) */
    bool secure;           /* by HTTPS */
    bool
        forwarded_secure; /* the trusted proxy's header Forwarded says that the client used HTTPS */
    const char *host;
    const char *origin;
    const char *sec_fetch_site;
    const char *forwarded_prefix; /* X-Forwarded-Prefix and X-Forwarded-Proto: count only if */
    const char *forwarded_proto;  /* `proxied` */
    const char *authorization;
    const char *content_type;
    const char *accept;
    const char *accept_encoding;
    const char *if_none_match;
    const char *last_event_id;
    struct bytes body;
    bool body_too_large;   /* longer than body_max() allows, and left out */
    bool body_over_budget; /* left out because all bodies together exceed http.uploads_max */
};

struct web_response;

enum { WEB_LOCATION_LEN = 1024 };

struct http_header {
    const char *name;
    const char *value; /* NULL: header is not sent */
};

/* Something that a response waits for. */
struct web_pending {
    /* Calls `ready(context)` once, from any thread, as soon as the response can be sent. */
    void (*notify)(void *subject, void (*ready)(void *context), void *context);
    /* Completes or replaces the response, and releases `subject`. Called once, after `ready`. */
    void (*finish)(void *subject, struct web_response *response);
    void *subject; /* NULL: the response can be sent at once; else `text` must not be used */
};

enum { WEB_STREAM_WAIT = 0, WEB_STREAM_END = -1 };

/* A body of unknown length, made in pieces while it is sent. */
struct web_stream {
    /* Writes up to `max` bytes of the body, and returns their number; WEB_STREAM_WAIT if there are
     * none yet, WEB_STREAM_END at the end. */
    long (*read)(void *subject, uint8_t *buffer, size_t max);
    /* From now on until `close` returns, calls `wake(context)` when there may be more after
     * WEB_STREAM_WAIT, and once in a while, so that the server notices the end of the connection.
     * Any thread. NULL: `read` never waits. */
    void (*listen)(void *subject, void (*wake)(void *context), void *context);
    void (*close)(void *subject); /* called once */
    void *subject;
};

/* All zeros is an empty response. Strings are constants, or borrowed from the handler, or stand in
 * `text`. */
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
    const char *authenticate;
    const char *retry_after;           /* seconds */
    const struct http_header *headers; /* further ones; ends with a NULL name; or NULL */
    const uint8_t *body;
    size_t len;
    bool owned;               /* `body` is malloc'd, and the server frees it; else a constant */
    struct web_stream stream; /* in place of `body`; `read` NULL: none */
    struct web_pending pending;
    char text[256];                  /* buffer for the value of a header */
    char location[WEB_LOCATION_LEN]; /* empty: header is not sent */
};

/* Called on any of the server's threads, several at a time. */
struct web_handler {
    /* Paths with this prefix are never an announce or a scrape, whatever their last segment. */
    const char *reserved_prefix;
    /* Bytes of body that the request may have. Called before the body is read, if there is one. */
    size_t (*body_max)(void *context, const struct web_request *request);
    void (*handle)(void *context, const struct web_request *request, struct web_response *response);
    void *context;
};

#endif
