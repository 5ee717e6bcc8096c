/* One node, and the datagrams that a test exchanges with it. */
#include "dht/dht_node.h"

#include <stdlib.h>

#include "dht/dht_network.h"
#include "dht/krpc.h"
#include "support.h"

#define START_MS 1000000ULL

/* What the node has sent, its tracker's answers, and its lookup's results. */
static struct {
    struct endpoint to[64];
    uint8_t data[64][DHT_DATAGRAM_MAX];
    size_t len[64];
    size_t count;

    uint32_t peers; /* that the tracker has */
    bool refuses;
    enum dht_announce announce;
    struct endpoint announced;

    struct endpoint found[64];
    size_t found_count, ends;
} outside;

static void send_datagram(void *context, const struct endpoint *to, struct bytes data) {
    (void)context;
    REQUIRE(outside.count < COUNT_OF(outside.to) && data.len <= DHT_DATAGRAM_MAX);
    outside.to[outside.count] = *to;
    memcpy(outside.data[outside.count], data.data, data.len);
    outside.len[outside.count++] = data.len;
}

static bool get_peers(void *context, const uint8_t info_hash[static NODE_ID_LEN],
                      const struct endpoint *requester, struct writer *peers) {
    (void)context;
    (void)info_hash;
    for (uint32_t i = 0; i < outside.peers && !peers->failed; i++) {
        const struct endpoint peer = numbered_endpoint(requester->family, 1000 + i);
        writer_put(peers, peer.wire, endpoint_len(peer.family));
    }
    return !outside.refuses;
}

static enum dht_announce announce_peer(void *context, const uint8_t info_hash[static NODE_ID_LEN],
                                       const struct endpoint *peer) {
    (void)context;
    (void)info_hash;
    outside.announced = *peer;
    return outside.announce;
}

static void note_found(void *context, const struct endpoint *peers, size_t count) {
    (void)context;
    for (size_t i = 0; i < count && outside.found_count < COUNT_OF(outside.found); i++)
        outside.found[outside.found_count++] = peers[i];
    outside.ends += count == 0;
}

static struct dht_options default_options(void) {
    return (struct dht_options){
        .ipv4 = true,
        .ipv6 = true,
        .secret = { .half = { 3, 4 } },
        .limits = dht_network_limits,
        .callbacks = { .send = send_datagram,
                       .get_peers = get_peers,
                       .announce_peer = announce_peer },
    };
}

static struct dht_node *create_node(const struct dht_options *options) {
    memset(&outside, 0, sizeof outside);
    outside.announce = DHT_ANNOUNCE_STORE;
    struct dht_node *node = dht_node_create(options, START_MS);
    ck_assert_ptr_nonnull(node);
    dht_node_wake(node, START_MS);
    ck_assert_uint_eq(outside.count, 0);
    return node;
}

static struct dht_node *create_default_node(void) {
    const struct dht_options options = default_options();
    return create_node(&options);
}

/* A node of the network, with an id that is valid for its address. */
static struct node_contact contact_at(const char *address, uint16_t port) {
    struct node_contact contact = { .endpoint = endpoint_at(address, port) };
    struct random random = { .state = port };
    node_id_make(contact.id, &contact.endpoint, &random);
    return contact;
}

static struct krpc_message query_of(const struct node_contact *from, enum krpc_method method) {
    struct krpc_message query = { .method = method, .transaction = bytes_of("aa") };
    memcpy(query.id, from->id, NODE_ID_LEN);
    numbered_id(query.target, 7);
    return query;
}

static size_t give(struct dht_node *node, const struct krpc_message *message,
                   const struct endpoint *from, uint64_t now_ms) {
    uint8_t data[DHT_DATAGRAM_MAX];
    const size_t len = krpc_write(data, sizeof data, message);
    ck_assert_uint_gt(len, 0);
    outside.count = 0;
    dht_node_receive(node, (struct bytes){ data, len }, from, now_ms);
    return len;
}

static struct krpc_message sent_message(size_t number) {
    struct krpc_message message;
    ck_assert_uint_lt(number, outside.count);
    ck_assert(krpc_read((struct bytes){ outside.data[number], outside.len[number] }, &message));
    return message;
}

/* The number of the query of this method among the messages that were sent. */
static size_t sent_query(enum krpc_method method) {
    size_t number = 0;
    while (sent_message(number).kind != KRPC_QUERY || sent_message(number).method != method)
        number++;
    return number;
}

/* The reply to a query, which must be the first that was sent. */
static struct krpc_message answer_to(struct dht_node *node, const struct krpc_message *query,
                                     const struct endpoint *from, uint64_t now_ms) {
    give(node, query, from, now_ms);
    const struct krpc_message reply = sent_message(0);
    ck_assert(endpoint_equal(&outside.to[0], from));
    assert_bytes(reply.transaction, query->transaction);
    return reply;
}

