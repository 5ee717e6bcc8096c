/* A DHT node and what several senders send it: the input is a series of steps, each a byte that
 * says who sends or what is done, a byte for the time that passes, and a datagram with its length.
 * The reply to each query of the node's is known to the fuzzer only if it uses the transaction, so
 * a step can also change one byte of a true reply. */
#include "dht/dht_node.h"

#include <assert.h>
#include <stdlib.h>

#include "dht/krpc.h"
#include "fuzz.h"

enum { SENDERS = 12, DATAGRAM_MAX = 400, KEPT = 8, TORRENTS = 4, PEERS_PER_TORRENT = 8 };

/* The last queries of the node. */
struct outside {
    bool may_send; /* false: the node was given what is not a query */
    struct endpoint to[KEPT];
    uint8_t data[KEPT][DHT_DATAGRAM_MAX];
    size_t len[KEPT];
    size_t sent;
    uint64_t now_ms;
};

static void send_datagram(void *context, const struct endpoint *to, struct bytes data) {
    struct outside *outside = context;
    struct krpc_message message;
    assert(outside->may_send && data.len > 0 && data.len <= DHT_DATAGRAM_MAX);
    assert(krpc_read(data, &message));
    assert(endpoint_is_usable(to) && endpoint_port(to) != 0);
    const size_t place = outside->sent++ % KEPT;
    outside->to[place] = *to;
    outside->len[place] = data.len;
    memcpy(outside->data[place], data.data, data.len);
}

static void note_found(void *context, const struct endpoint *peers, size_t count) {
    (void)context;
    for (size_t i = 0; i < count; i++)
        assert(endpoint_is_usable(&peers[i]) && endpoint_port(&peers[i]) != 0);
}

static struct endpoint sender_of(uint8_t number) {
    struct endpoint v4 = { .family = FAMILY_V4, .wire = { 10, 0, 0, 0, 0x1a, 0xe1 } };
    struct endpoint v6 = { .family = FAMILY_V6, .wire = { 0xfd, [15] = 1, [16] = 0x1a } };
    v4.wire[0] = number & 1 ? 80 : 10;
    v4.wire[3] = number;
    v6.wire[15] = number;
    return number % SENDERS < SENDERS / 2 ? v4 : v6;
}

static uint8_t take_byte(struct bytes *input) {
    if (input->len == 0)
        return 0;
    input->len--;
    return *input->data++;
}

/* Passes a copy of the exact size, so that a sanitizer sees a read past its end. */
static void give(struct dht_node *node, struct outside *outside, struct bytes datagram,
                 const struct endpoint *from) {
    struct krpc_message message;
    uint8_t *copy = malloc(datagram.len + 1);
    assert(copy != NULL);
    memcpy(copy, datagram.data, datagram.len);
    const struct bytes data = { copy, datagram.len };
    outside->may_send = krpc_read(data, &message) && message.kind == KRPC_QUERY;
    dht_node_receive(node, data, from, outside->now_ms);
    outside->may_send = true;
    free(copy);
}

static void give_datagram(struct dht_node *node, struct outside *outside, struct bytes *input,
                          uint8_t number) {
    const struct endpoint from = sender_of(number);
    size_t len = (size_t)take_byte(input) * 2;
    len = len < input->len ? len : input->len;
    const struct bytes datagram = { input->data, len };
    *input = (struct bytes){ input->data + len, input->len - len };
    give(node, outside, datagram, &from);
}

/* A reply with nodes and values of the input's, to one of the last queries. */
static void give_reply(struct dht_node *node, struct outside *outside, struct bytes *input,
                       uint8_t number) {
    uint8_t data[KRPC_MESSAGE_MAX];
    const size_t place = number % KEPT;
    const struct endpoint from = outside->to[place];
    struct krpc_message query;
    struct krpc_message reply = { .kind = KRPC_REPLY };
    if (place >= outside->sent ||
        !krpc_read((struct bytes){ outside->data[place], outside->len[place] }, &query) ||
        query.kind != KRPC_QUERY)
        return;
    const size_t len = input->len < 114 ? input->len : 114;
    reply.transaction = query.transaction;
    reply.id[0] = take_byte(input);
    reply.nodes = reply.nodes6 = (struct bytes){ input->data, input->len < len ? 0 : len };
    reply.token = bytes_of("token");
    size_t written = krpc_write(data, sizeof data, &reply);
    const uint8_t at = take_byte(input);
    const uint8_t change = take_byte(input);
    if (at < written)
        data[at] ^= change;
    give(node, outside, (struct bytes){ data, written }, &from);
}

