/* Routes every HTTP request except announce and scrape: the page at /, its files under /assets/,
 * the API under /api/v1/, /metrics, /health and /readyz. Authorizes the request and adds the
 * security headers. The routes of the API are in web/api, one table per resource; those of announce
 * and scrape are in wire/http_wire.h.
 */
#ifndef SKEP_WEB_WEB_ROUTER_H
#define SKEP_WEB_WEB_ROUTER_H

#include "cluster/cluster.h"
#include "metrics/metrics_page.h"
#include "server/web_handler.h"
#include "web/api/api.h"
#include "web/http/authorization.h"

enum { ADMIN_TOKEN_LEN = 1024, ADMIN_TOKEN_LEN_MIN = 16 };

struct web_options {
    struct networks admins;            /* addresses of admins */
    char admin_token[ADMIN_TOKEN_LEN]; /* empty: no token */
    struct hostnames hostnames;        /* names of the tracker, besides the machine's own */
    bool public_stats;                 /* whether anyone may see the totals */
    uint32_t upload_max;               /* bytes of the body of an admin's request */
    uint32_t event_streams_max;        /* open at the same time */
};

struct web_router;

/* What the router uses. Borrowed. */
struct web_sources {
    struct tracker *tracker; /* its request limit holds for all but admins */
    struct api *api;
    struct metrics_page *metrics;
    struct http_counters *counters;
    struct cluster *cluster; /* NULL: none */
};

/* Copies both, and starts a thread that makes slow responses. NULL if out of memory, or without a
 * thread. */
struct web_router *web_router_create(const struct web_options *options,
                                     const struct web_sources *sources);
void web_router_delete(struct web_router *router); /* after the HTTP server stopped; NULL is fine */

/* Applies new options, and ends the streams of events, which were authorized by the old ones. Any
 * thread. */
void web_router_apply(struct web_router *router, const struct web_options *options);

/* From now on /readyz answers 503 (as it does until the node has joined its cluster), so that a
 * load balancer sends its requests elsewhere. All others are served as before. Any thread. */
void web_router_set_stopping(struct web_router *router);

/* The handler to start the HTTP server with. Borrows `router`. */
struct web_handler web_router_handler(struct web_router *router);

#endif