/* Answers one of the datagrams that the node sent last, a query. */
static void reply_to(struct dht_node *node, size_t number, const struct node_contact *from,
                     const struct krpc_message *contents, uint64_t now_ms) {
    uint8_t transaction[KRPC_TRANSACTION_MAX];
    struct krpc_message reply = *contents;
    const struct krpc_message query = sent_message(number);
    ck_assert_int_eq(query.kind, KRPC_QUERY);
    memcpy(transaction, query.transaction.data, query.transaction.len);
    if (reply.kind != KRPC_ERROR)
        reply.kind = KRPC_REPLY;
    reply.transaction = (struct bytes){ transaction, query.transaction.len };
    memcpy(reply.id, from->id, NODE_ID_LEN);
    give(node, &reply, &from->endpoint, now_ms);
}

static struct dht_statistics statistics_of(const struct dht_node *node, uint64_t now_ms) {
    struct dht_statistics statistics;
    dht_node_statistics(node, &statistics, now_ms);
    return statistics;
}

/* Makes a node known: it sends a ping, is pinged and replies. */
static void introduce(struct dht_node *node, const struct node_contact *contact, uint64_t now_ms) {
    const struct krpc_message ping = query_of(contact, KRPC_PING);
    give(node, &ping, &contact->endpoint, now_ms);
    ck_assert_uint_eq(outside.count, 2);
    ck_assert_int_eq(sent_message(1).method, KRPC_PING);
    reply_to(node, 1, contact, &(struct krpc_message){ 0 }, now_ms);
    ck_assert_uint_eq(outside.count, 0);
}

static size_t count_values(struct bytes values, const struct endpoint *wanted) {
    struct endpoint peer;
    size_t count = 0;
    while (krpc_take_value(&values, &peer))
        count += wanted == NULL || endpoint_equal(&peer, wanted);
    return count;
}

START_TEST(memory_stays_below_4_mib) {
    struct dht_node *node = create_default_node();
    ck_assert_uint_lt(statistics_of(node, START_MS).memory, 4 << 20);
    dht_node_delete(node);
}
END_TEST

START_TEST(ping_is_answered_with_the_address_of_its_sender) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at("198.51.100.7", 6881);
    const struct krpc_message query = query_of(&sender, KRPC_PING);
    const struct krpc_message reply = answer_to(node, &query, &sender.endpoint, START_MS);
    uint8_t id[NODE_ID_LEN];
    dht_node_id(node, FAMILY_V4, id);
    ck_assert_int_eq(reply.kind, KRPC_REPLY);
    ck_assert_mem_eq(reply.id, id, NODE_ID_LEN);
    assert_bytes(reply.ip, (struct bytes){ sender.endpoint.wire, ENDPOINT_V4_LEN });
    dht_node_delete(node);
}
END_TEST

START_TEST(node_is_given_to_others_once_it_has_replied) {
    struct dht_node *node = create_default_node();
    const struct node_contact known = contact_at("198.51.100.7", 6881);
    const struct node_contact other = contact_at("203.0.113.1", 6881);
    const struct krpc_message query = query_of(&other, KRPC_FIND_NODE);
    give(node,
         &(struct krpc_message){ .method = KRPC_PING, .transaction = bytes_of("aa"), .id = { 1 } },
         &known.endpoint, START_MS);
    ck_assert_uint_eq(answer_to(node, &query, &other.endpoint, START_MS).nodes.len, 0);
    introduce(node, &known, START_MS);
    struct krpc_message reply = answer_to(node, &query, &other.endpoint, START_MS);
    struct node_contact given;
    ck_assert_uint_eq(reply.nodes.len, 26);
    ck_assert(krpc_take_node(&reply.nodes, FAMILY_V4, &given));
    ck_assert(endpoint_equal(&given.endpoint, &known.endpoint));
    ck_assert_mem_eq(given.id, known.id, NODE_ID_LEN);
    dht_node_delete(node);
}
END_TEST

START_TEST(read_only_node_is_answered_but_not_pinged) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at("198.51.100.7", 6881);
    struct krpc_message query = query_of(&sender, KRPC_PING);
    query.read_only = true;
    give(node, &query, &sender.endpoint, START_MS);
    ck_assert_uint_eq(outside.count, 1);
    dht_node_delete(node);
}
END_TEST

START_TEST(id_that_is_not_valid_for_a_public_address_is_not_pinged) {
    struct dht_node *node = create_default_node();
    struct node_contact sender = contact_at("198.51.100.7", 6881);
    sender.id[0] ^= 0x80;
    const struct krpc_message query = query_of(&sender, KRPC_PING);
    give(node, &query, &sender.endpoint, START_MS);
    ck_assert_uint_eq(outside.count, 1);
    sender.endpoint = endpoint_at("192.168.1.7", 6881);
    introduce(node, &sender, START_MS);
    ck_assert_uint_eq(statistics_of(node, START_MS).ipv4.good, 1);
    dht_node_delete(node);
}
END_TEST

static const struct {
    unsigned want;
    bool v4, v6;
} wants[] = {
    { 0, true, false },
    { KRPC_WANT_V4, true, false },
    { KRPC_WANT_V6, false, true },
    { KRPC_WANT_V4 | KRPC_WANT_V6, true, true },
};

