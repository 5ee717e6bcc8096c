/* What skepd serves to people: the page at "/", its files below "/assets/", Prometheus' figures at
 * "/metrics" and the API below "/api/v1/". Decides who is asking and what of it they may have. */
#ifndef SKEP_WEB_WEB_ROUTER_H
#define SKEP_WEB_WEB_ROUTER_H

#include "server/web_handler.h"
#include "web/api/api.h"
#include "web/http/authorization.h"

enum { ADMIN_TOKEN_LEN = 1024, ADMIN_TOKEN_LEN_MIN = 16, WEB_ROUTER_METRICS_MAX = 256 * 1024 };

struct web_options {
    struct networks admins;            /* who may see and do everything */
    char admin_token[ADMIN_TOKEN_LEN]; /* who knows it, too; empty: there is none */
    struct hostnames hostnames;        /* by which admins reach us, besides the machine's own */
    bool public_stats;
    uint32_t upload_max; /* bytes of an admin's request */
};

/* What stands behind the routes. All of it must outlive the site. */
struct web_router_parts {
    struct api *api;
    void (*write_metrics)(void *context, struct writer *w); /* any thread */
    void *metrics_context;
};

struct web_router;

/* Copies `options` and `parts`. NULL without memory. */
struct web_router *web_router_create(const struct web_options *options,
                                     const struct web_router_parts *parts);
void web_router_delete(struct web_router *router); /* NULL is fine */

/* Takes new options over. Any thread. */
void web_router_apply(struct web_router *router, const struct web_options *options);

/* The site as the HTTP server wants it; `site` must outlive the server. */
struct web_handler web_router_handler(struct web_router *router);

#endif
