/* A thread that makes the responses which may take milliseconds, so that no announce waits for them
 * on its thread of the HTTP server. Requests are handled one at a time, in the order of arrival.
 * Private to web_router. */
#ifndef SKEP_WEB_WEB_WORKER_H
#define SKEP_WEB_WEB_WORKER_H

#include "web/http/authorization.h"

struct web_router;
struct web_worker;

/* Fills `response`, which may be pending itself. */
typedef void (*web_serve)(struct web_router *router, const struct authorization *auth,
                          const struct web_request *request, struct web_response *response);

/* Starts the thread. NULL if out of memory, or without a thread. */
struct web_worker *web_worker_start(void);
void web_worker_stop(struct web_worker *worker); /* no response may be pending; NULL is fine */

/* Makes `response` pending until the thread has called `serve` for it. The rest of what `request`
 * points to is borrowed until then. Calls `serve` itself if out of memory. Any thread. */
void web_worker_serve(struct web_worker *worker, web_serve serve, struct web_router *router,
                      const struct authorization *auth, const struct web_request *request,
                      struct web_response *response);

#endif