START_TEST(reply_has_nodes_of_the_wanted_families) {
    struct dht_node *node = create_default_node();
    const struct node_contact v4 = contact_at("198.51.100.7", 6881);
    const struct node_contact v6 = contact_at("2001:db8::7", 6881);
    const struct node_contact sender = contact_at("203.0.113.1", 6881);
    introduce(node, &v4, START_MS);
    introduce(node, &v6, START_MS);
    struct krpc_message query = query_of(&sender, KRPC_GET_PEERS);
    query.want = wants[_i].want;
    const struct krpc_message reply = answer_to(node, &query, &sender.endpoint, START_MS);
    ck_assert_uint_eq(reply.nodes.len, wants[_i].v4 ? 26 : 0);
    ck_assert_uint_eq(reply.nodes6.len, wants[_i].v6 ? 38 : 0);
    dht_node_delete(node);
}
END_TEST

START_TEST(private_nodes_are_given_to_private_requesters_only) {
    struct dht_node *node = create_default_node();
    const struct node_contact known = contact_at("192.168.1.7", 6881);
    const struct node_contact inside = contact_at("10.0.0.1", 6881);
    const struct node_contact public = contact_at("203.0.113.1", 6881);
    introduce(node, &known, START_MS);
    struct krpc_message query = query_of(&inside, KRPC_FIND_NODE);
    ck_assert_uint_eq(answer_to(node, &query, &inside.endpoint, START_MS).nodes.len, 26);
    query = query_of(&public, KRPC_FIND_NODE);
    ck_assert_uint_eq(answer_to(node, &query, &public.endpoint, START_MS).nodes.len, 0);
    dht_node_delete(node);
}
END_TEST

/* Asks for a token, which it keeps in `token`, and makes the query that announces port 7000. */
static struct krpc_message announce_of(struct dht_node *node, const struct node_contact *sender,
                                       uint8_t token[static KRPC_TOKEN_MAX], uint64_t now_ms) {
    struct krpc_message query = query_of(sender, KRPC_GET_PEERS);
    const struct krpc_message reply = answer_to(node, &query, &sender->endpoint, now_ms);
    memcpy(token, reply.token.data, reply.token.len);
    query.method = KRPC_ANNOUNCE_PEER;
    query.token = (struct bytes){ token, reply.token.len };
    query.port = 7000;
    return query;
}

/* Announces a peer with a token of its own; returns the error, or 0. */
static int64_t announce(struct dht_node *node, const struct node_contact *sender, bool implied_port,
                        uint64_t now_ms) {
    uint8_t token[KRPC_TOKEN_MAX];
    struct krpc_message query = announce_of(node, sender, token, now_ms);
    query.implied_port = implied_port;
    return answer_to(node, &query, &sender->endpoint, now_ms).error;
}

static const char *const families[] = { "198.51.100.7", "2001:db8::7" };

START_TEST(announced_peer_is_given_until_it_expires) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at(families[_i], 6881);
    const struct endpoint peer = endpoint_at(families[_i], 7000);
    const struct endpoint implied = endpoint_at(families[_i], 6881);
    const struct krpc_message query = query_of(&sender, KRPC_GET_PEERS);
    const uint64_t late_ms = START_MS + 1801000;
    ck_assert_int_eq(announce(node, &sender, false, START_MS), 0);
    ck_assert_int_eq(announce(node, &sender, true, START_MS), 0);
    struct krpc_message reply = answer_to(node, &query, &sender.endpoint, START_MS);
    ck_assert_uint_eq(count_values(reply.values, NULL), 2);
    ck_assert_uint_eq(count_values(reply.values, &peer), 1);
    ck_assert_uint_eq(count_values(reply.values, &implied), 1);
    ck_assert_uint_eq(statistics_of(node, START_MS).peers, 2);
    reply = answer_to(node, &query, &sender.endpoint, late_ms);
    ck_assert_uint_eq(count_values(reply.values, NULL), 0);
    dht_node_delete(node);
}
END_TEST

START_TEST(tracker_decides_what_becomes_of_a_peer) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at("198.51.100.7", 6881);
    const struct endpoint peer = endpoint_at("198.51.100.7", 7000);
    outside.announce = DHT_ANNOUNCE_TAKEN;
    ck_assert_int_eq(announce(node, &sender, false, START_MS), 0);
    ck_assert(endpoint_equal(&outside.announced, &peer));
    outside.announce = DHT_ANNOUNCE_REFUSED;
    ck_assert_int_eq(announce(node, &sender, false, START_MS), KRPC_GENERIC_ERROR);
    const struct dht_statistics statistics = statistics_of(node, START_MS);
    ck_assert_uint_eq(statistics.peers, 0);
    ck_assert_uint_eq(statistics.announces_taken, 1);
    ck_assert_uint_eq(statistics.announces_refused, 1);
    dht_node_delete(node);
}
END_TEST

START_TEST(token_of_another_address_is_refused) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at("198.51.100.7", 6881);
    const struct endpoint other = endpoint_at("198.51.100.8", 6881);
    uint8_t token[KRPC_TOKEN_MAX];
    const struct krpc_message query = announce_of(node, &sender, token, START_MS);
    ck_assert_int_eq(answer_to(node, &query, &other, START_MS).error, KRPC_PROTOCOL_ERROR);
    ck_assert_uint_eq(statistics_of(node, START_MS).invalid_tokens, 1);
    ck_assert_uint_eq(statistics_of(node, START_MS).peers, 0);
    dht_node_delete(node);
}
END_TEST

