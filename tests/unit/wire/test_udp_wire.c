#include "wire/udp_wire.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { LENGTHS = 201, BIG = 4096 };

/* An announce in BEP 15's layout, with options behind it. */
static struct bytes announce_packet(const char *options, size_t len) {
    static uint8_t packet[BIG];
    memset(packet, 0, sizeof packet);
    store_u64(packet, 0x1122334455667788);
    store_u32(packet + 8, UDP_ANNOUNCE);
    store_u32(packet + 12, 0x99aabbcc);
    memcpy(packet + 16, "HHHHHHHHHHHHHHHHHHHH", INFO_HASH_LEN);
    memcpy(packet + 36, "-qB4520-abcdefghijkl", PEER_ID_LEN);
    store_u64(packet + 56, 0x0102030405060708);
    store_u64(packet + 64, 0x1112131415161718);
    store_u64(packet + 72, 0x2122232425262728);
    store_u32(packet + 80, 2);
    memcpy(packet + 84, "\xc0\x00\x02\x63", 4);
    store_u32(packet + 88, 0x31323334);
    store_u32(packet + 92, 50);
    store_u16(packet + 96, 6881);
    memcpy(packet + UDP_ANNOUNCE_LEN, options, len);
    return (struct bytes){ .data = packet, .len = UDP_ANNOUNCE_LEN + len };
}

static struct udp_announce parsed(struct bytes packet) {
    struct udp_announce announce = { .path_len = 99, .request.may_be_proxy = true };
    const char *error = udp_parse_announce(packet, &announce);
    ck_assert_msg(error == NULL, "refused: %s", error);
    return announce;
}

/* The announce with one of its fields changed. */
static struct udp_announce parsed_with_u32(size_t at, uint32_t value) {
    static uint8_t packet[UDP_ANNOUNCE_LEN];
    memcpy(packet, announce_packet("", 0).data, sizeof packet);
    store_u32(packet + at, value);
    return parsed((struct bytes){ .data = packet, .len = sizeof packet });
}

START_TEST(header_is_read_in_its_order) {
    struct udp_header header;
    ck_assert(udp_parse_header(announce_packet("", 0), &header));
    ck_assert_uint_eq(header.connection_id, 0x1122334455667788);
    ck_assert_uint_eq(header.action, UDP_ANNOUNCE);
    ck_assert_uint_eq(header.transaction_id, 0x99aabbcc);
}
END_TEST

START_TEST(connect_needs_its_action_and_its_constant) {
    struct udp_header header = { .connection_id = 0x41727101980, .action = UDP_CONNECT };
    ck_assert(udp_is_connect(&header));
    header.action = UDP_ANNOUNCE;
    ck_assert(!udp_is_connect(&header));
    header = (struct udp_header){ .connection_id = 0x41727101981, .action = UDP_CONNECT };
    ck_assert(!udp_is_connect(&header));
}
END_TEST

START_TEST(announce_is_read_in_its_order) {
    const struct udp_announce announce = parsed(announce_packet("", 0));
    const struct announce_request *request = &announce.request;
    ck_assert_mem_eq(request->info_hash, "HHHHHHHHHHHHHHHHHHHH", INFO_HASH_LEN);
    ck_assert_mem_eq(request->peer_id, "-qB4520-abcdefghijkl", PEER_ID_LEN);
    ck_assert_uint_eq(request->downloaded, 0x0102030405060708);
    ck_assert_uint_eq(request->left, 0x1112131415161718);
    ck_assert_uint_eq(request->uploaded, 0x2122232425262728);
    ck_assert_int_eq(request->event, EVENT_STARTED);
    ck_assert_uint_eq(request->key, 0x31323334);
    ck_assert_int_eq(request->numwant, 50);
    ck_assert_uint_eq(announce.port, 6881);
    ck_assert_uint_eq(announce.path_len, 0);
    ck_assert(!announce.request.may_be_proxy);
}
END_TEST

