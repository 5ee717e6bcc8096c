/* From libmicrohttpd's request to the site's call. */
#ifndef SKEP_SERVER_WEB_REQUEST_H
#define SKEP_SERVER_WEB_REQUEST_H

#include <microhttpd.h>

#include "server/http_request.h"
#include "server/web_handler.h"

/* What a request without its body is for the site; borrows everything. */
struct web_request web_request_of(struct MHD_Connection *connection, const char *method,
                                  const struct http_request *request);

/* The length of the body that the headers announce: 0 where there is none, HTTP_BODY_LEN_UNKNOWN
 * where they do not tell. */
uint64_t web_request_body_len(struct MHD_Connection *connection);

/* Whether the client waits for our word before it sends the body. */
bool web_request_waits(struct MHD_Connection *connection);

#endif
