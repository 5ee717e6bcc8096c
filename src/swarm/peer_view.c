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

/* Replaces the loopback addresses by `here`, or hides these peers if it is NULL, and hides those in
 * `hidden` unless that is NULL. Returns the number of peers that remain. */
static uint32_t apply_view(uint8_t family, const struct endpoint *here,
                           const struct networks *hidden, uint32_t count, uint8_t *peers,
                           uint8_t *peer_ids) {
    const size_t len = endpoint_len(family);
    uint32_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct endpoint peer = endpoint_from_wire(family, peers + i * len);
        const bool loopback = endpoint_is_loopback(&peer);
        if (loopback ? here == NULL : hidden != NULL && networks_contain(hidden, &peer))
            continue;
        memcpy(peers + kept * len, peer.wire, len);
        if (loopback)
            memcpy(peers + kept * len, here->wire, len - 2);
        if (peer_ids != NULL)
            memmove(peer_ids + (size_t)kept * PEER_ID_LEN, peer_ids + i * PEER_ID_LEN, PEER_ID_LEN);
        kept++;
    }
    return kept;
}

uint32_t peer_view_pick(const struct peer_view *view, const struct peer_list *list,
                        struct random *random, uint32_t self, uint32_t want, uint8_t *peers,
                        uint8_t *peer_ids) {
    const struct announce_request *request = view->request;
    const struct endpoint *external = view->on_lan ? NULL : external_address(view, list->family);
    const bool hides_lan = !view->on_lan && external == NULL;
    const bool as_it_is = list->loopback == 0 || endpoint_is_loopback(&request->peer);
    const uint32_t lan_peers =
        list->zone_end[ZONE_LEECHER_LAN] - list->zone_end[ZONE_SEEDER_OUTSIDE];
    /* The peers on this machine may be in the LAN zones. */
    const bool mixed = !as_it_is && hides_lan && lan_peers <= LAN_ZONE_SMALL &&
                       address_here(view, list->family) != NULL;
    const struct peer_filter filter = {
        .self = self,
        .leechers_only = request->left == 0 || request->event == EVENT_PAUSED,
        .outside_only = hides_lan && !mixed,
    };
    const uint32_t count = peer_pick(list, random, &filter, want,
                                     external == NULL ? NULL : external->wire, peers, peer_ids);
    if (as_it_is)
        return count;
    return apply_view(list->family, address_here(view, list->family), hides_lan ? view->lan : NULL,
                      count, peers, peer_ids);
}