START_TEST(torrent_and_port_are_known_before_the_rest) {
    struct bytes packet = announce_packet("", 0);
    uint16_t port = 0;
    ck_assert_ptr_eq(udp_peek_announce(packet, &port), packet.data + 16);
    ck_assert_uint_eq(port, 6881);
    packet.len--;
    ck_assert_ptr_null(udp_peek_announce(packet, &port));
    uint8_t scrape[UDP_ANNOUNCE_LEN] = { 0 };
    store_u32(scrape + 8, UDP_SCRAPE);
    ck_assert_ptr_null(udp_peek_announce((struct bytes){ scrape, sizeof scrape }, &port));
}
END_TEST

START_TEST(claimed_address_is_ignored) {
    const struct announce_request request = parsed(announce_packet("", 0)).request;
    ck_assert_uint_eq(request.claimed_v4.family, FAMILY_NONE);
    ck_assert_uint_eq(request.claimed_v6.family, FAMILY_NONE);
}
END_TEST

static const struct {
    uint32_t number;
    enum announce_event event;
} events[] = {
    { 0, EVENT_NONE },    { 1, EVENT_COMPLETED },     { 2, EVENT_STARTED },
    { 3, EVENT_STOPPED }, { 4, EVENT_NONE },          { 5, EVENT_NONE },
    { 256, EVENT_NONE },  { 0x80000000, EVENT_NONE }, { UINT32_MAX, EVENT_NONE },
};

START_TEST(unknown_event_is_a_regular_update) {
    ck_assert_int_eq(parsed_with_u32(80, events[_i].number).request.event, events[_i].event);
}
END_TEST

START_TEST(negative_numwant_is_the_default) {
    ck_assert_int_eq(parsed_with_u32(92, UINT32_MAX).request.numwant, NUMWANT_DEFAULT);
    ck_assert_int_eq(parsed_with_u32(92, 0x80000000).request.numwant, NUMWANT_DEFAULT);
    ck_assert_int_eq(parsed_with_u32(92, 0x7fffffff).request.numwant, INT32_MAX);
    ck_assert_int_eq(parsed_with_u32(92, 0).request.numwant, 0);
}
END_TEST

START_TEST(port_zero_is_passed_on) {
    static uint8_t packet[UDP_ANNOUNCE_LEN];
    memcpy(packet, announce_packet("", 0).data, sizeof packet);
    store_u16(packet + 96, 0);
    ck_assert_uint_eq(parsed((struct bytes){ packet, sizeof packet }).port, 0);
}
END_TEST

#define OPTIONS(text) (text), sizeof(text) - 1

static const struct {
    const char *options;
    size_t len;
    const char *path;
} options[] = {
    { OPTIONS(""), "" },
    { OPTIONS("\0"), "" },
    { OPTIONS("\0\2\4/abc"), "" },
    { OPTIONS("\2\4/abc"), "/abc" },
    { OPTIONS("\1\1\1\2\4/abc\1\0"), "/abc" },
    { OPTIONS("\2\3/ab\2\3c?d"), "/abc?d" },
    { OPTIONS("\2\3/ab\0\2\3c?d"), "/ab" },
    { OPTIONS("\2\3/ab\1\2\0\2\1c"), "/abc" },
    { OPTIONS("\7\3xyz\2\4/abc"), "/abc" },
    { OPTIONS("\xff\0\2\4/abc"), "/abc" },
    { OPTIONS("\2"), "" },
    { OPTIONS("\2\4"), "" },
    { OPTIONS("\2\4/ab"), "" },
    { OPTIONS("\2\2/a\2\4/ab"), "/a" },
    { OPTIONS("\7\xff"), "" },
    { OPTIONS("\1\1"), "" },
};

START_TEST(options_join_to_a_path) {
    const struct udp_announce announce =
        parsed(announce_packet(options[_i].options, options[_i].len));
    assert_bytes((struct bytes){ .data = announce.path, .len = announce.path_len },
                 bytes_of(options[_i].path));
}
END_TEST

START_TEST(longest_path_is_cut) {
    static char text[10 * 257];
    for (size_t i = 0; i < 10; i++) {
        memset(text + i * 257, 'x', 257);
        text[i * 257] = 2;
        text[i * 257 + 1] = (char)255;
    }
    const struct udp_announce announce = parsed(announce_packet(text, sizeof text));
    ck_assert_uint_eq(announce.path_len, UDP_PATH_MAX);
    for (size_t i = 0; i < UDP_PATH_MAX; i++)
        ck_assert_int_eq(announce.path[i], 'x');
}
END_TEST

