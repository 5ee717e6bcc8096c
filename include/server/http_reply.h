/* The replies to HTTP requests: the route table and what stands behind each route. */
#ifndef SKEP_SERVER_HTTP_REPLY_H
#define SKEP_SERVER_HTTP_REPLY_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "server/http_page.h"
#include "server/http_request.h"
#include "server/proxies.h"
#include "swarm/tracker.h"

/* What the routes need; shared by the server's threads. */
struct http_context {
    struct tracker *tracker;
    _Atomic uint32_t scrape_max;
    _Atomic bool full_scrape;
    struct proxies proxies;
    _Atomic uint64_t connections_refused; /* of addresses that had their share */
    _Atomic uint64_t requests_cut;        /* that took too long */
    struct networks admins;               /* who sees more than announce and scrape */
    struct http_page metrics;             /* Prometheus' figures */
};

/* Answers a request that was read whole. MHD_NO closes the connection. */
enum MHD_Result http_reply(struct http_context *context, struct MHD_Connection *connection,
                           const char *method, const struct http_request *request);

#endif
