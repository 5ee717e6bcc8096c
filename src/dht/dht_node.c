#include "dht/dht_node.h"

#include <stdlib.h>

#include "dht/krpc.h"

const struct dht_limits dht_default_limits = {
    .peers = 100000,
    .peers_per_torrent = 500,
    .peers_per_address = 500,
    .peer_ttl_s = 1800,
    .replies_per_s = 2000,
    .replies_per_address_per_s = 10,
};

enum { WAKE_MS = 1000 };

struct table {
    uint8_t id[NODE_ID_LEN];
    struct endpoint external;
};

struct dht_node {
    struct dht_options options;
    struct table v4, v6;
    struct dht_statistics statistics;
};

static struct table *table_of(struct dht_node *node, uint8_t family) {
    return family == FAMILY_V6 ? &node->v6 : &node->v4;
}

struct dht_node *dht_node_create(const struct dht_options *options, uint64_t now_ms) {
    (void)now_ms;
    struct dht_node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->options = *options;
    struct random random = { .state = options->secret.half[0] };
    node->v4.external = options->external_ipv4;
    node->v6.external = options->external_ipv6;
    node_id_make(node->v4.id, &node->v4.external, &random);
    node_id_make(node->v6.id, &node->v6.external, &random);
    return node;
}

void dht_node_delete(struct dht_node *node) {
    free(node);
}

void dht_node_add_bootstrap(struct dht_node *node, const struct endpoint *endpoint) {
    (void)node;
    (void)endpoint;
}

void dht_node_add_saved(struct dht_node *node, const struct node_contact *contact) {
    (void)node;
    (void)contact;
}

static void answer_ping(struct dht_node *node, const struct krpc_message *query,
                        const struct endpoint *from) {
    uint8_t out[KRPC_MESSAGE_MAX];
    struct krpc_message reply = {
        .kind = KRPC_REPLY,
        .transaction = query->transaction,
        .ip = { from->wire, endpoint_len(from->family) },
    };
    memcpy(reply.id, table_of(node, from->family)->id, NODE_ID_LEN);
    const struct bytes data = { out, krpc_write(out, sizeof out, &reply) };
    node->options.callbacks.send(node->options.callbacks.context, from, data);
    node->statistics.sent++;
    node->statistics.sent_bytes += data.len;
}

void dht_node_receive(struct dht_node *node, struct bytes datagram, const struct endpoint *from,
                      uint64_t now_ms) {
    struct krpc_message message;
    (void)now_ms;
    node->statistics.received++;
    node->statistics.received_bytes += datagram.len;
    if (!krpc_read(datagram, &message) || message.kind != KRPC_QUERY) {
        node->statistics.ignored++;
        return;
    }
    node->statistics.queries[message.method]++;
    if (message.method == KRPC_PING)
        answer_ping(node, &message, from);
}

uint64_t dht_node_wake(struct dht_node *node, uint64_t now_ms) {
    (void)node;
    return now_ms + WAKE_MS;
}

uint32_t dht_node_look_up(struct dht_node *node, const uint8_t info_hash[static NODE_ID_LEN],
                          dht_lookup_found found, void *context, uint64_t now_ms) {
    (void)node;
    (void)info_hash;
    (void)found;
    (void)context;
    (void)now_ms;
    return 0;
}

void dht_node_cancel(struct dht_node *node, uint32_t lookup) {
    (void)node;
    (void)lookup;
}

void dht_node_id(const struct dht_node *node, uint8_t family, uint8_t id[static NODE_ID_LEN]) {
    memcpy(id, family == FAMILY_V6 ? node->v6.id : node->v4.id, NODE_ID_LEN);
}

size_t dht_node_list(const struct dht_node *node, struct dht_known_node *nodes, size_t max,
                     uint64_t now_ms) {
    (void)node;
    (void)nodes;
    (void)max;
    (void)now_ms;
    return 0;
}

size_t dht_node_list_lookups(const struct dht_node *node, struct dht_known_lookup *lookups,
                             size_t max, uint64_t now_ms) {
    (void)node;
    (void)lookups;
    (void)max;
    (void)now_ms;
    return 0;
}

void dht_node_statistics(const struct dht_node *node, struct dht_statistics *statistics,
                         uint64_t now_ms) {
    (void)now_ms;
    *statistics = node->statistics;
    memcpy(statistics->ipv4.id, node->v4.id, NODE_ID_LEN);
    memcpy(statistics->ipv6.id, node->v6.id, NODE_ID_LEN);
    statistics->ipv4.external = node->v4.external;
    statistics->ipv6.external = node->v6.external;
    statistics->memory = sizeof *node;
}