static void give_query(struct dht_node *node, struct outside *outside,
                       const struct krpc_message *query, const struct endpoint *from) {
    uint8_t data[KRPC_MESSAGE_MAX];
    give(node, outside, (struct bytes){ data, krpc_write(data, sizeof data, query) }, from);
}

/* A peer of one of the torrents, with the token that the node gives its sender. */
static void announce(struct dht_node *node, struct outside *outside, struct bytes *input,
                     uint8_t number) {
    const struct endpoint from = sender_of(number);
    const size_t place = outside->sent % KEPT;
    const size_t sent = outside->sent;
    struct krpc_message reply;
    struct krpc_message query = {
        .method = KRPC_GET_PEERS,
        .transaction = bytes_of("aa"),
        .target = { take_byte(input) },
    };
    give_query(node, outside, &query, &from);
    if (outside->sent == sent) /* too many queries */
        return;
    assert(krpc_read((struct bytes){ outside->data[place], outside->len[place] }, &reply));
    query.method = KRPC_ANNOUNCE_PEER;
    query.token = reply.token;
    query.port = (uint16_t)(take_byte(input) + 1);
    give_query(node, outside, &query, &from);
}

static void take_step(struct dht_node *node, struct outside *outside, struct bytes *input) {
    const uint8_t action = take_byte(input);
    const uint8_t number = take_byte(input);
    uint8_t info_hash[NODE_ID_LEN] = { number };
    const struct endpoint endpoint = sender_of(number);
    const struct node_contact contact = { .id = { number }, .endpoint = endpoint };
    switch (action & 7) {
    case 0:
        dht_node_look_up(node, info_hash, note_found, NULL, outside->now_ms);
        break;
    case 1:
        dht_node_add_saved(node, &contact);
        break;
    case 2:
        dht_node_cancel(node, number);
        break;
    case 3:
        dht_node_add_bootstrap(node, &endpoint);
        break;
    case 4:
        give_reply(node, outside, input, number);
        break;
    case 5:
        announce(node, outside, input, number);
        break;
    default:
        give_datagram(node, outside, input, number);
        break;
    }
    outside->now_ms += (uint64_t)(action >> 3) * (action >> 3) * 20;
    assert(dht_node_wake(node, outside->now_ms) > outside->now_ms);
}

static void check_stored(const struct dht_node *node, const struct dht_statistics *statistics,
                         uint64_t now_ms) {
    struct stored_torrent torrents[TORRENTS + 1];
    struct stored_peer peers[PEERS_PER_TORRENT + 1];
    size_t listed = 0;
    const size_t count = dht_node_list_torrents(node, torrents, TORRENTS + 1, now_ms);
    assert(count <= statistics->torrents && statistics->torrents <= TORRENTS);
    for (size_t i = 0; i < count; i++) {
        listed += torrents[i].peers;
        assert(torrents[i].peers == dht_node_list_peers(node, torrents[i].info_hash, peers,
                                                        PEERS_PER_TORRENT + 1, now_ms));
    }
    assert(listed <= statistics->peers);
}

static void check_lists(const struct dht_node *node, const struct outside *outside) {
    static struct dht_known_node nodes[DHT_NODES_MAX];
    struct dht_statistics statistics;
    dht_node_statistics(node, &statistics, outside->now_ms);
    const size_t count = dht_node_list(node, nodes, DHT_NODES_MAX, outside->now_ms);
    size_t listed = 0;
    for (size_t i = 0; i < count; i++) {
        assert(node_id_valid(nodes[i].contact.id, &nodes[i].contact.endpoint));
        listed += nodes[i].state == DHT_NODE_GOOD;
    }
    assert(listed == statistics.ipv4.good + statistics.ipv6.good);
    assert(statistics.peers <= 32 && statistics.sent == outside->sent);
    check_stored(node, &statistics, outside->now_ms);
}

FUZZ_TARGET(dht_node, 7) {
    struct outside *outside = calloc(1, sizeof *outside);
    assert(outside != NULL);
    struct dht_options options = {
        .ipv4 = true,
        .ipv6 = true,
        .secret = { .half = { 1, 2 } },
        .limits = { .peers = 32,
                    .torrents = TORRENTS,
                    .peers_per_torrent = PEERS_PER_TORRENT,
                    .peers_per_address = 8,
                    .peer_ttl_s = 60,
                    .replies_per_s = 50,
                    .replies_per_address_per_s = 10 },
        .callbacks = { .context = outside, .send = send_datagram },
    };
    struct bytes input = { data, size };
    outside->now_ms = 1000;
    outside->may_send = true;
    struct dht_node *node = dht_node_create(&options, outside->now_ms);
    assert(node != NULL);
    while (input.len > 0)
        take_step(node, outside, &input);
    check_lists(node, outside);
    dht_node_delete(node);
    free(outside);
}
