#include "swarm/peer_view.h"

#include <string.h>

#include "swarm/peer_pick.h"

/* From outside, the peers of a LAN zone this small are looked at one by one. */
enum { LAN_ZONE_SMALL = 32 };

/* Public address of our LAN; NULL: unknown. */
static const struct endpoint *external_address(const struct peer_view *view, uint8_t family) {
    const struct endpoint *external = family == FAMILY_V6 ? view->external_v6 : view->external_v4;
    return external->family == FAMILY_NONE ? NULL : external;
}

/* The address by which the client knows this machine: where it reached the tracker. NULL: unknown,
 * or of no use to it. */
static const struct endpoint *address_here(const struct peer_view *view, uint8_t family) {
    const struct endpoint *reached = &view->request->reached;
    if (reached->family == family && !endpoint_is_loopback(reached) &&
        (view->on_lan || !networks_contain(view->lan, reached)))
        return reached;
    return view->on_lan ? NULL : external_address(view, family);
}

/* What is not given as it is. */
struct changes {
    bool keeps_loopback;         /* for a client on this machine */
    const struct endpoint *here; /* in place of loopback; NULL: these peers are hidden */
    const struct networks *lan;  /* hidden, too; NULL: none */
};

static bool is_hidden(const struct changes *changes, const struct endpoint *peer) {
    if (peer_is_unreachable(peer->family, peer->wire))
        return true;
    if (endpoint_is_loopback(peer))
        return !changes->keeps_loopback && changes->here == NULL;
    return changes->lan != NULL && networks_contain(changes->lan, peer);
}

/* Keeps the peers that are not hidden. Returns their number. */
static uint32_t apply_changes(const struct changes *changes, uint8_t family, uint32_t count,
                              uint8_t *peers, uint8_t *peer_ids) {
    const size_t len = endpoint_len(family);
    uint32_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct endpoint peer = endpoint_from_wire(family, peers + i * len);
        if (is_hidden(changes, &peer))
            continue;
        memcpy(peers + kept * len, peer.wire, len);
        if (!changes->keeps_loopback && changes->here != NULL && endpoint_is_loopback(&peer))
            memcpy(peers + kept * len, changes->here->wire, len - 2);
        if (peer_ids != NULL)
            memmove(peer_ids + (size_t)kept * PEER_ID_LEN, peer_ids + i * PEER_ID_LEN, PEER_ID_LEN);
        kept++;
    }
    return kept;
}

/* Moves `want` of `count` items, in a circle from `start` on, to the front; their order changes. */
static void keep_window(uint8_t *items, size_t len, uint32_t count, uint32_t start, uint32_t want) {
    const uint32_t tail = count - start < want ? count - start : want;
    memmove(items + (want - tail) * len, items + start * len, tail * len);
}

/* Some more, to replace the `special` peers that may be hidden. */
static uint32_t add_spare(uint32_t want, uint32_t special, uint32_t room) {
    if (want == 0)
        return 0;
    return special < room - want ? want + special : room;
}

uint32_t peer_view_pick(const struct peer_view *view, const struct peer_list *list,
                        struct random *random, uint32_t self, uint32_t want, uint32_t room,
                        uint8_t *peers, uint8_t *peer_ids) {
    const struct announce_request *request = view->request;
    const struct endpoint *external = view->on_lan ? NULL : external_address(view, list->family);
    const bool hides_lan = !view->on_lan && external == NULL;
    const bool is_here = endpoint_is_loopback(&request->peer);
    const uint32_t lan_peers =
        list->zone_end[ZONE_LEECHER_LAN] - list->zone_end[ZONE_SEEDER_OUTSIDE];
    /* Peers that this client is not given as they are. */
    const uint32_t special = list->unreachable + (is_here ? 0 : list->loopback);
    /* The peers on this machine may be in the LAN zones. */
    const bool mixed = special > 0 && !is_here && hides_lan && lan_peers <= LAN_ZONE_SMALL &&
                       address_here(view, list->family) != NULL;
    const struct peer_filter filter = {
        .self = self,
        .leechers_only = request->left == 0 || request->event == EVENT_PAUSED,
        .outside_only = hides_lan && !mixed,
    };
    const uint32_t count = peer_pick(list, random, &filter, add_spare(want, special, room),
                                     external == NULL ? NULL : external->wire, peers, peer_ids);
    if (special == 0)
        return count;
    const struct changes changes = {
        .keeps_loopback = is_here,
        .here = address_here(view, list->family),
        .lan = mixed ? view->lan : NULL,
    };
    const uint32_t kept = apply_changes(&changes, list->family, count, peers, peer_ids);
    if (kept <= want)
        return kept;
    /* If there were few, all were picked, in the order of the list. */
    const uint32_t start = random_below(random, kept);
    keep_window(peers, endpoint_len(list->family), kept, start, want);
    if (peer_ids != NULL)
        keep_window(peer_ids, PEER_ID_LEN, kept, start, want);
    return want;
}
