#include "dht/dht_answer.h"

/* What the slices of a reply borrow. */
struct reply_room {
    uint8_t nodes[KRPC_NODES_MAX * (NODE_ID_LEN + ENDPOINT_V4_LEN)];
    uint8_t nodes6[KRPC_NODES_MAX * (NODE_ID_LEN + ENDPOINT_V6_LEN)];
    uint8_t values[KRPC_VALUES_LEN];
    uint8_t token[TOKEN_LEN];
};

static void count_answer(struct dht_node *node, size_t query_len, size_t reply_len) {
    node->statistics.query_bytes += query_len;
    node->statistics.reply_bytes += reply_len;
}

static struct bytes write_nodes(struct dht_node *node, uint8_t family, const uint8_t *target,
                                const struct endpoint *from, uint8_t *room, size_t capacity) {
    struct writer nodes = writer_on(room, capacity);
    struct node_contact closest[KRPC_NODES_MAX];
    const struct dht_side *side = dht_side_of(node, family);
    if (side == NULL)
        return (struct bytes){ 0 };
    const size_t count = routing_table_closest(&side->table, target, from, closest, KRPC_NODES_MAX);
    for (size_t i = 0; i < count; i++)
        krpc_put_node(&nodes, &closest[i]);
    return (struct bytes){ room, nodes.len };
}

static void add_nodes(struct dht_node *node, const struct krpc_message *query,
                      const struct endpoint *from, struct reply_room *room,
                      struct krpc_message *reply) {
    const unsigned own = from->family == FAMILY_V6 ? KRPC_WANT_V6 : KRPC_WANT_V4;
    const unsigned want = query->want != 0 ? query->want : own;
    if (want & KRPC_WANT_V4)
        reply->nodes =
            write_nodes(node, FAMILY_V4, query->target, from, room->nodes, sizeof room->nodes);
    if (want & KRPC_WANT_V6)
        reply->nodes6 =
            write_nodes(node, FAMILY_V6, query->target, from, room->nodes6, sizeof room->nodes6);
}

/* Peers of the tracker, then of the store, as far as there is room. */
static void add_values(struct dht_node *node, const struct krpc_message *query,
                       const struct endpoint *from, uint64_t now_ms, struct reply_room *room,
                       struct krpc_message *reply) {
    const struct dht_callbacks *callbacks = &node->options.callbacks;
    const size_t len = endpoint_len(from->family);
    const size_t bencoded_len = len + (len < 10 ? 2 : 3);
    uint8_t compact[DHT_VALUES_LEN];
    struct writer peers = writer_on(compact, KRPC_VALUES_LEN / bencoded_len * len);
    struct writer values = writer_on(room->values, sizeof room->values);
    if (callbacks->get_peers != NULL &&
        !callbacks->get_peers(callbacks->context, query->target, from, &peers))
        return;
    peers.failed = false;
    peer_store_pick(node->peers, query->target, from, (uint32_t)dht_draw(node), dht_seconds(now_ms),
                    &peers);
    for (size_t at = 0; at + len <= peers.len; at += len) {
        const struct endpoint peer = endpoint_from_wire(from->family, compact + at);
        krpc_put_value(&values, &peer);
    }
    reply->values = (struct bytes){ room->values, values.len };
}

static enum dht_announce take_peer(struct dht_node *node, const uint8_t *info_hash,
                                   const struct endpoint *peer, uint64_t now_ms) {
    const struct dht_callbacks *callbacks = &node->options.callbacks;
    const enum dht_announce taken =
        callbacks->announce_peer == NULL
            ? DHT_ANNOUNCE_STORE
            : callbacks->announce_peer(callbacks->context, info_hash, peer);
    if (taken == DHT_ANNOUNCE_STORE &&
        !peer_store_put(node->peers, info_hash, peer, dht_seconds(now_ms)))
        return DHT_ANNOUNCE_REFUSED;
    return taken;
}

/* The error to answer with, or 0. */
static int64_t announce(struct dht_node *node, const struct krpc_message *query,
                        const struct endpoint *from, uint64_t now_ms) {
    struct endpoint peer = *from;
    if (!token_valid(query->token, &node->token_key, from, now_ms)) {
        node->statistics.invalid_tokens++;
        return KRPC_PROTOCOL_ERROR;
    }
    if (!query->implied_port)
        endpoint_set_port(&peer, query->port);
    switch (take_peer(node, query->target, &peer, now_ms)) {
    case DHT_ANNOUNCE_TAKEN:
        node->statistics.announces_taken++;
        return 0;
    case DHT_ANNOUNCE_STORE:
        node->statistics.announces_stored++;
        return 0;
    case DHT_ANNOUNCE_REFUSED:
        break;
    }
    node->statistics.announces_refused++;
    return KRPC_GENERIC_ERROR;
}

static size_t send_error(struct dht_node *node, const struct krpc_message *query,
                         const struct endpoint *from, int64_t code) {
    struct krpc_message error = {
        .kind = KRPC_ERROR,
        .transaction = query->transaction,
        .error = code,
    };
    return dht_send(node, from, &error);
}

static size_t send_reply(struct dht_node *node, const struct krpc_message *query,
                         const struct endpoint *from, uint64_t now_ms) {
    struct reply_room room;
    struct krpc_message reply = {
        .kind = KRPC_REPLY,
        .transaction = query->transaction,
        .ip = { from->wire, endpoint_len(from->family) },
    };
    if (query->method == KRPC_FIND_NODE || query->method == KRPC_GET_PEERS)
        add_nodes(node, query, from, &room, &reply);
    if (query->method == KRPC_GET_PEERS) {
        add_values(node, query, from, now_ms, &room, &reply);
        token_make(room.token, &node->token_key, from, now_ms);
        reply.token = (struct bytes){ room.token, sizeof room.token };
    }
    return dht_send(node, from, &reply);
}

static size_t answer(struct dht_node *node, const struct krpc_message *query,
                     const struct endpoint *from, uint64_t now_ms) {
    int64_t error = query->error;
    if (error == 0 && query->method == KRPC_ANNOUNCE_PEER)
        error = announce(node, query, from, now_ms);
    return error != 0 ? send_error(node, query, from, error)
                      : send_reply(node, query, from, now_ms);
}

void dht_answer_query(struct dht_node *node, const struct krpc_message *query, size_t len,
                      const struct endpoint *from, uint64_t now_ms) {
    struct node_contact sender = { .endpoint = *from };
    struct dht_side *side = dht_side_of(node, from->family);
    node->statistics.queries[query->method]++;
    if (!reply_limit_take(node->reply_limit, from, now_ms)) {
        node->statistics.limited++;
        return;
    }
    count_answer(node, len, answer(node, query, from, now_ms));
    memcpy(sender.id, query->id, NODE_ID_LEN);
    if (!query->read_only && routing_table_queried(&side->table, &sender, dht_seconds(now_ms)))
        dht_ping(node, from, now_ms);
}
