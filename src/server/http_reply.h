/* The replies to HTTP requests: announce and scrape here, the rest by the web handler. */
#ifndef SKEP_SERVER_HTTP_REPLY_H
#define SKEP_SERVER_HTTP_REPLY_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "server/http_counters.h"
#include "server/http_request.h"
#include "server/proxies.h"
#include "server/web_handler.h"
#include "swarm/tracker.h"

/* What the replies need; shared by the server's threads. */
struct http_context {
    struct tracker *tracker;
    _Atomic uint32_t scrape_max;
    _Atomic bool full_scrape;
    struct proxies proxies;
    struct web_handler web;
    struct http_body_budget bodies;
    struct http_counters *counters;
};

/* Decides, before the first byte of it, what becomes of the request's body. False where it is not
 * to be read: the answer is due at once, and the connection ends with it. */
bool http_reply_wants_body(struct http_context *context, struct MHD_Connection *connection,
                           const char *method, struct http_request *request);

/* Answers a request, whose body was read or refused, and counts it. MHD_NO closes the connection.
 */
enum MHD_Result http_reply(struct http_context *context, struct MHD_Connection *connection,
                           const char *method, const struct http_request *request);

#endif