/* A copy of exactly `len` bytes, so that a sanitizer sees every step past its end. */
static uint8_t *exact_copy(const uint8_t *data, size_t len) {
    uint8_t *copy = malloc(len + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy + 1, data, len);
    return copy;
}

static void try_every_parser(struct bytes packet) {
    struct udp_header header;
    struct udp_announce announce;
    size_t count;
    ck_assert_int_eq(udp_parse_header(packet, &header), packet.len >= UDP_HEADER_LEN);
    const char *error = udp_parse_announce(packet, &announce);
    ck_assert_int_eq(error == NULL, packet.len >= UDP_ANNOUNCE_LEN);
    const uint8_t *hashes = udp_parse_scrape(packet, &count);
    ck_assert_uint_eq(
        count, packet.len < UDP_HEADER_LEN ? 0 : (packet.len - UDP_HEADER_LEN) / INFO_HASH_LEN);
    if (count > 0)
        ck_assert_ptr_eq(hashes, packet.data + UDP_HEADER_LEN);
}

START_TEST(every_length_of_every_action_is_read_within_its_end) {
    static const uint32_t actions[] = { 0, 1, 2, 3, 4, UINT32_MAX };
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        static uint8_t whole[LENGTHS];
        memset(whole, 2, sizeof whole);
        store_u32(whole + 8, actions[i]);
        uint8_t *copy = exact_copy(whole, (size_t)_i);
        try_every_parser((struct bytes){ .data = copy + 1, .len = (size_t)_i });
        free(copy);
    }
}
END_TEST

START_TEST(scrape_gives_its_hashes_by_position) {
    static uint8_t packet[UDP_HEADER_LEN + (UDP_SCRAPE_MAX + 9) * INFO_HASH_LEN];
    size_t count;
    const struct bytes full = { .data = packet, .len = sizeof packet };
    ck_assert_ptr_eq(udp_parse_scrape(full, &count), packet + UDP_HEADER_LEN);
    ck_assert_uint_eq(count, UDP_SCRAPE_MAX);
    const struct bytes trailing = { .data = packet, .len = UDP_HEADER_LEN + 2 * INFO_HASH_LEN + 5 };
    udp_parse_scrape(trailing, &count);
    ck_assert_uint_eq(count, 2);
    const struct bytes none = { .data = packet, .len = UDP_HEADER_LEN };
    udp_parse_scrape(none, &count);
    ck_assert_uint_eq(count, 0);
}
END_TEST

static uint8_t out[UDP_REPLY_MAX];

static void assert_out(size_t len, const char *expected, size_t expected_len) {
    ck_assert_uint_eq(len, expected_len);
    ck_assert_mem_eq(out, expected, expected_len);
}

START_TEST(connect_reply_is_sixteen_bytes) {
    const size_t len = udp_write_connect(out, 0x01020304, 0x1112131415161718);
    assert_out(len, OPTIONS("\0\0\0\0\1\2\3\4\x11\x12\x13\x14\x15\x16\x17\x18"));
}
END_TEST

START_TEST(announce_reply_has_leechers_before_seeders) {
    struct announce_response response = {
        .family = FAMILY_V4, .peer_count = 1, .interval_s = 0x102, .leechers = 7, .seeders = 8
    };
    memcpy(udp_peers_place(out), "abcdef", 6);
    size_t len = udp_write_announce(out, 0x01020304, &response);
    assert_out(len, OPTIONS("\0\0\0\1\1\2\3\4\0\0\1\2\0\0\0\7\0\0\0\x8"
                            "abcdef"));
    response.peer_count = 0;
    len = udp_write_announce(out, 0x01020304, &response);
    ck_assert_uint_eq(len, UDP_ANNOUNCE_REPLY_LEN);
}
END_TEST

START_TEST(peer_stride_follows_the_family_and_the_action_stays) {
    struct announce_response response = { .family = FAMILY_V6, .peer_count = 2 };
    const size_t len = udp_write_announce(out, 1, &response);
    ck_assert_uint_eq(len, UDP_ANNOUNCE_REPLY_LEN + 36);
    ck_assert_uint_eq(load_u32(out), UDP_ANNOUNCE);
}
END_TEST

