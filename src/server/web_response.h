/* Sends the responses of the web handler. */
#ifndef SKEP_SERVER_WEB_RESPONSE_H
#define SKEP_SERVER_WEB_RESPONSE_H

#include <microhttpd.h>

#include "server/web_handler.h"

/* Queues the response, and takes over its body. MHD_NO if out of memory. */
enum MHD_Result web_response_queue(struct MHD_Connection *connection,
                                   const struct web_response *response);

#endif
