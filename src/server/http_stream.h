/* Responses whose body is made in pieces while it is sent. A connection that has nothing to send is
 * suspended, and holds no thread. */
#ifndef SKEP_SERVER_HTTP_STREAM_H
#define SKEP_SERVER_HTTP_STREAM_H

#include "server/http_wait.h"
#include "server/request_timeouts.h"

/* Makes a response with the body `source`, which is closed with the response, or here on failure.
 * `source->subject` is NULL for the response to a HEAD. `waits` and `timeout`, which is that of the
 * connection, must outlive the response. NULL if out of memory. */
struct MHD_Response *http_stream_create(struct http_waits *waits, struct MHD_Connection *connection,
                                        struct request_timeout *timeout,
                                        const struct web_stream *source);

#endif
