#include "dht/dht_state.h"

struct dht_side *dht_side_of(struct dht_node *node, uint8_t family) {
    struct dht_side *side = family == FAMILY_V6 ? &node->v6 : &node->v4;
    return side->enabled && family != FAMILY_NONE ? side : NULL;
}

uint64_t dht_draw(struct dht_node *node) {
    node->drawn++;
    return keyed_signature(&node->draw_key, &node->drawn, sizeof node->drawn);
}

void dht_draw_id(struct dht_node *node, const struct endpoint *address,
                 uint8_t id[static NODE_ID_LEN]) {
    struct random random = { .state = dht_draw(node) };
    node_id_make(id, address, &random);
}

size_t dht_send(struct dht_node *node, const struct endpoint *to, struct krpc_message *message) {
    uint8_t data[KRPC_MESSAGE_MAX];
    const struct dht_side *side = dht_side_of(node, to->family);
    if (side == NULL)
        return 0;
    memcpy(message->id, side->table.id, NODE_ID_LEN);
    const size_t len = krpc_write(data, sizeof data, message);
    if (len == 0)
        return 0;
    node->statistics.sent++;
    node->statistics.sent_bytes += len;
    node->options.callbacks.send(node->options.callbacks.context, to, (struct bytes){ data, len });
    return len;
}

bool dht_send_query(struct dht_node *node, const struct endpoint *to, struct krpc_message *query,
                    uint32_t lookup, uint64_t now_ms) {
    const struct sent_query *sent = sent_queries_add(&node->queries, to, lookup, now_ms);
    if (sent == NULL)
        return false;
    query->kind = KRPC_QUERY;
    query->transaction = (struct bytes){ sent->transaction, TRANSACTION_LEN };
    node->statistics.queries_sent++;
    dht_send(node, to, query);
    return true;
}

void dht_ping(struct dht_node *node, const struct endpoint *to, uint64_t now_ms) {
    struct krpc_message ping = { .method = KRPC_PING };
    if (node->pings_left == 0)
        return;
    node->pings_left--;
    dht_send_query(node, to, &ping, 0, now_ms);
}
