/* The site's answers on their way out. */
#ifndef SKEP_SERVER_WEB_RESPONSE_H
#define SKEP_SERVER_WEB_RESPONSE_H

#include <microhttpd.h>

#include "server/web_handler.h"

/* Queues the answer, with the headers that bind browsers, and takes its body over. `secure`: it
 * goes out by HTTPS. MHD_NO without memory. */
enum MHD_Result web_response_queue(struct MHD_Connection *connection,
                                   const struct web_response *response, bool secure);

#endif
