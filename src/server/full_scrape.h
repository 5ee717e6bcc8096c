/* Body of the response to a scrape without info_hash (BEP 48): all torrents, made in pieces, since
 * it may be hundreds of megabytes long. */
#ifndef SKEP_SERVER_FULL_SCRAPE_H
#define SKEP_SERVER_FULL_SCRAPE_H

#include "swarm/tracker.h"

struct full_scrape;

/* NULL if out of memory. `tracker` must outlive it. */
struct full_scrape *full_scrape_create(struct tracker *tracker);
void full_scrape_delete(struct full_scrape *scrape);

/* Writes the next up to `max` bytes of the body. Returns their number; 0: the end. */
size_t full_scrape_read(struct full_scrape *scrape, uint8_t *buffer, size_t max);

#endif