START_TEST(old_token_is_refused) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at("198.51.100.7", 6881);
    uint8_t token[KRPC_TOKEN_MAX];
    const struct krpc_message query = announce_of(node, &sender, token, START_MS);
    const uint64_t late_ms = START_MS + 600000;
    ck_assert_int_eq(answer_to(node, &query, &sender.endpoint, START_MS + 299000).error, 0);
    ck_assert_int_eq(answer_to(node, &query, &sender.endpoint, late_ms).error, KRPC_PROTOCOL_ERROR);
    dht_node_delete(node);
}
END_TEST

START_TEST(refused_torrent_has_no_values) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at("198.51.100.7", 6881);
    const struct krpc_message query = query_of(&sender, KRPC_GET_PEERS);
    ck_assert_int_eq(announce(node, &sender, false, START_MS), 0);
    outside.peers = 3;
    struct krpc_message reply = answer_to(node, &query, &sender.endpoint, START_MS);
    ck_assert_uint_eq(count_values(reply.values, NULL), 4);
    outside.refuses = true;
    reply = answer_to(node, &query, &sender.endpoint, START_MS);
    ck_assert_uint_eq(count_values(reply.values, NULL), 0);
    ck_assert_uint_gt(reply.token.len, 0);
    dht_node_delete(node);
}
END_TEST

/* The figure of dht_node.h. */
START_TEST(reply_has_at_most_11_times_the_bytes_of_its_query) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at(families[_i], 6881);
    for (uint32_t i = 0; i < 16; i++) {
        const uint64_t now_ms = START_MS + i / 8 * 1000;
        struct node_contact known = { .endpoint =
                                          numbered_endpoint(i % 2 ? FAMILY_V6 : FAMILY_V4, i) };
        if (known.endpoint.family == FAMILY_V6)
            known.endpoint.wire[7] = (uint8_t)i;
        struct random random = { .state = i };
        node_id_make(known.id, &known.endpoint, &random);
        dht_node_wake(node, now_ms);
        introduce(node, &known, now_ms);
    }
    outside.peers = 100;
    struct krpc_message query = query_of(&sender, KRPC_GET_PEERS);
    query.transaction.len = 1;
    query.want = KRPC_WANT_V4 | KRPC_WANT_V6;
    const size_t query_len = give(node, &query, &sender.endpoint, START_MS + 2000);
    ck_assert_uint_eq(sent_message(0).nodes.len, 208);
    ck_assert_uint_eq(sent_message(0).nodes6.len, 304);
    ck_assert_uint_ge(count_values(sent_message(0).values, NULL), _i == 0 ? 62 : 23);
    ck_assert_uint_gt(outside.len[0], 1000);
    ck_assert_uint_le(outside.len[0], 11 * query_len);
    dht_node_delete(node);
}
END_TEST

START_TEST(replies_to_an_address_are_limited) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at("2001:db8::7", 6881);
    const struct node_contact neighbour = contact_at("2001:db8::ffff:8", 6881);
    const struct node_contact other = contact_at("2001:db8:0:1::8", 6881);
    const struct krpc_message query = query_of(&sender, KRPC_PING);
    for (int i = 0; i < 40; i++)
        answer_to(node, &query, &sender.endpoint, START_MS);
    give(node, &query, &sender.endpoint, START_MS);
    ck_assert_uint_eq(outside.count, 0);
    give(node, &query, &neighbour.endpoint, START_MS);
    ck_assert_uint_eq(outside.count, 0);
    answer_to(node, &query, &other.endpoint, START_MS);
    answer_to(node, &query, &sender.endpoint, START_MS + 100);
    ck_assert_uint_eq(statistics_of(node, START_MS).limited, 2);
    dht_node_delete(node);
}
END_TEST

static const char *const unanswered[] = {
    "",
    "d1:y1:qe",
    "d1:rd2:id20:abcdefghij0123456789e1:t8:abcdefgh1:y1:re",
    "d1:eli204e14:Method Unknowne1:t8:abcdefgh1:y1:ee",
    "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t0:1:y1:qe",
};

START_TEST(what_is_not_a_query_is_not_answered) {
    struct dht_node *node = create_default_node();
    const struct endpoint sender = endpoint_at("192.168.1.7", 6881);
    dht_node_receive(node, bytes_of(unanswered[_i]), &sender, START_MS);
    ck_assert_uint_eq(outside.count, 0);
    ck_assert_uint_eq(statistics_of(node, START_MS).ignored, 1);
    dht_node_delete(node);
}
END_TEST

static const struct {
    const char *address;
    uint16_t port;
} senders[] = {
    { "198.51.100.7", 0 },       { "0.0.0.0", 6881 }, { "224.0.0.1", 6881 },
    { "255.255.255.255", 6881 }, { "::", 6881 },      { "ff02::1", 6881 },
};

