#include "web/views/address_detail.h"

#include <stdlib.h>

#include "base/array.h"

enum { MAX_AGE_MS = 2000 };

static void add_peer(struct address_detail *detail, const struct peer_stats *peer) {
    detail->total++;
    if (detail->count == ADDRESS_PEERS_MAX || detail->failed)
        return;
    struct peer_stats *peers =
        array_grow(detail->peers, &detail->capacity, detail->count + 1, sizeof *peers);
    detail->failed = peers == NULL;
    if (peers == NULL)
        return;
    detail->peers = peers;
    peers[detail->count++] = *peer;
}

static void read_peers(void *context, const struct peer_stats *peers, size_t count) {
    struct address_detail *detail = context;
    for (size_t i = 0; i < count; i++) {
        if (endpoint_same_address(&peers[i].peer, &detail->address))
            add_peer(detail, &peers[i]);
    }
}

static void clear_detail(struct address_detail *detail) {
    free(detail->peers);
    *detail = (struct address_detail){ .count = 0 };
}

/* The slot of that address, or else the oldest one. */
static struct address_detail *choose_slot(struct address_details *details,
                                          const struct endpoint *address) {
    struct address_detail *oldest = &details->list[0];
    for (size_t i = 0; i < ADDRESS_DETAILS_MAX; i++) {
        struct address_detail *detail = &details->list[i];
        if (endpoint_same_address(&detail->address, address))
            return detail;
        if (detail->filled_ms < oldest->filled_ms)
            oldest = detail;
    }
    return oldest;
}

const struct address_detail *address_details_find(struct address_details *details,
                                                  struct tracker *tracker,
                                                  const struct endpoint *address, uint64_t now_ms) {
    struct address_detail *detail = choose_slot(details, address);
    if (endpoint_same_address(&detail->address, address) && now_ms < detail->filled_ms + MAX_AGE_MS)
        return detail;
    clear_detail(detail);
    detail->address = *address;
    detail->filled_ms = now_ms;
    if (swarm_snapshot_all_peers(tracker, now_ms, read_peers, detail) && !detail->failed)
        return detail;
    clear_detail(detail);
    return NULL;
}

void address_details_clear(struct address_details *details) {
    for (size_t i = 0; i < ADDRESS_DETAILS_MAX; i++)
        clear_detail(&details->list[i]);
}
