/* Body of the response to a scrape without info_hash (BEP 48): all torrents, made in pieces, since
 * it may be hundreds of megabytes long. All bodies share one sorted list of the info_hashes, 20
 * bytes per torrent; a second list is made if the first is old and still being read. */
#ifndef SKEP_SERVER_FULL_SCRAPE_H
#define SKEP_SERVER_FULL_SCRAPE_H

#include <pthread.h>

#include "swarm/tracker.h"

enum {
    FULL_SCRAPES_MAX = 16,        /* at the same time */
    FULL_SCRAPE_FRESH_MS = 10000, /* a younger list is shared */
};

struct hash_list_copy;

/* The full scrapes of one tracker, which must outlive them. */
struct full_scrapes {
    struct tracker *tracker;
    pthread_mutex_t lock; /* guards what follows; not held while a list is made */
    struct hash_list_copy *newest;
    unsigned lists;
    unsigned readers;
    bool making;
};

struct full_scrape;

enum full_scrape_result { FULL_SCRAPE_OK, FULL_SCRAPE_BUSY, FULL_SCRAPE_NO_MEMORY };

void full_scrapes_init(struct full_scrapes *scrapes, struct tracker *tracker);

/* Begins one, which the caller deletes. FULL_SCRAPE_BUSY if FULL_SCRAPES_MAX are being read, the
 * first list is being made, or a list does not fit into limits.memory_max_mib. Any thread. */
enum full_scrape_result full_scrape_begin(struct full_scrapes *scrapes, uint64_t now_ms,
                                          struct full_scrape **scrape);
void full_scrape_delete(struct full_scrape *scrape);

/* Writes the next up to `max` bytes of the body. Returns their number; 0: the end. */
size_t full_scrape_read(struct full_scrape *scrape, uint8_t *buffer, size_t max);

#endif