START_TEST(no_reply_is_too_large) {
    ck_assert_uint_le(UDP_ANNOUNCE_REPLY_LEN + 6 * udp_peers_max(FAMILY_V4), UDP_REPLY_MAX);
    ck_assert_uint_le(UDP_ANNOUNCE_REPLY_LEN + 18 * udp_peers_max(FAMILY_V6), UDP_REPLY_MAX);
    ck_assert_uint_ge(udp_peers_max(FAMILY_V4), 190);
    ck_assert_uint_ge(udp_peers_max(FAMILY_V6), 60);
    ck_assert_uint_le(8 + 12 * UDP_SCRAPE_MAX, UDP_REPLY_MAX);
}
END_TEST

START_TEST(scrape_reply_has_seeders_completed_leechers) {
    const struct scrape_entry first = { .seeders = 1, .downloaded = 2, .leechers = 3 };
    const struct scrape_entry second = { .seeders = 4, .downloaded = 5, .leechers = 6 };
    size_t len = udp_write_scrape_header(out, 0x01020304);
    ck_assert_uint_eq(len, 8);
    udp_write_scrape_entry(out, 0, &first);
    len = udp_write_scrape_entry(out, 1, &second);
    assert_out(len, OPTIONS("\0\0\0\2\1\2\3\4\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\6"));
    const struct scrape_entry last = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
    len = udp_write_scrape_entry(out, UDP_SCRAPE_MAX - 1, &last);
    ck_assert_uint_eq(len, 8 + 12 * UDP_SCRAPE_MAX);
}
END_TEST

START_TEST(error_carries_its_text) {
    const size_t len = udp_write_error(out, 0x01020304, "full", 100);
    assert_out(len, OPTIONS("\0\0\0\3\1\2\3\4full"));
}
END_TEST

START_TEST(error_stays_within_what_is_allowed) {
    for (size_t max = 0; max < 30; max++) {
        memset(out, '#', sizeof out);
        const size_t len = udp_write_error(out, 1, "0123456789", max);
        ck_assert_uint_eq(len, max < 8 ? 0 : max > 18 ? 18 : max);
        for (size_t i = len; i < sizeof out; i++)
            REQUIRE(out[i] == '#');
    }
    static char text[2 * UDP_REPLY_MAX];
    memset(text, 'x', sizeof text - 1);
    ck_assert_uint_eq(udp_write_error(out, 1, text, SIZE_MAX), UDP_REPLY_MAX);
}
END_TEST

UNIT_SUITE(udp_wire) {
    Suite *suite = suite_create("udp_wire");
    TCase *requests = tcase_create("requests");
    tcase_add_test(requests, header_is_read_in_its_order);
    tcase_add_test(requests, connect_needs_its_action_and_its_constant);
    tcase_add_test(requests, announce_is_read_in_its_order);
    tcase_add_test(requests, torrent_and_port_are_known_before_the_rest);
    tcase_add_test(requests, claimed_address_is_ignored);
    tcase_add_loop_test(requests, unknown_event_is_a_regular_update, 0, LOOPS_OF(events));
    tcase_add_test(requests, negative_numwant_is_the_default);
    tcase_add_test(requests, port_zero_is_passed_on);
    tcase_add_loop_test(requests, options_join_to_a_path, 0, LOOPS_OF(options));
    tcase_add_test(requests, longest_path_is_cut);
    tcase_add_loop_test(requests, every_length_of_every_action_is_read_within_its_end, 0, LENGTHS);
    tcase_add_test(requests, scrape_gives_its_hashes_by_position);
    suite_add_tcase(suite, requests);

    TCase *replies = tcase_create("replies");
    tcase_add_test(replies, connect_reply_is_sixteen_bytes);
    tcase_add_test(replies, announce_reply_has_leechers_before_seeders);
    tcase_add_test(replies, peer_stride_follows_the_family_and_the_action_stays);
    tcase_add_test(replies, no_reply_is_too_large);
    tcase_add_test(replies, scrape_reply_has_seeders_completed_leechers);
    tcase_add_test(replies, error_carries_its_text);
    tcase_add_test(replies, error_stays_within_what_is_allowed);
    suite_add_tcase(suite, replies);
    return suite;
}
