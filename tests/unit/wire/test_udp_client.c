#include "wire/udp_client.h"

#include "support.h"

static const struct udp_header header = {
    .connection_id = 0x0102030405060708,
    .action = UDP_ANNOUNCE,
    .transaction_id = 42,
};

static struct bytes bytes_at(const uint8_t *data, size_t len) {
    return (struct bytes){ .data = data, .len = len };
}

START_TEST(connect_is_one_that_skepd_takes) {
    uint8_t out[UDP_REQUEST_MAX];
    struct udp_header found;
    const size_t len = udp_client_connect(out, 7);
    ck_assert_uint_eq(len, UDP_HEADER_LEN);
    ck_assert(udp_parse_header(bytes_at(out, len), &found));
    ck_assert(udp_is_connect(&found));
    ck_assert_uint_eq(found.transaction_id, 7);
}
END_TEST

static const struct {
    enum announce_event sent;
    enum announce_event understood;
} events[] = {
    { EVENT_NONE, EVENT_NONE },       { EVENT_COMPLETED, EVENT_COMPLETED },
    { EVENT_STARTED, EVENT_STARTED }, { EVENT_STOPPED, EVENT_STOPPED },
    { EVENT_PAUSED, EVENT_NONE },
};

START_TEST(announce_is_understood_as_it_was_meant) {
    uint8_t out[UDP_REQUEST_MAX];
    struct udp_announce found;
    struct announce_request request = {
        .info_hash = "aaaaaaaaaaaaaaaaaaaa",
        .peer_id = "-SK0100-bbbbbbbbbbbb",
        .uploaded = 1,
        .downloaded = 2,
        .left = 3,
        .key = 0xdeadbeef,
        .numwant = 50,
        .event = events[_i].sent,
    };
    const size_t len =
        udp_client_announce(out, &header, &request, 6881, bytes_of("/KEY/announce?x"));
    ck_assert_ptr_null(udp_parse_announce(bytes_at(out, len), &found));
    ck_assert_mem_eq(found.request.info_hash, request.info_hash, INFO_HASH_LEN);
    ck_assert_mem_eq(found.request.peer_id, request.peer_id, PEER_ID_LEN);
    ck_assert_uint_eq(found.request.uploaded, 1);
    ck_assert_uint_eq(found.request.downloaded, 2);
    ck_assert_uint_eq(found.request.left, 3);
    ck_assert_uint_eq(found.request.key, 0xdeadbeef);
    ck_assert_int_eq(found.request.numwant, 50);
    ck_assert_int_eq(found.request.event, events[_i].understood);
    ck_assert_uint_eq(found.port, 6881);
    assert_bytes(bytes_at(found.path, found.path_len), bytes_of("/KEY/announce?x"));
}
END_TEST

START_TEST(long_path_goes_in_pieces) {
    uint8_t out[UDP_REQUEST_MAX];
    char path[UDP_PATH_MAX + 100];
    struct udp_announce found;
    const struct announce_request request = { .left = 1 };
    memset(path, 'x', sizeof path);
    const struct bytes target = { .data = (const uint8_t *)path, .len = sizeof path };
    const size_t len = udp_client_announce(out, &header, &request, 1, target);
    ck_assert_uint_le(len, sizeof out);
    ck_assert_ptr_null(udp_parse_announce(bytes_at(out, len), &found));
    ck_assert_uint_eq(found.path_len, UDP_PATH_MAX);
    ck_assert_mem_eq(found.path, path, UDP_PATH_MAX);
}
END_TEST

START_TEST(scrape_has_every_hash) {
    uint8_t out[UDP_REQUEST_MAX];
    uint8_t hashes[UDP_SCRAPE_MAX][INFO_HASH_LEN];
    size_t count;
    for (uint32_t i = 0; i < UDP_SCRAPE_MAX; i++)
        numbered_id(hashes[i], i);
    const size_t len = udp_client_scrape(out, &header, hashes[0], UDP_SCRAPE_MAX);
    ck_assert_uint_eq(len, UDP_REQUEST_MAX);
    const uint8_t *found = udp_parse_scrape(bytes_at(out, len), &count);
    ck_assert_uint_eq(count, UDP_SCRAPE_MAX);
    ck_assert_mem_eq(found, hashes, sizeof hashes);
}
END_TEST

