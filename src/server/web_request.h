/* Reads web requests from libmicrohttpd. */
#ifndef SKEP_SERVER_WEB_REQUEST_H
#define SKEP_SERVER_WEB_REQUEST_H

#include <microhttpd.h>

#include "server/http_request.h"
#include "server/web_handler.h"

/* The request without its body; borrows everything. */
struct web_request web_request_of(struct MHD_Connection *connection, const char *method,
                                  const struct http_request *request);

/* Length of the body as the headers announce it; 0 if there is none, HTTP_BODY_LEN_UNKNOWN if it is
 * chunked or Content-Length is invalid. */
uint64_t web_request_body_len(struct MHD_Connection *connection);

/* Whether the client waits for a 100 Continue before it sends the body. */
bool web_request_expects_continue(struct MHD_Connection *connection);

#endif
