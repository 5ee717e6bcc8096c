#include "dht/krpc.h"

#include <stdio.h>

#include "support.h"

#define ABC_ID "abcdefghij0123456789"
#define MN_ID "mnopqrstuvwxyz123456"

static struct krpc_message read_text(const char *packet) {
    struct krpc_message message;
    ck_assert(krpc_read(bytes_of(packet), &message));
    return message;
}

/* The examples of BEP 5, 32 and 43, and what libtorrent sends without the keys that are skipped. */
static const char *const messages[] = {
    "d1:ad2:id20:" ABC_ID "e1:q4:ping1:t2:aa1:y1:qe",
    "d1:rd2:id20:" MN_ID "e1:t2:aa1:y1:re",
    "d1:ad2:id20:" ABC_ID "6:target20:" MN_ID "e1:q9:find_node1:t2:aa1:y1:qe",
    "d1:ad2:id20:" ABC_ID "6:target20:" MN_ID
    "4:wantl2:n42:n6ee1:q9:find_node2:roi1e1:t2:aa1:y1:qe",
    "d1:ad2:id20:" ABC_ID "9:info_hash20:" MN_ID "e1:q9:get_peers1:t2:aa1:y1:qe",
    "d1:ad2:id20:" ABC_ID "9:info_hash20:" MN_ID "4:wantl2:n6ee1:q9:get_peers1:t2:aa1:y1:qe",
    "d1:rd2:id20:" ABC_ID "5:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re",
    "d2:ip6:axje.u1:rd2:id20:" ABC_ID "5:nodes26:" MN_ID "axje.u5:token8:aoeusnthe1:t2:aa1:y1:re",
    "d1:rd2:id20:" ABC_ID "6:nodes638:" MN_ID "0123456789abcdefxye1:t2:aa1:y1:re",
    "d1:ad2:id20:" ABC_ID "12:implied_porti1e9:info_hash20:" MN_ID
    "4:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe",
    "d1:eli204e14:Method Unknowne1:t2:aa1:y1:ee",
};

START_TEST(message_that_is_read_is_written_with_the_same_bytes) {
    uint8_t out[KRPC_MESSAGE_MAX];
    const struct krpc_message message = read_text(messages[_i]);
    const size_t len = krpc_write(out, sizeof out, &message);
    assert_bytes((struct bytes){ out, len }, bytes_of(messages[_i]));
    ck_assert_uint_eq(krpc_write(out, len - 1, &message), 0);
    for (size_t cut = 0; cut < len; cut++) {
        struct krpc_message ignored;
        ck_assert(!krpc_read((struct bytes){ out, cut }, &ignored));
    }
}
END_TEST

START_TEST(get_peers_of_libtorrent_is_read) {
    const struct krpc_message message =
        read_text("d1:ad2:bsi1e2:id20:" ABC_ID "9:info_hash20:" MN_ID
                  "e1:q9:get_peers1:t2:\xa6\xa4"
                  "1:v4:LT\x02\x08"
                  "1:y1:qe");
    ck_assert_int_eq(message.kind, KRPC_QUERY);
    ck_assert_int_eq(message.method, KRPC_GET_PEERS);
    ck_assert_int_eq(message.error, 0);
    ck_assert_mem_eq(message.id, ABC_ID, NODE_ID_LEN);
    ck_assert_mem_eq(message.target, MN_ID, NODE_ID_LEN);
    assert_bytes(message.transaction, bytes_of("\xa6\xa4"));
    ck_assert_uint_eq(message.want, 0);
    ck_assert(!message.read_only);
}
END_TEST

START_TEST(announce_of_libtorrent_is_read) {
    const struct krpc_message message =
        read_text("d1:ad2:id20:" ABC_ID "12:implied_porti1e9:info_hash20:" MN_ID
                  "4:porti45263e4:seedi0e5:token4:tok1e1:q13:announce_peer1:t2:FY"
                  "1:v4:LT\x02\x08"
                  "1:y1:qe");
    ck_assert_int_eq(message.method, KRPC_ANNOUNCE_PEER);
    ck_assert_int_eq(message.error, 0);
    ck_assert(message.implied_port);
    ck_assert_uint_eq(message.port, 45263);
    assert_bytes(message.token, bytes_of("tok1"));
}
END_TEST