START_TEST(sender_that_cannot_be_answered_is_ignored) {
    struct dht_node *node = create_default_node();
    const struct node_contact sender = contact_at(senders[_i].address, senders[_i].port);
    const struct krpc_message query = query_of(&sender, KRPC_PING);
    give(node, &query, &sender.endpoint, START_MS);
    ck_assert_uint_eq(outside.count, 0);
    dht_node_delete(node);
}
END_TEST

START_TEST(mapped_address_is_ignored) {
    struct dht_node *node = create_default_node();
    struct node_contact sender = contact_at("2001:db8::1", 6881);
    static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, 198, 51, 100, 7 };
    memcpy(sender.endpoint.wire, mapped, sizeof mapped);
    const struct krpc_message query = query_of(&sender, KRPC_PING);
    give(node, &query, &sender.endpoint, START_MS);
    ck_assert_uint_eq(outside.count, 0);
    dht_node_delete(node);
}
END_TEST

START_TEST(disabled_family_is_ignored) {
    struct dht_options options = default_options();
    options.ipv6 = false;
    struct dht_node *node = create_node(&options);
    const struct node_contact v6 = contact_at("2001:db8::1", 6881);
    const struct node_contact v4 = contact_at("198.51.100.7", 6881);
    struct krpc_message query = query_of(&v6, KRPC_PING);
    give(node, &query, &v6.endpoint, START_MS);
    ck_assert_uint_eq(outside.count, 0);
    query = query_of(&v4, KRPC_FIND_NODE);
    query.want = KRPC_WANT_V6;
    ck_assert_uint_eq(answer_to(node, &query, &v4.endpoint, START_MS).nodes6.len, 0);
    dht_node_delete(node);
}
END_TEST

START_TEST(bootstrap_node_is_asked_for_our_own_id) {
    struct dht_node *node = create_default_node();
    const struct node_contact first = contact_at("198.51.100.7", 6881);
    const struct node_contact second = contact_at("203.0.113.1", 6881);
    uint8_t id[NODE_ID_LEN], nodes[64];
    dht_node_add_bootstrap(node, &first.endpoint);
    dht_node_wake(node, START_MS);
    ck_assert_uint_eq(outside.count, 1);
    ck_assert(endpoint_equal(&outside.to[0], &first.endpoint));
    dht_node_id(node, FAMILY_V4, id);
    ck_assert_mem_eq(sent_message(0).target, id, NODE_ID_LEN);
    struct writer w = writer_on(nodes, sizeof nodes);
    krpc_put_node(&w, &second);
    reply_to(node, 0, &first, &(struct krpc_message){ .nodes = { nodes, w.len } }, START_MS + 10);
    dht_node_wake(node, START_MS + 10);
    ck_assert_uint_eq(outside.count, 1);
    ck_assert(endpoint_equal(&outside.to[0], &second.endpoint));
    ck_assert_uint_eq(statistics_of(node, START_MS).ipv4.good, 1);
    dht_node_delete(node);
}
END_TEST

START_TEST(nodes_of_the_other_family_are_asked_for_and_pinged) {
    struct dht_node *node = create_default_node();
    const struct node_contact v4 = contact_at("198.51.100.7", 6881);
    const struct node_contact v6 = contact_at("2001:db8::7", 6881);
    const struct node_contact private_v6 = contact_at("fd00::7", 6881);
    uint8_t nodes6[3 * 38];
    struct writer w = writer_on(nodes6, sizeof nodes6);
    krpc_put_node(&w, &private_v6);
    krpc_put_node(&w, &v6);
    dht_node_add_bootstrap(node, &v4.endpoint);
    dht_node_wake(node, START_MS);
    ck_assert_uint_eq(sent_message(0).want, KRPC_WANT_V4 | KRPC_WANT_V6);
    reply_to(node, 0, &v4, &(struct krpc_message){ .nodes6 = { nodes6, w.len } }, START_MS);
    ck_assert_uint_eq(outside.count, 0);
    dht_node_wake(node, START_MS + 1000);
    ck_assert(endpoint_equal(&outside.to[sent_query(KRPC_PING)], &v6.endpoint));
    reply_to(node, sent_query(KRPC_PING), &v6, &(struct krpc_message){ 0 }, START_MS + 1000);
    ck_assert_uint_eq(statistics_of(node, START_MS + 1000).ipv6.good, 1);
    dht_node_delete(node);
}
END_TEST

START_TEST(forgotten_bootstrap_node_is_not_asked) {
    struct dht_node *node = create_default_node();
    const struct endpoint first = endpoint_at("192.168.1.7", 6881);
    const struct endpoint second = endpoint_at("192.168.1.8", 6881);
    dht_node_add_bootstrap(node, &first);
    dht_node_clear_bootstrap(node);
    dht_node_add_bootstrap(node, &second);
    dht_node_wake(node, START_MS);
    ck_assert_uint_eq(outside.count, 1);
    ck_assert(endpoint_equal(&outside.to[0], &second));
    dht_node_delete(node);
}
END_TEST