START_TEST(other_packets_are_no_replies) {
    uint8_t out[UDP_REPLY_MAX];
    struct bytes body;
    size_t len = udp_write_error(out, 42, "no", UDP_REPLY_MAX);
    ck_assert_int_eq(udp_client_judge(bytes_at(out, len), &header, &body), UDP_ANSWER_ERROR);
    assert_bytes(body, bytes_of("no"));
    len = udp_write_error(out, 43, "no", UDP_REPLY_MAX);
    ck_assert_int_eq(udp_client_judge(bytes_at(out, len), &header, &body), UDP_ANSWER_FOREIGN);
    ck_assert_int_eq(udp_client_judge(bytes_at(out, 7), &header, &body), UDP_ANSWER_FOREIGN);
    len = udp_write_connect(out, 42, 1);
    ck_assert_int_eq(udp_client_judge(bytes_at(out, len), &header, &body), UDP_ANSWER_BROKEN);
    store_u32(out, UDP_ANNOUNCE);
    ck_assert_int_eq(udp_client_judge(bytes_at(out, len), &header, &body), UDP_ANSWER_GOOD);
    ck_assert_uint_eq(body.len, 8);
}
END_TEST

START_TEST(connection_id_is_read) {
    uint8_t out[UDP_REPLY_MAX];
    uint64_t id;
    const size_t len = udp_write_connect(out, 42, 0xa1b2c3d4e5f60708);
    ck_assert(udp_client_read_connect(bytes_at(out + 8, len - 8), &id));
    ck_assert_uint_eq(id, 0xa1b2c3d4e5f60708);
    ck_assert(!udp_client_read_connect(bytes_at(out + 8, 7), &id));
}
END_TEST

START_TEST(announced_peers_are_of_the_sockets_family) {
    uint8_t out[UDP_REPLY_MAX];
    const uint8_t family = _i == 0 ? FAMILY_V4 : FAMILY_V6;
    const struct endpoint peer = endpoint_at(_i == 0 ? "192.0.2.1" : "2001:db8::1", 6881);
    const struct announce_response response = {
        .family = family,
        .peer_count = 1,
        .seeders = 4,
        .leechers = 5,
        .interval_s = 6,
    };
    memcpy(udp_peers_place(out), peer.wire, endpoint_len(family));
    const size_t len = udp_write_announce(out, 42, &response);
    struct announce_reply reply;
    struct reply_peer found;
    ck_assert(udp_client_read_announce(bytes_at(out + 8, len - 8), family, &reply));
    ck_assert_int_eq(reply.interval_s, 6);
    ck_assert_int_eq(reply.seeders, 4);
    ck_assert_int_eq(reply.leechers, 5);
    ck_assert(reply_next_peer(&reply, &found));
    ck_assert(endpoint_equal(&found.endpoint, &peer));
    ck_assert(!reply_next_peer(&reply, &found));
    ck_assert(!udp_client_read_announce(bytes_at(out + 8, 11), family, &reply));
}
END_TEST

START_TEST(counts_are_found_by_position) {
    uint8_t out[UDP_REPLY_MAX];
    const struct scrape_entry entries[] = {
        { .seeders = 1, .downloaded = 2, .leechers = 3 },
        { .seeders = 4, .downloaded = 5, .leechers = 6 },
    };
    size_t len = udp_write_scrape_header(out, 42);
    for (size_t i = 0; i < COUNT_OF(entries); i++)
        len = udp_write_scrape_entry(out, i, &entries[i]);
    struct scrape_counts counts;
    const struct bytes body = bytes_at(out + 8, len - 8);
    ck_assert(udp_client_read_counts(body, 1, &counts));
    ck_assert_int_eq(counts.seeders, 4);
    ck_assert_int_eq(counts.downloaded, 5);
    ck_assert_int_eq(counts.leechers, 6);
    ck_assert(!udp_client_read_counts(body, 2, &counts));
    ck_assert(!udp_client_read_counts(bytes_at(out + 8, len - 9), 1, &counts));
}
END_TEST

UNIT_SUITE(udp_client) {
    Suite *suite = suite_create("udp_client");
    TCase *requests = tcase_create("requests");
    tcase_add_test(requests, connect_is_one_that_skepd_takes);
    tcase_add_loop_test(requests, announce_is_understood_as_it_was_meant, 0, LOOPS_OF(events));
    tcase_add_test(requests, long_path_goes_in_pieces);
    tcase_add_test(requests, scrape_has_every_hash);
    suite_add_tcase(suite, requests);
    TCase *replies = tcase_create("replies");
    tcase_add_test(replies, other_packets_are_no_replies);
    tcase_add_test(replies, connection_id_is_read);
    tcase_add_loop_test(replies, announced_peers_are_of_the_sockets_family, 0, 2);
    tcase_add_test(replies, counts_are_found_by_position);
    suite_add_tcase(suite, replies);
    return suite;
}
