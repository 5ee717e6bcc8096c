/* The scrape of everything (BEP 48, without info_hash), streamed piece by piece: it may be many
 * times larger than any buffer. */
#ifndef SKEP_SERVER_FULL_SCRAPE_H
#define SKEP_SERVER_FULL_SCRAPE_H

#include <microhttpd.h>

#include "swarm/tracker.h"

/* A response that reads the tracker as it is sent. NULL without memory. */
struct MHD_Response *full_scrape_response(struct tracker *tracker);

#endif
