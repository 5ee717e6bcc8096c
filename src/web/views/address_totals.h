/* All peers summed up by their addresses: the inside of web/views/address_list.h. Not for other
 * modules. One thread at a time. */
#ifndef SKEP_WEB_VIEWS_ADDRESS_TOTALS_H
#define SKEP_WEB_VIEWS_ADDRESS_TOTALS_H

#include "base/keyed_hash.h"
#include "web/views/address_list.h"

/* Starts out as zeros, but for the key. */
struct address_totals {
    struct hash_key key;
    struct address_row *rows;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* place + 1, found by address; 0 where there is none */
    size_t slot_mask;
};

/* Whether both have the same address, whatever their ports. */
bool address_is_same(const struct endpoint *a, const struct endpoint *b);

/* The peers of one torrent are to come one behind the other. False without memory. A peer at one
 * address more than ADDRESS_LIST_MAX does not count. */
bool address_totals_add(struct address_totals *totals, const struct peer_stats *peer);

/* Forgets all rows, and frees them. */
void address_totals_clear(struct address_totals *totals);

#endif
