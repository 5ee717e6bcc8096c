#include "dht/dht_network.h"

#include <stdlib.h>

#include "base/random.h"
#include "dht/krpc.h"
#include "support.h"

const struct dht_limits dht_network_limits = {
    .peers = 100000,
    .torrents = 32768,
    .peers_per_torrent = 500,
    .peers_per_address = 500,
    .peer_ttl_s = 1800,
    .replies_per_s = 2000,
    .replies_per_address_per_s = 10,
};

enum {
    PORT = 6881,
    PEER_PORT = 7000,
    STORED_AT = 8,
    BOOTSTRAP_NODES = 8,
    JOIN_TIME_MS = 30000,
    LOOKUP_EVERY_MS = 50,
    GREETED = 20, /* nodes that a hostile one sends a query to */
};

struct member {
    struct dht_network *network;
    uint32_t number;
    bool hostile;
    uint8_t id[NODE_ID_LEN]; /* of a hostile one */
    struct dht_node *node;   /* NULL: hostile, or it has not come yet */
    uint64_t wake_ms;
};

/* A datagram that arrives, or, without data, a node that wakes. */
struct event {
    uint64_t at_ms, order;
    uint32_t from, to;
    size_t len;
    uint8_t *data;
};

struct dht_network {
    struct dht_network_options options;
    struct random random;
    uint64_t now_ms, events_made;
    struct member *members;
    uint32_t joined; /* members that have come */
    struct event *heap;
    size_t count, capacity;
    bool captures; /* what is sent is kept here, instead of being delivered */
    size_t captured_len;
    uint8_t captured[KRPC_MESSAGE_MAX];
    uint32_t lookups; /* running */
};

static struct endpoint address_of(uint32_t number) {
    struct endpoint endpoint = {
        .family = FAMILY_V4,
        .wire = { 20, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number },
    };
    endpoint_set_port(&endpoint, PORT);
    return endpoint;
}

/* At or above the number of nodes: no node is there. */
static uint32_t number_of(const struct endpoint *endpoint) {
    return endpoint->wire[0] == 20 && endpoint_port(endpoint) == PORT
               ? load_u32(endpoint->wire) & 0xffffff
               : UINT32_MAX;
}