START_TEST(reply_of_libtorrent_is_read) {
    const struct krpc_message message = read_text("d2:ip6:axje.u1:rd2:id20:" ABC_ID
                                                  "5:nodes0:1:pi36028e5:token4:9\x95\x17"
                                                  "de1:t2:zz1:v4:LT\x02\x08"
                                                  "1:y1:re");
    ck_assert_int_eq(message.kind, KRPC_REPLY);
    ck_assert_uint_eq(message.nodes.len, 0);
    assert_bytes(message.ip, bytes_of("axje.u"));
    assert_bytes(message.token, bytes_of("9\x95\x17"
                                         "d"));
}
END_TEST

/* A query with the arguments of `fault`, and the error that answers it. */
static const struct {
    const char *query;
    int64_t error;
} faults[] = {
    { "d1:ad2:id20:" ABC_ID "e1:q4:vote1:t2:aa1:y1:qe", KRPC_METHOD_UNKNOWN },
    { "d1:ad2:id20:" ABC_ID "e1:q9:find_node1:t2:aa1:y1:qe", KRPC_PROTOCOL_ERROR },
    { "d1:ad2:id20:" ABC_ID "6:target19:mnopqrstuvwxyz12345e1:q9:find_node1:t2:aa1:y1:qe",
      KRPC_PROTOCOL_ERROR },
    { "d1:ad2:id20:" ABC_ID "6:target20:" MN_ID "e1:q9:get_peers1:t2:aa1:y1:qe",
      KRPC_PROTOCOL_ERROR },
    { "d1:ad2:id20:" ABC_ID "9:info_hash20:" MN_ID "4:porti1ee1:q13:announce_peer1:t2:aa1:y1:qe",
      KRPC_PROTOCOL_ERROR },
    { "d1:ad2:id20:" ABC_ID "9:info_hash20:" MN_ID
      "4:porti0e5:token1:xe1:q13:announce_peer1:t2:aa1:y1:qe",
      KRPC_PROTOCOL_ERROR },
    { "d1:ad2:id20:" ABC_ID "9:info_hash20:" MN_ID
      "4:porti65536e5:token1:xe1:q13:announce_peer1:t2:aa1:y1:qe",
      KRPC_PROTOCOL_ERROR },
    { "d1:ad2:id20:" ABC_ID "9:info_hash20:" MN_ID "5:token1:xe1:q13:announce_peer1:t2:aa1:y1:qe",
      KRPC_PROTOCOL_ERROR },
};

START_TEST(invalid_query_says_which_error_answers_it) {
    const struct krpc_message message = read_text(faults[_i].query);
    ck_assert_int_eq(message.kind, KRPC_QUERY);
    ck_assert_int_eq(message.error, faults[_i].error);
}
END_TEST

static const char *const ignored[] = {
    "",
    "de",
    "le",
    "i1e",
    "d1:y1:qe",
    "d1:t0:1:y1:qe",
    "d1:t2:aa1:y1:qe",
    "d1:t2:aa1:y1:xe",
    "d1:t2:aa1:y2:qqe",
    "d1:q4:ping1:t2:aa1:y1:qe",
    "d1:ad2:id19:bcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe",
    "d1:ade1:q4:ping1:t2:aa1:y1:qe",
    "d1:ad2:id20:" ABC_ID "e1:q4:ping1:y1:qe",
    "d1:ad2:id20:" ABC_ID "e1:qi1e1:t2:aa1:y1:qe",
    "d1:ad2:id20:" ABC_ID "e1:q4:ping1:t33:0123456789012345678901234567890121:y1:qe",
    "d1:rde1:t2:aa1:y1:re",
    "d1:r2:xx1:t2:aa1:y1:re",
    "d1:ele1:t2:aa1:y1:ee",
    "d1:el3:bade1:t2:aa1:y1:ee",
};

START_TEST(what_is_not_a_message_is_ignored) {
    struct krpc_message message;
    ck_assert(!krpc_read(bytes_of(ignored[_i]), &message));
}
END_TEST

START_TEST(bytes_after_the_message_are_ignored) {
    const struct krpc_message message =
        read_text("d1:ad2:id20:" ABC_ID "e1:q4:ping1:t2:aa1:y1:qegarbage");
    ck_assert_int_eq(message.method, KRPC_PING);
}
END_TEST

