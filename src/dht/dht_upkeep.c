#include "dht/dht_upkeep.h"

#include "dht/dht_search.h"

enum {
    PINGS_PER_S = 10, /* of both families */
    BOOTSTRAP_PAUSE_MS = 5000,
    BOOTSTRAP_PAUSE_MAX_MS = 300000,
    OWN_LOOKUP_MS = 900000,
    VOTES_NEEDED = 5,
    VOTES_MAX = 10,
};

static struct search *upkeep_search(struct dht_node *node, uint8_t family) {
    return &node->searches[TORRENT_SEARCHES + (family == FAMILY_V6)];
}

static void ping_told(struct dht_node *node, struct dht_side *side, uint64_t now_ms) {
    while (node->pings_left > 0 && side->told_count > 0)
        dht_ping(node, &side->told[--side->told_count], now_ms);
}

static void ping_questionable(struct dht_node *node, struct dht_side *side, uint64_t now_ms) {
    const struct table_node *next = NULL;
    while (node->pings_left > 0 &&
           (next = routing_table_to_ping(&side->table, dht_seconds(now_ms))) != NULL) {
        const struct endpoint to = next->contact.endpoint;
        dht_ping(node, &to, now_ms);
    }
}

/* Our own id, at first and seldom afterwards; often, but less and less so, while there are few
 * nodes. False if it is not due. */
static bool own_id_is_due(struct dht_side *side, uint64_t now_ms) {
    const bool few = routing_table_good(&side->table, dht_seconds(now_ms)) < BUCKET_LEN;
    if (!few)
        side->bootstrap_pause_ms = BOOTSTRAP_PAUSE_MS;
    if (now_ms < side->own_lookup_ms && !(few && now_ms >= side->bootstrap_ms))
        return false;
    side->own_lookup_ms = now_ms + OWN_LOOKUP_MS;
    side->bootstrap_ms = now_ms + side->bootstrap_pause_ms;
    if (few && side->bootstrap_pause_ms < BOOTSTRAP_PAUSE_MAX_MS)
        side->bootstrap_pause_ms *= 2;
    return true;
}

static void fill_table(struct dht_node *node, struct dht_side *side, uint64_t now_ms) {
    uint8_t target[NODE_ID_LEN];
    struct search *search = upkeep_search(node, side->table.family);
    if (search->lookup.number != 0)
        return;
    dht_draw_id(node, &(struct endpoint){ .family = FAMILY_NONE }, target);
    if (own_id_is_due(side, now_ms))
        memcpy(target, side->table.id, NODE_ID_LEN);
    else if (!routing_table_to_refresh(&side->table, target, dht_seconds(now_ms)))
        return;
    dht_search_start(node, search, side->table.family, target, now_ms);
}

static void keep_up_side(struct dht_node *node, struct dht_side *side, uint64_t now_ms) {
    if (!side->enabled)
        return;
    ping_questionable(node, side, now_ms);
    ping_told(node, side, now_ms);
    fill_table(node, side, now_ms);
}

void dht_upkeep(struct dht_node *node, uint64_t now_ms) {
    node->pings_left = PINGS_PER_S;
    peer_store_expire(node->peers, dht_seconds(now_ms));
    keep_up_side(node, &node->v4, now_ms);
    keep_up_side(node, &node->v6, now_ms);
}

void dht_upkeep_bootstrap(struct dht_node *node) {
    node->upkeep_ms = 0;
    node->v4.bootstrap_ms = node->v6.bootstrap_ms = 0;
    node->v4.bootstrap_pause_ms = node->v6.bootstrap_pause_ms = BOOTSTRAP_PAUSE_MS;
}

static void adopt_address(struct dht_node *node, struct dht_side *side) {
    uint8_t id[NODE_ID_LEN];
    side->external = side->vote;
    if (node_id_valid(side->table.id, &side->external))
        return;
    dht_draw_id(node, &side->external, id);
    routing_table_set_id(&side->table, id);
    side->own_lookup_ms = 0;
}

/* Votes for one address make up for those for others; a node in a row has one vote. */
static void count_vote(struct dht_side *side, const struct endpoint *address) {
    if (endpoint_same_address(&side->vote, address)) {
        side->votes += side->votes < VOTES_MAX;
        return;
    }
    if (side->votes > 0)
        side->votes--;
    else
        side->vote = *address;
}

void dht_upkeep_vote(struct dht_node *node, struct bytes ip, const struct endpoint *from) {
    struct dht_side *side = dht_side_of(node, from->family);
    if (side->external_is_set || ip.len != endpoint_len(from->family) ||
        endpoint_same_address(&side->voter, from))
        return;
    struct endpoint address = endpoint_from_wire(from->family, ip.data);
    endpoint_set_port(&address, 1);
    if (!node_id_reachable(&address, from))
        return;
    endpoint_set_port(&address, 0);
    side->voter = *from;
    count_vote(side, &address);
    if (side->votes >= VOTES_NEEDED && !endpoint_same_address(&side->vote, &side->external))
        adopt_address(node, side);
}