START_TEST(bootstrap_node_is_asked_again_if_it_does_not_reply) {
    struct dht_node *node = create_default_node();
    const struct endpoint bootstrap = endpoint_at("192.168.1.7", 6881);
    dht_node_add_bootstrap(node, &bootstrap);
    uint64_t now_ms = START_MS;
    for (uint64_t end_ms = START_MS + 60000; now_ms < end_ms;) {
        const uint64_t next_ms = dht_node_wake(node, now_ms);
        ck_assert_uint_gt(next_ms, now_ms);
        now_ms = next_ms;
    }
    ck_assert_uint_ge(outside.count, 3);
    ck_assert_uint_le(outside.count, 6);
    ck_assert_uint_ge(statistics_of(node, now_ms).timeouts, 2);
    dht_node_delete(node);
}
END_TEST

START_TEST(saved_node_is_pinged_first) {
    struct dht_node *node = create_default_node();
    const struct node_contact saved = contact_at("198.51.100.7", 6881);
    struct dht_known_node known;
    dht_node_add_saved(node, &saved);
    ck_assert_uint_eq(dht_node_list(node, &known, 1, START_MS), 1);
    ck_assert_int_eq(known.state, DHT_NODE_QUESTIONABLE);
    ck_assert_uint_eq(known.seen_s, UINT32_MAX);
    const struct node_contact other = contact_at("203.0.113.1", 6881);
    struct krpc_message query = query_of(&other, KRPC_FIND_NODE);
    query.read_only = true;
    ck_assert_uint_eq(answer_to(node, &query, &other.endpoint, START_MS).nodes.len, 0);
    outside.count = 0;
    dht_node_wake(node, START_MS);
    ck_assert_int_eq(sent_message(0).method, KRPC_PING);
    reply_to(node, 0, &saved, &(struct krpc_message){ 0 }, START_MS);
    ck_assert_uint_eq(dht_node_list(node, &known, 1, START_MS + 5000), 1);
    ck_assert_int_eq(known.state, DHT_NODE_GOOD);
    ck_assert_uint_eq(known.seen_s, 5);
    dht_node_delete(node);
}
END_TEST

START_TEST(saved_id_is_kept_if_it_is_valid) {
    struct dht_options options = default_options();
    struct random random = { .state = 1 };
    uint8_t id[NODE_ID_LEN];
    options.external_ipv4 = endpoint_at("198.51.100.7", 0);
    node_id_make(options.saved_id_ipv4, &options.external_ipv4, &random);
    memset(options.saved_id_ipv6, 0x55, NODE_ID_LEN);
    struct dht_node *node = create_node(&options);
    dht_node_id(node, FAMILY_V4, id);
    ck_assert_mem_eq(id, options.saved_id_ipv4, NODE_ID_LEN);
    dht_node_id(node, FAMILY_V6, id);
    ck_assert_mem_eq(id, options.saved_id_ipv6, NODE_ID_LEN);
    dht_node_delete(node);
    options.external_ipv4 = endpoint_at("203.0.113.1", 0);
    node = create_node(&options);
    dht_node_id(node, FAMILY_V4, id);
    ck_assert(node_id_valid(id, &options.external_ipv4));
    dht_node_delete(node);
}
END_TEST

/* A node with a new id sends a ping, and its reply to the ping that follows has our address. */
static void vote(struct dht_node *node, const struct endpoint *voter, const struct endpoint *own,
                 uint32_t number) {
    struct node_contact contact = { .endpoint = *voter };
    struct random random = { .state = number };
    const uint64_t now_ms = START_MS + 1000ULL * number;
    node_id_make(contact.id, voter, &random);
    const struct krpc_message ping = query_of(&contact, KRPC_PING);
    dht_node_wake(node, now_ms);
    give(node, &ping, voter, now_ms);
    reply_to(node, outside.count - 1, &contact,
             &(struct krpc_message){ .ip = { own->wire, ENDPOINT_V4_LEN } }, now_ms);
}

START_TEST(address_is_learned_from_the_replies_of_several_nodes) {
    struct dht_node *node = create_default_node();
    const struct endpoint own = endpoint_at("203.0.113.9", 6970);
    uint8_t id[NODE_ID_LEN];
    for (uint32_t i = 0; i < 8; i++) {
        const struct endpoint voter = numbered_endpoint(FAMILY_V4, i);
        ck_assert(i > 4 || statistics_of(node, START_MS).ipv4.external.family == FAMILY_NONE);
        vote(node, &voter, &own, i);
    }
    dht_node_id(node, FAMILY_V4, id);
    const struct dht_statistics statistics = statistics_of(node, START_MS + 9000);
    ck_assert(endpoint_same_address(&statistics.ipv4.external, &own));
    ck_assert(node_id_valid(id, &own));
    ck_assert_uint_eq(statistics.ipv4.good, 8);
    dht_node_delete(node);
}
END_TEST

START_TEST(one_node_does_not_decide_the_address) {
    struct dht_node *node = create_default_node();
    const struct endpoint own = endpoint_at("203.0.113.9", 6970);
    const struct endpoint voter = numbered_endpoint(FAMILY_V4, 1);
    for (uint32_t i = 0; i < 8; i++)
        vote(node, &voter, &own, i);
    ck_assert_uint_eq(statistics_of(node, START_MS).ipv4.external.family, FAMILY_NONE);
    dht_node_delete(node);
}
END_TEST

