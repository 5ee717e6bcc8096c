#include "web/views/address_detail.h"

#include <stdlib.h>

#include "web/views/address_totals.h"

enum { FRESH_MS = 2000, ROOM_MIN = 16 };

static bool make_room(struct address_detail *look) {
    if (look->count < look->room)
        return true;
    size_t room = look->room == 0 ? ROOM_MIN : 2 * look->room;
    if (room > ADDRESS_PEERS_MAX)
        room = ADDRESS_PEERS_MAX;
    struct peer_stats *grown = realloc(look->peers, room * sizeof *grown);
    if (grown == NULL)
        return false;
    look->peers = grown;
    look->room = room;
    return true;
}

static void add(struct address_detail *look, const struct peer_stats *peer) {
    look->total++;
    if (look->count == ADDRESS_PEERS_MAX || look->failed)
        return;
    look->failed = !make_room(look);
    if (!look->failed)
        look->peers[look->count++] = *peer;
}

static void gather(void *context, const struct peer_stats *peers, size_t count) {
    struct address_detail *look = context;
    for (size_t i = 0; i < count; i++) {
        if (address_is_same(&peers[i].peer, &look->address))
            add(look, &peers[i]);
    }
}

static void clear(struct address_detail *look) {
    free(look->peers);
    *look = (struct address_detail){ .count = 0 };
}

/* The one of that address, or else the one to be replaced, which is the oldest. */
static struct address_detail *place_for(struct address_details *looks,
                                        const struct endpoint *address) {
    struct address_detail *oldest = &looks->list[0];
    for (size_t i = 0; i < ADDRESS_DETAILS_MAX; i++) {
        struct address_detail *look = &looks->list[i];
        if (address_is_same(&look->address, address))
            return look;
        if (look->taken_ms < oldest->taken_ms)
            oldest = look;
    }
    return oldest;
}

const struct address_detail *address_details_find(struct address_details *looks,
                                                  struct tracker *tracker,
                                                  const struct endpoint *address, uint64_t now_ms) {
    struct address_detail *look = place_for(looks, address);
    if (address_is_same(&look->address, address) && now_ms < look->taken_ms + FRESH_MS)
        return look;
    clear(look);
    look->address = *address;
    look->taken_ms = now_ms;
    if (swarm_snapshot_all_peers(tracker, now_ms, gather, look) && !look->failed)
        return look;
    clear(look);
    return NULL;
}

void address_details_clear(struct address_details *looks) {
    for (size_t i = 0; i < ADDRESS_DETAILS_MAX; i++)
        clear(&looks->list[i]);
}
