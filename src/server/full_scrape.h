/* Response to a scrape without info_hash (BEP 48): all torrents, streamed in pieces, since it may
 * be hundreds of megabytes long. */
#ifndef SKEP_SERVER_FULL_SCRAPE_H
#define SKEP_SERVER_FULL_SCRAPE_H

#include <microhttpd.h>

#include "swarm/tracker.h"

/* A response that reads the tracker while it is sent. NULL if out of memory. */
struct MHD_Response *full_scrape_response(struct tracker *tracker);

#endif
