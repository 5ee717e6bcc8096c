/* Implements dht_node.h: lists and statistics. */
#include "dht/dht_state.h"

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

size_t dht_node_list_lookups(const struct dht_node *node, struct dht_known_lookup *lookups,
                             size_t max, uint64_t now_ms) {
    size_t count = 0;
    for (size_t i = 0; i < SEARCHES && count < max; i++) {
        const struct search *search = &node->searches[i];
        const struct lookup *lookup = &search->lookup;
        if (lookup->number == 0 || search->group == 0)
            continue;
        struct dht_known_lookup *known = &lookups[count++];
        *known = (struct dht_known_lookup){
            .number = search->group,
            .family = lookup->family,
            .asked = lookup->asked,
            .answered = lookup->answered,
            .peers = search->peers,
            .age_ms = (uint32_t)(now_ms - lookup->start_ms),
        };
        memcpy(known->info_hash, lookup->target, NODE_ID_LEN);
    }
    return count;
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
    statistics->memory =
        sizeof *node + peer_store_memory(node->peers) + reply_limit_memory(node->reply_limit);
    for (size_t i = 0; i < SEARCHES; i++)
        statistics->lookups += node->searches[i].lookup.number != 0 && node->searches[i].group != 0;
}
