#include "dht/dht_node.h"

#include <stdlib.h>

#include "dht/dht_answer.h"
#include "dht/dht_search.h"
#include "dht/dht_state.h"
#include "dht/dht_upkeep.h"

_Static_assert((int)DHT_DATAGRAM_MAX == (int)KRPC_MESSAGE_MAX, "no longer message is written");
_Static_assert((int)DHT_QUERY_KINDS == (int)KRPC_METHODS + 1, "each method is counted");
_Static_assert((int)DHT_NODES_MAX == 4 * TABLE_BUCKETS * BUCKET_LEN, "all nodes can be listed");
_Static_assert((int)DHT_VALUES_LEN >= KRPC_VALUES_LEN / 21 * 18,
               "largest compact form of the values");

static bool is_zero(const uint8_t *id) {
    static const uint8_t zero[NODE_ID_LEN];
    return memcmp(id, zero, NODE_ID_LEN) == 0;
}

static void set_up_side(struct dht_node *node, struct dht_side *side, uint8_t family, bool enabled,
                        const struct endpoint *external, const uint8_t *saved_id) {
    uint8_t id[NODE_ID_LEN];
    side->enabled = enabled;
    side->external = *external;
    side->external_is_set = external->family != FAMILY_NONE;
    memcpy(id, saved_id, NODE_ID_LEN);
    if (is_zero(id) || (side->external_is_set && !node_id_valid(id, external)))
        dht_draw_id(node, external, id);
    routing_table_init(&side->table, family, id);
}

/* A key of its own for each purpose. */
static struct hash_key derive_key(const struct hash_key *secret, uint8_t purpose) {
    const uint8_t first[] = { purpose, 1 };
    const uint8_t second[] = { purpose, 2 };
    return (struct hash_key){ .half = { keyed_signature(secret, first, sizeof first),
                                        keyed_signature(secret, second, sizeof second) } };
}

static bool set_up_parts(struct dht_node *node) {
    const struct dht_options *options = &node->options;
    const struct hash_key peers_key = derive_key(&options->secret, 'p');
    const struct hash_key limit_key = derive_key(&options->secret, 'l');
    node->token_key = derive_key(&options->secret, 't');
    node->draw_key = derive_key(&options->secret, 'd');
    node->queries.key = derive_key(&options->secret, 'q');
    node->peers = peer_store_create(&options->limits, &peers_key);
    node->reply_limit = reply_limit_create(options->limits.replies_per_s,
                                           options->limits.replies_per_address_per_s, &limit_key);
    return node->peers != NULL && node->reply_limit != NULL;
}

struct dht_node *dht_node_create(const struct dht_options *options, uint64_t now_ms) {
    struct dht_node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->options = *options;
    if (!set_up_parts(node)) {
        dht_node_delete(node);
        return NULL;
    }
    set_up_side(node, &node->v4, FAMILY_V4, options->ipv4, &options->external_ipv4,
                options->saved_id_ipv4);
    set_up_side(node, &node->v6, FAMILY_V6, options->ipv6, &options->external_ipv6,
                options->saved_id_ipv6);
    dht_upkeep_bootstrap(node);
    node->upkeep_ms = now_ms;
    return node;
}

void dht_node_delete(struct dht_node *node) {
    if (node == NULL)
        return;
    peer_store_delete(node->peers);
    reply_limit_delete(node->reply_limit);
    free(node);
}

/* Whether the node can send to an endpoint; one in a private network was chosen by the operator. */
static bool can_send_to(struct dht_node *node, const struct endpoint *endpoint) {
    return dht_side_of(node, endpoint->family) != NULL && node_id_reachable(endpoint, endpoint);
}

static bool is_bootstrap(const struct dht_node *node, const struct endpoint *endpoint) {
    for (uint32_t i = 0; i < node->bootstrap_count; i++) {
        if (endpoint_equal(&node->bootstrap[i], endpoint))
            return true;
    }
    return false;
}

void dht_node_add_bootstrap(struct dht_node *node, const struct endpoint *endpoint) {
    if (!can_send_to(node, endpoint) || is_bootstrap(node, endpoint))
        return;
    node->bootstrap[node->bootstrap_next] = *endpoint;
    node->bootstrap_next = (node->bootstrap_next + 1) % DHT_BOOTSTRAP_MAX;
    if (node->bootstrap_count < DHT_BOOTSTRAP_MAX)
        node->bootstrap_count++;
    dht_upkeep_bootstrap(node);
}

