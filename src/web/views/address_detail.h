/* The peers of single IP addresses, with a cache of the latest few addresses. Private to
 * address_list. Not thread-safe.
 *
 * Finding the peers of an address reads every peer of the tracker, so a result is used for two
 * seconds. */
#ifndef SKEP_WEB_VIEWS_ADDRESS_DETAIL_H
#define SKEP_WEB_VIEWS_ADDRESS_DETAIL_H

#include "swarm/swarm_snapshot.h"

enum { ADDRESS_PEERS_MAX = 500, ADDRESS_DETAILS_MAX = 8 };

struct address_detail {
    struct endpoint address; /* FAMILY_NONE: empty slot */
    uint64_t filled_ms;
    struct peer_stats *peers; /* at most ADDRESS_PEERS_MAX */
    size_t count;
    size_t capacity;
    size_t total; /* including those past ADDRESS_PEERS_MAX */
    bool failed;  /* out of memory */
};

/* All zeros is valid and empty. */
struct address_details {
    struct address_detail list[ADDRESS_DETAILS_MAX];
};

/* The peers of an address, from the cache if they are recent. Borrowed until the next call of any
 * function here. NULL if out of memory. */
const struct address_detail *address_details_find(struct address_details *details,
                                                  struct tracker *tracker,
                                                  const struct endpoint *address, uint64_t now_ms);

/* Empties the cache and frees its memory. */
void address_details_clear(struct address_details *details);

#endif
