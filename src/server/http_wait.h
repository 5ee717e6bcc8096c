/* Requests whose response is not ready: the connection is suspended until then, and holds no
 * thread. */
#ifndef SKEP_SERVER_HTTP_WAIT_H
#define SKEP_SERVER_HTTP_WAIT_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "server/web_handler.h"

/* Shared by all connections. */
struct http_waits {
    _Atomic uint32_t suspended;
    _Atomic uint32_t streams; /* responses that wait again and again, until they are ended */
    _Atomic bool stopping;    /* responses are sent without waiting */
};

/* To be called around the suspension of a connection, which is not to begin if http_waits_enter
 * returns false: the server is being stopped. */
bool http_waits_enter(struct http_waits *waits);
void http_waits_leave(struct http_waits *waits);

struct http_wait;

/* Suspends the connection until the response, which has a pending subject, is ready; then
 * libmicrohttpd calls the request's handler again. NULL if the response can be sent now. */
struct http_wait *http_wait_begin(struct http_waits *waits, struct MHD_Connection *connection,
                                  struct web_response *response);

/* Completes the response, and frees the wait. */
void http_wait_end(struct http_wait *wait, struct web_response *response);

/* Frees the wait of a connection that was closed. NULL is fine. */
void http_wait_cancel(struct http_wait *wait);

/* Lets no further connection be suspended, and waits until those that are have been resumed, and a
 * moment for the last bytes of streams: before libmicrohttpd is stopped. */
void http_waits_stop(struct http_waits *waits);

#endif