void dht_node_clear_bootstrap(struct dht_node *node) {
    node->bootstrap_count = node->bootstrap_next = 0;
}

void dht_node_add_saved(struct dht_node *node, const struct node_contact *contact) {
    if (!can_send_to(node, &contact->endpoint))
        return;
    routing_table_restore(&dht_side_of(node, contact->endpoint.family)->table, contact);
    dht_upkeep_bootstrap(node);
}

static void receive_reply(struct dht_node *node, const struct krpc_message *reply,
                          const struct endpoint *from, uint64_t now_ms) {
    struct sent_query answered;
    struct node_contact contact = { .endpoint = *from };
    struct routing_table *table = &dht_side_of(node, from->family)->table;
    if (!sent_queries_take(&node->queries, reply->transaction, from, &answered)) {
        node->statistics.ignored++;
        return;
    }
    node->statistics.replies++;
    if (reply->kind == KRPC_ERROR) {
        routing_table_failed(table, from);
        dht_search_failed(node, answered.lookup, from);
        return;
    }
    memcpy(contact.id, reply->id, NODE_ID_LEN);
    routing_table_replied(table, &contact, dht_seconds(now_ms));
    dht_upkeep_vote(node, reply->ip, from);
    dht_search_replied(node, answered.lookup, reply, &contact, now_ms);
}

void dht_node_receive(struct dht_node *node, struct bytes datagram, const struct endpoint *from,
                      uint64_t now_ms) {
    struct krpc_message message;
    node->statistics.received++;
    node->statistics.received_bytes += datagram.len;
    if (!can_send_to(node, from) || !krpc_read(datagram, &message))
        node->statistics.ignored++;
    else if (message.kind == KRPC_QUERY)
        dht_answer_query(node, &message, datagram.len, from, now_ms);
    else
        receive_reply(node, &message, from, now_ms);
}