static bool is_before(const struct event *a, const struct event *b) {
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void push_event(struct dht_network *network, struct event event) {
    if (network->count == network->capacity) {
        network->capacity = network->capacity * 2 + 1024;
        network->heap = realloc(network->heap, network->capacity * sizeof *network->heap);
        ck_assert_ptr_nonnull(network->heap);
    }
    event.order = network->events_made++;
    size_t at = network->count++;
    for (; at > 0 && is_before(&event, &network->heap[(at - 1) / 2]); at = (at - 1) / 2)
        network->heap[at] = network->heap[(at - 1) / 2];
    network->heap[at] = event;
}

static struct event pop_event(struct dht_network *network) {
    struct event *heap = network->heap;
    const struct event first = heap[0];
    const struct event last = heap[--network->count];
    size_t at = 0;
    for (size_t child = 1; child < network->count; child = 2 * at + 1) {
        if (child + 1 < network->count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

static uint32_t draw(struct dht_network *network, uint32_t bound) {
    return random_below(&network->random, bound);
}

static void post(struct dht_network *network, uint32_t from, uint32_t to, struct bytes data) {
    const struct dht_network_options *options = &network->options;
    if (to >= options->nodes || draw(network, 100) < options->loss_percent)
        return;
    struct event event = {
        .at_ms = network->now_ms + options->delay_min_ms +
                 draw(network, options->delay_max_ms - options->delay_min_ms + 1),
        .from = from,
        .to = to,
        .len = data.len,
        .data = malloc(data.len + 1),
    };
    memcpy(event.data, data.data, data.len);
    push_event(network, event);
}

static void send_datagram(void *context, const struct endpoint *to, struct bytes data) {
    const struct member *member = context;
    struct dht_network *network = member->network;
    REQUIRE(data.len <= DHT_DATAGRAM_MAX);
    if (!network->captures) {
        post(network, member->number, number_of(to), data);
        return;
    }
    memcpy(network->captured, data.data, data.len);
    network->captured_len = data.len;
}

static void wake(struct dht_network *network, struct member *member) {
    const uint64_t at_ms = dht_node_wake(member->node, network->now_ms);
    REQUIRE(at_ms > network->now_ms);
    if (at_ms == member->wake_ms)
        return;
    member->wake_ms = at_ms;
    push_event(network, (struct event){ .at_ms = at_ms, .to = member->number });
}

static void start_node(struct dht_network *network, struct member *member) {
    struct dht_options options = {
        .ipv4 = true,
        .limits = dht_network_limits,
        .external_ipv4 = address_of(member->number),
        .callbacks = { .context = member, .send = send_datagram },
    };
    options.limits.peers = options.limits.torrents = 64;
    options.limits.replies_per_s = 100;
    for (int i = 0; i < 2; i++)
        options.secret.half[i] = random_next(&network->random);
    member->node = dht_node_create(&options, network->now_ms);
    ck_assert_ptr_nonnull(member->node);
    for (int i = 0; i < BOOTSTRAP_NODES; i++) {
        const struct endpoint other = address_of(draw(network, network->joined));
        dht_node_add_bootstrap(member->node, &other);
    }
    wake(network, member);
}

/* A query that makes a hostile node known. */
static void greet(struct dht_network *network, const struct member *member) {
    uint8_t data[KRPC_MESSAGE_MAX];
    struct krpc_message ping = { .method = KRPC_PING, .transaction = bytes_of("hi") };
    memcpy(ping.id, member->id, NODE_ID_LEN);
    const struct bytes packet = { data, krpc_write(data, sizeof data, &ping) };
    for (int i = 0; i < GREETED; i++)
        post(network, member->number, draw(network, network->options.nodes), packet);
}

/* An id close to the target, valid for its address, at which there is no node. */
static struct node_contact false_node(struct dht_network *network, const uint8_t *target) {
    struct node_contact best = { .endpoint = { .family = FAMILY_NONE } };
    for (int i = 0; i < 30; i++) {
        struct node_contact contact = { .endpoint = address_of(draw(network, 1U << 24)) };
        node_id_make(contact.id, &contact.endpoint, &network->random);
        if (i == 0 || node_id_compare(target, contact.id, best.id) < 0)
            best = contact;
    }
    return best;
}

static size_t write_false_nodes(struct dht_network *network, const uint8_t *target, uint8_t *room,
                                size_t capacity) {
    struct writer nodes = writer_on(room, capacity);
    for (int i = 0; i < KRPC_NODES_MAX; i++) {
        const struct member *other = &network->members[draw(network, network->options.nodes)];
        struct node_contact contact = false_node(network, target);
        if (other->hostile && draw(network, 2) == 0) {
            contact.endpoint = address_of(other->number);
            memcpy(contact.id, other->id, NODE_ID_LEN);
        }
        krpc_put_node(&nodes, &contact);
    }
    return nodes.len;
}

static size_t write_false_values(struct dht_network *network, uint8_t *room, size_t capacity) {
    struct writer values = writer_on(room, capacity);
    for (int i = 0; i < 20; i++) {
        const struct endpoint peer = numbered_endpoint(FAMILY_V4, draw(network, 1 << 20));
        krpc_put_value(&values, &peer);
    }
    return values.len;
}

/* A well-formed reply, or one with a byte changed, or cut, or another's. */
static void answer_with_garbage(struct dht_network *network, const struct member *member,
                                const struct krpc_message *query, uint32_t to) {
    uint8_t nodes[256], values[256], data[KRPC_MESSAGE_MAX];
    const bool is_ping = query->method == KRPC_PING;
    struct krpc_message reply = { .kind = KRPC_REPLY, .transaction = query->transaction };
    memcpy(reply.id, member->id, NODE_ID_LEN);
    if (!is_ping) {
        reply.token = bytes_of("token");
        reply.nodes =
            (struct bytes){ nodes, write_false_nodes(network, query->target, nodes, sizeof nodes) };
        reply.values = (struct bytes){ values, write_false_values(network, values, sizeof values) };
    }
    size_t len = krpc_write(data, sizeof data, &reply);
    const uint32_t kind = is_ping ? 0 : draw(network, 8);
    if (kind == 1)
        data[draw(network, (uint32_t)len)] ^= (uint8_t)(1 + draw(network, 255));
    if (kind == 2)
        len = draw(network, (uint32_t)len);
    const uint32_t sender = kind == 3 ? draw(network, network->options.nodes) : member->number;
    if (kind != 4)
        post(network, sender, to, (struct bytes){ data, len });
}

static void deliver(struct dht_network *network, const struct event *event) {
    struct member *member = &network->members[event->to];
    const struct endpoint from = address_of(event->from);
    const struct bytes datagram = { event->data, event->len };
    struct krpc_message message;
    if (member->node != NULL) {
        dht_node_receive(member->node, datagram, &from, network->now_ms);
        wake(network, member);
    } else if (member->hostile && krpc_read(datagram, &message) && message.kind == KRPC_QUERY) {
        answer_with_garbage(network, member, &message, event->from);
    }
}

static void start_member(struct dht_network *network, struct member *member) {
    if (member->hostile)
        greet(network, member);
    else
        start_node(network, member);
}

static struct member *any_node(struct dht_network *network) {
    for (;;) {
        struct member *member = &network->members[draw(network, network->options.nodes)];
        if (member->node != NULL)
            return member;
    }
}

/* A random node stops, and another starts at its address. */
static void replace_node(struct dht_network *network) {
    struct member *member = any_node(network);
    dht_node_delete(member->node);
    start_node(network, member);
}

static void run_event(struct dht_network *network) {
    const struct event event = pop_event(network);
    struct member *member = &network->members[event.to];
    network->now_ms = event.at_ms;
    if (event.data != NULL)
        deliver(network, &event);
    else if (member->node != NULL && event.at_ms == member->wake_ms)
        wake(network, member);
    free(event.data);
}

static void run_until(struct dht_network *network, uint64_t end_ms) {
    while (network->count > 0 && network->heap[0].at_ms <= end_ms)
        run_event(network);
    network->now_ms = end_ms;
}

void dht_network_run(struct dht_network *network, uint64_t duration_ms) {
    const uint64_t end_ms = network->now_ms + duration_ms;
    const uint64_t lifetime_ms = 1000ULL * network->options.lifetime_s;
    while (network->now_ms < end_ms) {
        const uint64_t step_ms =
            lifetime_ms > 0 ? lifetime_ms / network->options.nodes : end_ms - network->now_ms;
        run_until(network, network->now_ms + step_ms);
        if (lifetime_ms > 0)
            replace_node(network);
    }
}

struct dht_network *dht_network_create(const struct dht_network_options *options) {
    struct dht_network *network = calloc(1, sizeof *network);
    ck_assert_ptr_nonnull(network);
    network->options = *options;
    network->random.state = options->seed;
    network->now_ms = 1000;
    network->members = calloc(options->nodes, sizeof *network->members);
    ck_assert_ptr_nonnull(network->members);
    for (uint32_t i = 0; i < options->nodes; i++) {
        struct member *member = &network->members[i];
        const struct endpoint address = address_of(i);
        *member = (struct member){ .network = network, .number = i };
        member->hostile = i % 100 < options->hostile_percent;
        node_id_make(member->id, &address, &network->random);
    }
    for (uint32_t i = 0; i < options->nodes; i++) {
        network->joined = i + 1;
        start_member(network, &network->members[i]);
        run_until(network, network->now_ms + JOIN_TIME_MS / options->nodes);
    }
    for (uint32_t i = 0; i < options->nodes; i++) {
        if (network->members[i].hostile)
            greet(network, &network->members[i]);
    }
    return network;
}

void dht_network_delete(struct dht_network *network) {
    for (size_t i = 0; i < network->count; i++)
        free(network->heap[i].data);
    for (uint32_t i = 0; i < network->options.nodes; i++)
        dht_node_delete(network->members[i].node);
    free(network->heap);
    free(network->members);
    free(network);
}

static void id_of(const struct member *member, uint8_t *id) {
    if (member->node != NULL)
        dht_node_id(member->node, FAMILY_V4, id);
    else
        memcpy(id, member->id, NODE_ID_LEN);
}

/* Gives the query to the node; its reply is captured. */
static void query_node(struct dht_network *network, struct member *member,
                       const struct krpc_message *query, const struct endpoint *from) {
    uint8_t data[KRPC_MESSAGE_MAX];
    const struct bytes datagram = { data, krpc_write(data, sizeof data, query) };
    network->captures = true;
    dht_node_receive(member->node, datagram, from, network->now_ms);
    network->captures = false;
}

static void announce_at(struct dht_network *network, struct member *member,
                        const uint8_t *info_hash, const struct endpoint *peer) {
    struct krpc_message reply;
    struct krpc_message query = {
        .method = KRPC_GET_PEERS,
        .read_only = true,
        .transaction = bytes_of("st"),
        .port = PEER_PORT,
    };
    if (member->node == NULL)
        return;
    memcpy(query.target, info_hash, NODE_ID_LEN);
    query_node(network, member, &query, peer);
    ck_assert(krpc_read((struct bytes){ network->captured, network->captured_len }, &reply));
    query.method = KRPC_ANNOUNCE_PEER;
    uint8_t token[KRPC_TOKEN_MAX];
    memcpy(token, reply.token.data, reply.token.len);
    query.token = (struct bytes){ token, reply.token.len };
    query_node(network, member, &query, peer);
}

struct endpoint dht_network_store(struct dht_network *network, const uint8_t *info_hash) {
    uint32_t closest[STORED_AT + 1];
    uint8_t id[NODE_ID_LEN], other[NODE_ID_LEN];
    size_t count = 0;
    for (uint32_t i = 0; i < network->options.nodes; i++) {
        id_of(&network->members[i], id);
        size_t at = count;
        for (; at > 0; at--) {
            id_of(&network->members[closest[at - 1]], other);
            if (node_id_compare(info_hash, id, other) > 0)
                break;
            closest[at] = closest[at - 1];
        }
        closest[at] = i;
        count += count < STORED_AT;
    }
    struct endpoint peer = numbered_endpoint(FAMILY_V4, draw(network, 1 << 20));
    for (size_t i = 0; i < count; i++)
        announce_at(network, &network->members[closest[i]], info_hash, &peer);
    endpoint_set_port(&peer, PEER_PORT);
    return peer;
}

static void note_found(void *context, const struct endpoint *peers, size_t count) {
    struct dht_network_lookup *lookup = context;
    lookup->network->lookups -= count == 0;
    for (size_t i = 0; i < count; i++) {
        if (lookup->found_after_ms == UINT32_MAX && endpoint_equal(&peers[i], &lookup->peer))
            lookup->found_after_ms = (uint32_t)(lookup->network->now_ms - lookup->start_ms);
    }
}

static void start_lookup(struct dht_network *network, struct dht_network_lookup *lookup) {
    struct member *member = any_node(network);
    lookup->network = network;
    lookup->start_ms = network->now_ms;
    lookup->found_after_ms = UINT32_MAX;
    if (dht_node_look_up(member->node, lookup->info_hash, note_found, lookup, network->now_ms) == 0)
        return;
    network->lookups++;
    wake(network, member);
}

void dht_network_find(struct dht_network *network, struct dht_network_lookup *lookups,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        start_lookup(network, &lookups[i]);
        run_until(network, network->now_ms + LOOKUP_EVERY_MS);
    }
    while (network->lookups > 0)
        run_event(network);
}
