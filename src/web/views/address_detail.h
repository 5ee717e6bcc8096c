/* The peers of one address, and the last few of such looks: the inside of web/views/address_list.h.
 * Not for other modules. One thread at a time.
 *
 * A look goes through every peer that the tracker has; so what it found counts for two seconds. */
#ifndef SKEP_WEB_VIEWS_ADDRESS_DETAIL_H
#define SKEP_WEB_VIEWS_ADDRESS_DETAIL_H

#include "web/views/address_list.h"

enum { ADDRESS_DETAILS_MAX = 8 };

struct address_detail {
    struct endpoint address; /* FAMILY_NONE: there was none yet */
    uint64_t taken_ms;
    struct peer_stats *peers; /* ADDRESS_PEERS_MAX at most */
    size_t count;
    size_t room;
    size_t total; /* with those that did not fit */
    bool failed;  /* for want of memory */
};

/* Starts out as zeros. */
struct address_details {
    struct address_detail list[ADDRESS_DETAILS_MAX];
};

/* The look at that address, a new one where there was none of late. NULL without memory. */
const struct address_detail *address_details_find(struct address_details *details,
                                                  struct tracker *tracker,
                                                  const struct endpoint *address, uint64_t now_ms);

/* Forgets all looks, and frees them. */
void address_details_clear(struct address_details *details);

#endif