START_TEST(lookup_reports_peers_of_nodes_that_it_asked) {
    struct dht_node *node = create_default_node();
    const struct node_contact known = contact_at("198.51.100.7", 6881);
    const struct endpoint peer = endpoint_at("203.0.113.5", 7000);
    const struct endpoint private_peer = endpoint_at("192.168.1.5", 7000);
    uint8_t info_hash[NODE_ID_LEN], values[64];
    numbered_id(info_hash, 3);
    introduce(node, &known, START_MS);
    ck_assert_uint_ne(dht_node_look_up(node, info_hash, note_found, NULL, START_MS), 0);
    dht_node_wake(node, START_MS);
    const size_t number = sent_query(KRPC_GET_PEERS);
    ck_assert_mem_eq(sent_message(number).target, info_hash, NODE_ID_LEN);
    ck_assert_uint_eq(statistics_of(node, START_MS).lookups, 1);
    struct writer w = writer_on(values, sizeof values);
    krpc_put_value(&w, &peer);
    krpc_put_value(&w, &private_peer);
    const struct krpc_message reply = { .values = { values, w.len } };
    reply_to(node, number, &known, &reply, START_MS + 10);
    ck_assert_uint_eq(outside.found_count, 1);
    ck_assert(endpoint_equal(&outside.found[0], &peer));
    ck_assert_uint_eq(outside.ends, 0);
    dht_node_wake(node, START_MS + 10);
    ck_assert_uint_eq(outside.ends, 1);
    ck_assert_uint_eq(statistics_of(node, START_MS).lookups_with_peers, 1);
    dht_node_delete(node);
}
END_TEST

START_TEST(reply_of_another_sender_or_transaction_is_ignored) {
    struct dht_node *node = create_default_node();
    const struct node_contact known = contact_at("198.51.100.7", 6881);
    const struct node_contact other = contact_at("198.51.100.7", 6882);
    const struct krpc_message ping = query_of(&known, KRPC_PING);
    struct krpc_message reply = { .kind = KRPC_REPLY };
    uint8_t transaction[KRPC_TRANSACTION_MAX];
    give(node, &ping, &known.endpoint, START_MS);
    const struct krpc_message query = sent_message(1);
    memcpy(transaction, query.transaction.data, query.transaction.len);
    reply.transaction = (struct bytes){ transaction, query.transaction.len };
    memcpy(reply.id, known.id, NODE_ID_LEN);
    give(node, &reply, &other.endpoint, START_MS);
    transaction[1] ^= 1;
    give(node, &reply, &known.endpoint, START_MS);
    ck_assert_uint_eq(statistics_of(node, START_MS).ipv4.good, 0);
    ck_assert_uint_eq(statistics_of(node, START_MS).ignored, 2);
    transaction[1] ^= 1;
    give(node, &reply, &known.endpoint, START_MS);
    give(node, &reply, &known.endpoint, START_MS);
    ck_assert_uint_eq(statistics_of(node, START_MS).ipv4.good, 1);
    ck_assert_uint_eq(statistics_of(node, START_MS).ignored, 3);
    dht_node_delete(node);
}
END_TEST

START_TEST(transaction_depends_on_the_secret) {
    struct krpc_message query;
    uint8_t transactions[3][KRPC_TRANSACTION_MAX];
    struct dht_options options = default_options();
    for (uint16_t i = 0; i < 3; i++) {
        const struct node_contact known = contact_at("198.51.100.7", (uint16_t)(6881 + i % 2));
        options.secret.half[0] = i;
        struct dht_node *node = create_node(&options);
        const struct krpc_message ping = query_of(&known, KRPC_PING);
        give(node, &ping, &known.endpoint, START_MS);
        query = sent_message(1);
        ck_assert_uint_ge(query.transaction.len, 8);
        memcpy(transactions[i], query.transaction.data, query.transaction.len);
        for (uint16_t other = 0; other < i; other++)
            ck_assert_mem_ne(transactions[i] + 4, transactions[other] + 4, 4);
        dht_node_delete(node);
    }
}
END_TEST

START_TEST(node_that_answers_with_errors_becomes_bad) {
    struct dht_node *node = create_default_node();
    const struct node_contact known = contact_at("198.51.100.7", 6881);
    const struct krpc_message error = { .kind = KRPC_ERROR, .error = KRPC_SERVER_ERROR };
    const uint8_t info_hash[NODE_ID_LEN] = { 1 };
    introduce(node, &known, START_MS);
    for (uint32_t i = 1; i <= 3; i++) {
        ck_assert_uint_eq(statistics_of(node, START_MS).ipv4.bad, 0);
        ck_assert_uint_ne(dht_node_look_up(node, info_hash, note_found, NULL, START_MS), 0);
        dht_node_wake(node, START_MS);
        reply_to(node, sent_query(KRPC_GET_PEERS), &known, &error, START_MS);
        dht_node_wake(node, START_MS);
        ck_assert_uint_eq(outside.ends, i);
    }
    ck_assert_uint_eq(statistics_of(node, START_MS).ipv4.bad, 1);
    dht_node_delete(node);
}
END_TEST

