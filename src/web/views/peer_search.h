/* What the lists of addresses and of peers have in common. Any thread. */
#ifndef SKEP_WEB_VIEWS_PEER_SEARCH_H
#define SKEP_WEB_VIEWS_PEER_SEARCH_H

#include "probe/prober.h"
#include "swarm/registry.h"

/* Whether `search` is part of the address or of the name of its machine. Ignores the case of ASCII
 * letters. `registry` may be NULL. */
bool peer_search_address(struct registry *registry, const struct endpoint *address,
                         const char *search);

/* Whether `search` is part of the name of the client program. */
bool peer_search_client(const uint8_t peer_id[static PEER_ID_LEN], const char *search);

static inline bool reach_is_firewalled(enum reach reach) {
    return reach == REACH_REFUSED || reach == REACH_SILENT;
}

/* REACH_UNKNOWN without a prober. */
static inline enum reach peer_reach(struct prober *prober, const struct endpoint *peer) {
    return prober == NULL ? REACH_UNKNOWN : prober_state(prober, peer).reach;
}

#endif
