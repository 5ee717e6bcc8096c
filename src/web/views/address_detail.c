#include "web/views/address_detail.h"

#include <stdlib.h>

#include "web/views/address_totals.h"

enum { FRESH_MS = 2000, ROOM_MIN = 16 };

static bool make_room(struct address_detail *detail) {
    if (detail->count < detail->room)
        return true;
    size_t room = detail->room == 0 ? ROOM_MIN : 2 * detail->room;
    if (room > ADDRESS_PEERS_MAX)
        room = ADDRESS_PEERS_MAX;
    struct peer_stats *grown = realloc(detail->peers, room * sizeof *grown);
    if (grown == NULL)
        return false;
    detail->peers = grown;
    detail->room = room;
    return true;
}

static void add(struct address_detail *detail, const struct peer_stats *peer) {
    detail->total++;
    if (detail->count == ADDRESS_PEERS_MAX || detail->failed)
        return;
    detail->failed = !make_room(detail);
    if (!detail->failed)
        detail->peers[detail->count++] = *peer;
}

static void gather(void *context, const struct peer_stats *peers, size_t count) {
    struct address_detail *detail = context;
    for (size_t i = 0; i < count; i++) {
        if (address_is_same(&peers[i].peer, &detail->address))
            add(detail, &peers[i]);
    }
}

static void clear(struct address_detail *detail) {
    free(detail->peers);
    *detail = (struct address_detail){ .count = 0 };
}

/* The one of that address, or else the one to be replaced, which is the oldest. */
static struct address_detail *place_for(struct address_details *details,
                                        const struct endpoint *address) {
    struct address_detail *oldest = &details->list[0];
    for (size_t i = 0; i < ADDRESS_DETAILS_MAX; i++) {
        struct address_detail *detail = &details->list[i];
        if (address_is_same(&detail->address, address))
            return detail;
        if (detail->taken_ms < oldest->taken_ms)
            oldest = detail;
    }
    return oldest;
}

const struct address_detail *address_details_find(struct address_details *details,
                                                  struct tracker *tracker,
                                                  const struct endpoint *address, uint64_t now_ms) {
    struct address_detail *detail = place_for(details, address);
    if (address_is_same(&detail->address, address) && now_ms < detail->taken_ms + FRESH_MS)
        return detail;
    clear(detail);
    detail->address = *address;
    detail->taken_ms = now_ms;
    if (swarm_snapshot_all_peers(tracker, now_ms, gather, detail) && !detail->failed)
        return detail;
    clear(detail);
    return NULL;
}

void address_details_clear(struct address_details *details) {
    for (size_t i = 0; i < ADDRESS_DETAILS_MAX; i++)
        clear(&details->list[i]);
}