START_TEST(lookup_ends_if_no_node_replies) {
    struct dht_node *node = create_default_node();
    const struct node_contact known = contact_at("198.51.100.7", 6881);
    uint8_t info_hash[NODE_ID_LEN] = { 1 };
    ck_assert_uint_eq(dht_node_look_up(node, info_hash, note_found, NULL, START_MS), 0);
    introduce(node, &known, START_MS);
    ck_assert_uint_ne(dht_node_look_up(node, info_hash, note_found, NULL, START_MS), 0);
    uint64_t now_ms = START_MS;
    while (outside.ends == 0 && now_ms < START_MS + 60000) {
        outside.count = 0;
        now_ms = dht_node_wake(node, now_ms);
    }
    ck_assert_uint_eq(outside.ends, 1);
    ck_assert_uint_eq(outside.found_count, 0);
    dht_node_delete(node);
}
END_TEST

START_TEST(cancelled_lookup_does_not_call_back) {
    struct dht_node *node = create_default_node();
    const struct node_contact known = contact_at("198.51.100.7", 6881);
    uint8_t info_hash[NODE_ID_LEN] = { 1 };
    uint32_t lookups[2 * DHT_LOOKUPS_MAX];
    introduce(node, &known, START_MS);
    for (size_t i = 0; i < 2 * DHT_LOOKUPS_MAX; i++) {
        lookups[i] = dht_node_look_up(node, info_hash, note_found, NULL, START_MS);
        ck_assert_uint_ne(lookups[i], 0);
    }
    ck_assert_uint_eq(dht_node_look_up(node, info_hash, note_found, NULL, START_MS), 0);
    for (size_t i = 0; i < 2 * DHT_LOOKUPS_MAX; i++)
        dht_node_cancel(node, lookups[i]);
    ck_assert_uint_eq(statistics_of(node, START_MS).lookups, 0);
    outside.count = 0;
    dht_node_wake(node, START_MS + 10000);
    ck_assert_uint_eq(outside.ends, 0);
    dht_node_delete(node);
}
END_TEST

UNIT_SUITE(dht_node) {
    Suite *suite = suite_create("dht_node");
    TCase *answers = tcase_create("answers");
    tcase_add_test(answers, memory_stays_below_4_mib);
    tcase_add_test(answers, ping_is_answered_with_the_address_of_its_sender);
    tcase_add_test(answers, node_is_given_to_others_once_it_has_replied);
    tcase_add_test(answers, read_only_node_is_answered_but_not_pinged);
    tcase_add_test(answers, id_that_is_not_valid_for_a_public_address_is_not_pinged);
    tcase_add_loop_test(answers, reply_has_nodes_of_the_wanted_families, 0, LOOPS_OF(wants));
    tcase_add_test(answers, private_nodes_are_given_to_private_requesters_only);
    tcase_add_loop_test(answers, announced_peer_is_given_until_it_expires, 0, LOOPS_OF(families));
    tcase_add_test(answers, tracker_decides_what_becomes_of_a_peer);
    tcase_add_test(answers, token_of_another_address_is_refused);
    tcase_add_test(answers, old_token_is_refused);
    tcase_add_test(answers, refused_torrent_has_no_values);
    suite_add_tcase(suite, answers);

    TCase *limits = tcase_create("limits");
    tcase_add_loop_test(limits, reply_has_at_most_11_times_the_bytes_of_its_query, 0,
                        LOOPS_OF(families));
    tcase_add_test(limits, replies_to_an_address_are_limited);
    tcase_add_loop_test(limits, what_is_not_a_query_is_not_answered, 0, LOOPS_OF(unanswered));
    tcase_add_loop_test(limits, sender_that_cannot_be_answered_is_ignored, 0, LOOPS_OF(senders));
    tcase_add_test(limits, mapped_address_is_ignored);
    tcase_add_test(limits, disabled_family_is_ignored);
    suite_add_tcase(suite, limits);

    TCase *network = tcase_create("network");
    tcase_add_test(network, bootstrap_node_is_asked_for_our_own_id);
    tcase_add_test(network, nodes_of_the_other_family_are_asked_for_and_pinged);
    tcase_add_test(network, forgotten_bootstrap_node_is_not_asked);
    tcase_add_test(network, bootstrap_node_is_asked_again_if_it_does_not_reply);
    tcase_add_test(network, saved_node_is_pinged_first);
    tcase_add_test(network, saved_id_is_kept_if_it_is_valid);
    tcase_add_test(network, address_is_learned_from_the_replies_of_several_nodes);
    tcase_add_test(network, one_node_does_not_decide_the_address);
    tcase_add_test(network, lookup_reports_peers_of_nodes_that_it_asked);
    tcase_add_test(network, reply_of_another_sender_or_transaction_is_ignored);
    tcase_add_test(network, transaction_depends_on_the_secret);
    tcase_add_test(network, node_that_answers_with_errors_becomes_bad);
    tcase_add_test(network, lookup_ends_if_no_node_replies);
    tcase_add_test(network, cancelled_lookup_does_not_call_back);
    suite_add_tcase(suite, network);
    return suite;
}