START_TEST(lists_skip_what_has_another_length) {
    struct krpc_message message = read_text("d1:rd2:id20:" ABC_ID "5:nodes30:" MN_ID
                                            "axje.uXXXX"
                                            "6:valuesl3:abc6:axje.ui1e18:0123456789abcdefxye"
                                            "e1:t2:aa1:y1:re");
    struct node_contact node;
    struct endpoint peer;
    ck_assert(krpc_take_node(&message.nodes, FAMILY_V4, &node));
    ck_assert_mem_eq(node.id, MN_ID, NODE_ID_LEN);
    ck_assert_uint_eq(endpoint_port(&node.endpoint), '.' << 8 | 'u');
    ck_assert(!krpc_take_node(&message.nodes, FAMILY_V4, &node));
    ck_assert(krpc_take_value(&message.values, &peer) && peer.family == FAMILY_V4);
    ck_assert(krpc_take_value(&message.values, &peer) && peer.family == FAMILY_V6);
    ck_assert(!krpc_take_value(&message.values, &peer));
}
END_TEST

START_TEST(overlong_token_of_a_reply_is_ignored) {
    char packet[256];
    char token[KRPC_TOKEN_MAX + 2];
    memset(token, 'x', sizeof token);
    for (int len = KRPC_TOKEN_MAX; len <= KRPC_TOKEN_MAX + 1; len++) {
        snprintf(packet, sizeof packet, "d1:rd2:id20:" ABC_ID "5:token%d:%.*se1:t2:aa1:y1:re", len,
                 len, token);
        const struct krpc_message message = read_text(packet);
        ck_assert_uint_eq(message.token.len, len == KRPC_TOKEN_MAX ? KRPC_TOKEN_MAX : 0);
    }
}
END_TEST

static void put_nodes(struct writer *nodes, uint8_t family) {
    for (uint32_t n = 0; n < KRPC_NODES_MAX; n++) {
        struct node_contact node = { .endpoint = numbered_endpoint(family, n) };
        numbered_id(node.id, n);
        krpc_put_node(nodes, &node);
    }
}

START_TEST(largest_reply_fits) {
    uint8_t nodes[KRPC_NODES_MAX * 26], nodes6[KRPC_NODES_MAX * 38], values[KRPC_VALUES_LEN];
    uint8_t transaction[KRPC_TRANSACTION_MAX] = { 0 }, token[8] = { 0 }, ip[18] = { 0 };
    uint8_t out[KRPC_MESSAGE_MAX];
    struct writer v4 = writer_on(nodes, sizeof nodes);
    struct writer v6 = writer_on(nodes6, sizeof nodes6);
    struct writer peers = writer_on(values, sizeof values);
    put_nodes(&v4, FAMILY_V4);
    put_nodes(&v6, FAMILY_V6);
    for (uint32_t n = 0; n < KRPC_VALUES_LEN / 8; n++) {
        const struct endpoint peer = numbered_endpoint(FAMILY_V4, n);
        krpc_put_value(&peers, &peer);
    }
    ck_assert(!v4.failed && !v6.failed && !peers.failed);
    const struct krpc_message reply = {
        .kind = KRPC_REPLY,
        .transaction = { transaction, sizeof transaction },
        .token = { token, sizeof token },
        .ip = { ip, sizeof ip },
        .nodes = { nodes, v4.len },
        .nodes6 = { nodes6, v6.len },
        .values = { values, peers.len },
    };
    ck_assert_uint_gt(krpc_write(out, sizeof out, &reply), 1100);
}
END_TEST

UNIT_SUITE(krpc) {
    Suite *suite = suite_create("krpc");
    TCase *messages_case = tcase_create("messages");
    tcase_add_loop_test(messages_case, message_that_is_read_is_written_with_the_same_bytes, 0,
                        LOOPS_OF(messages));
    tcase_add_test(messages_case, get_peers_of_libtorrent_is_read);
    tcase_add_test(messages_case, announce_of_libtorrent_is_read);
    tcase_add_test(messages_case, reply_of_libtorrent_is_read);
    tcase_add_test(messages_case, largest_reply_fits);
    suite_add_tcase(suite, messages_case);

    TCase *invalid = tcase_create("invalid");
    tcase_add_loop_test(invalid, invalid_query_says_which_error_answers_it, 0, LOOPS_OF(faults));
    tcase_add_loop_test(invalid, what_is_not_a_message_is_ignored, 0, LOOPS_OF(ignored));
    tcase_add_test(invalid, bytes_after_the_message_are_ignored);
    tcase_add_test(invalid, lists_skip_what_has_another_length);
    tcase_add_test(invalid, overlong_token_of_a_reply_is_ignored);
    suite_add_tcase(suite, invalid);
    return suite;
}