static void give_up_late_queries(struct dht_node *node, uint64_t now_ms) {
    struct sent_query late;
    while (sent_queries_take_late(&node->queries, now_ms, &late)) {
        node->statistics.timeouts++;
        routing_table_failed(&dht_side_of(node, late.to.family)->table, &late.to);
        dht_search_failed(node, late.lookup, &late.to);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

uint64_t dht_node_wake(struct dht_node *node, uint64_t now_ms) {
    give_up_late_queries(node, now_ms);
    if (now_ms >= node->upkeep_ms) {
        dht_upkeep(node, now_ms);
        node->upkeep_ms = now_ms + UPKEEP_MS;
    }
    const uint64_t search_ms = dht_search_proceed(node, now_ms);
    return earlier(node->upkeep_ms, earlier(search_ms, sent_queries_due_ms(&node->queries)));
}

static struct search *unused_search(struct dht_node *node) {
    for (size_t i = 0; i < TORRENT_SEARCHES; i++) {
        if (node->searches[i].lookup.number == 0)
            return &node->searches[i];
    }
    return NULL;
}

uint32_t dht_node_look_up(struct dht_node *node, const uint8_t info_hash[static NODE_ID_LEN],
                          dht_lookup_found found, void *context, uint64_t now_ms) {
    static const uint8_t families[] = { FAMILY_V4, FAMILY_V6 };
    uint32_t group = 0;
    for (size_t i = 0; i < sizeof families; i++) {
        struct search *search = unused_search(node);
        if (search == NULL || !dht_search_start(node, search, families[i], info_hash, now_ms))
            continue;
        group = group != 0 ? group : search->lookup.number;
        search->group = group;
        search->peers = 0;
        search->found = found;
        search->context = context;
        node->statistics.lookups_started++;
    }
    return group;
}

void dht_node_cancel(struct dht_node *node, uint32_t lookup) {
    if (lookup != 0)
        dht_search_cancel(node, lookup);
}

void dht_node_id(const struct dht_node *node, uint8_t family, uint8_t id[static NODE_ID_LEN]) {
    const struct dht_side *side = family == FAMILY_V6 ? &node->v6 : &node->v4;
    memcpy(id, side->table.id, NODE_ID_LEN);
}

static enum dht_node_state state_of(const struct table_node *node, uint32_t now_s) {
    if (node_is_bad(node))
        return DHT_NODE_BAD;
    return node_is_good(node, now_s) ? DHT_NODE_GOOD : DHT_NODE_QUESTIONABLE;
}

static struct dht_known_node known_node(const struct table_node *node, enum dht_node_state state,
                                        uint32_t now_s) {
    return (struct dht_known_node){
        .contact = node->contact,
        .state = state,
        .seen_s = node->replied_s == 0 ? UINT32_MAX : now_s - node->replied_s,
    };
}

static size_t list_nodes(const struct table_node *from, size_t from_count, bool spares,
                         enum dht_node_state wanted, uint32_t now_s, struct dht_known_node *nodes,
                         size_t max) {
    size_t count = 0;
    for (size_t i = 0; i < from_count && count < max; i++) {
        const enum dht_node_state state = spares ? DHT_NODE_REPLACEMENT : state_of(&from[i], now_s);
        if (state == wanted)
            nodes[count++] = known_node(&from[i], state, now_s);
    }
    return count;
}

static size_t list_table(const struct routing_table *table, enum dht_node_state wanted,
                         uint32_t now_s, struct dht_known_node *nodes, size_t max) {
    size_t count = 0;
    for (size_t number = 0; number < TABLE_BUCKETS; number++) {
        const struct bucket *bucket = &table->buckets[number];
        const bool spares = wanted == DHT_NODE_REPLACEMENT;
        count += list_nodes(spares ? bucket->spares : bucket->nodes,
                            spares ? bucket->spare_count : bucket->count, spares, wanted, now_s,
                            nodes + count, max - count);
    }
    return count;
}

size_t dht_node_list(const struct dht_node *node, struct dht_known_node *nodes, size_t max,
                     uint64_t now_ms) {
    const uint32_t now_s = dht_seconds(now_ms);
    size_t count = 0;
    for (int state = DHT_NODE_GOOD; state <= DHT_NODE_REPLACEMENT; state++) {
        const enum dht_node_state wanted = (enum dht_node_state)state;
        count += list_table(&node->v4.table, wanted, now_s, nodes + count, max - count);
        count += list_table(&node->v6.table, wanted, now_s, nodes + count, max - count);
    }
    return count;
}

size_t dht_node_list_torrents(const struct dht_node *node, struct stored_torrent *torrents,
                              size_t max, uint64_t now_ms) {
    return peer_store_list_torrents(node->peers, torrents, max, dht_seconds(now_ms));
}

size_t dht_node_list_peers(const struct dht_node *node, const uint8_t info_hash[static NODE_ID_LEN],
                           struct stored_peer *peers, size_t max, uint64_t now_ms) {
    return peer_store_list_peers(node->peers, info_hash, peers, max, dht_seconds(now_ms));
}

static struct dht_table_statistics table_statistics(const struct dht_side *side, uint32_t now_s) {
    struct dht_table_statistics statistics = { .external = side->external };
    memcpy(statistics.id, side->table.id, NODE_ID_LEN);
    for (size_t number = 0; number < TABLE_BUCKETS; number++) {
        const struct bucket *bucket = &side->table.buckets[number];
        statistics.replacements += bucket->spare_count;
        for (size_t i = 0; i < bucket->count; i++) {
            const enum dht_node_state state = state_of(&bucket->nodes[i], now_s);
            statistics.good += state == DHT_NODE_GOOD;
            statistics.questionable += state == DHT_NODE_QUESTIONABLE;
            statistics.bad += state == DHT_NODE_BAD;
        }
    }
    return statistics;
}

void dht_node_statistics(const struct dht_node *node, struct dht_statistics *statistics,
                         uint64_t now_ms) {
    const uint32_t now_s = dht_seconds(now_ms);
    *statistics = node->statistics;
    statistics->ipv4 = table_statistics(&node->v4, now_s);
    statistics->ipv6 = table_statistics(&node->v6, now_s);
    statistics->peers = peer_store_count(node->peers);
    statistics->torrents = peer_store_torrent_count(node->peers);
    statistics->memory =
        sizeof *node + peer_store_memory(node->peers) + reply_limit_memory(node->reply_limit);
    for (size_t i = 0; i < SEARCHES; i++)
        statistics->lookups += node->searches[i].lookup.number != 0 && node->searches[i].group != 0;
}
