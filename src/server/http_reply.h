/* Responses to HTTP requests: announce and scrape here, all others by the web handler. */
#ifndef SKEP_SERVER_HTTP_REPLY_H
#define SKEP_SERVER_HTTP_REPLY_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/http_counters.h"
#include "server/http_request.h"
#include "server/web_handler.h"
#include "swarm/tracker.h"

/* Shared by the threads of the server. */
struct http_context { /* the atomics may be set at any time */
    struct tracker *tracker;
    struct web_handler web;
    struct http_counters *counters;
    _Atomic uint32_t scrape_max;
    _Atomic bool full_scrape;
    struct http_body_budget bodies;
    _Atomic bool has_trusted; /* false: `trusted` is empty, and the lock is not taken */
    pthread_mutex_t lock;     /* guards `trusted` */
    struct networks trusted;  /* proxies */
};

void http_reply_init(struct http_context *context, struct tracker *tracker,
                     const struct web_handler *web, struct http_counters *counters);

/* Replaces the trusted proxies. Any thread. */
void http_reply_trust(struct http_context *context, const struct networks *trusted);

/* Reads the headers and decides what to do with the body, before its first byte. False if it is not
 * to be read: the response is due at once, and closes the connection. */
bool http_reply_begin(struct http_context *context, struct MHD_Connection *connection,
                      const char *method, bool http10, struct http_request *request);

/* Answers and counts a request whose body was read or rejected. MHD_NO closes the connection. */
enum MHD_Result http_reply(struct http_context *context, struct MHD_Connection *connection,
                           const char *method, const struct http_request *request);

#endif
