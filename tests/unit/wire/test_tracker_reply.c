#include "wire/tracker_reply.h"

#include "support.h"
#include "wire/http_wire.h"

static struct announce_reply parsed(struct bytes body) {
    struct announce_reply reply;
    const char *error = reply_parse_http_announce(body, &reply);
    ck_assert_msg(error == NULL, "%s", error);
    return reply;
}

static void assert_peer(struct announce_reply *reply, const char *address) {
    struct reply_peer peer;
    char text[ENDPOINT_TEXT_LEN];
    ck_assert(reply_next_peer(reply, &peer));
    endpoint_text(&peer.endpoint, text);
    ck_assert_str_eq(text, address);
}

static void assert_no_peer(struct announce_reply *reply) {
    struct reply_peer peer;
    ck_assert(!reply_next_peer(reply, &peer));
}

START_TEST(what_we_write_is_read_back) {
    uint8_t out[512];
    const struct endpoint peer = endpoint_at("192.0.2.7", 6881);
    uint8_t peers[ENDPOINT_V4_LEN];
    memcpy(peers, peer.wire, sizeof peers);
    const struct http_announce announce = { .compact = _i == 0 };
    const struct announce_response response = {
        .peers = peers,
        .family = FAMILY_V4,
        .peer_count = 1,
        .seeders = 3,
        .leechers = 2,
        .downloaded = 9,
        .interval_s = 120,
        .min_interval_s = 60,
        .client = endpoint_at("192.0.2.8", 0),
    };
    struct writer w = writer_on(out, sizeof out);
    http_write_announce(&w, &announce, &response);
    struct announce_reply reply = parsed((struct bytes){ .data = out, .len = w.len });
    ck_assert(!reply.refused);
    ck_assert_int_eq(reply.interval_s, 120);
    ck_assert_int_eq(reply.min_interval_s, 60);
    ck_assert_int_eq(reply.seeders, 3);
    ck_assert_int_eq(reply.leechers, 2);
    ck_assert_int_eq(reply.downloaded, 9);
    ck_assert_uint_eq(reply.external_ip.len, 4);
    assert_peer(&reply, "192.0.2.7:6881");
    assert_no_peer(&reply);
}
END_TEST

START_TEST(peers_of_every_form_are_found) {
    static const uint8_t body[] =
        "d8:intervali5e5:peers12:\1\2\3\4\0\5\6\7\10\11\0\12"
        "6:peers618:\x20\1\15\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\17e";
    struct announce_reply reply = parsed((struct bytes){ .data = body, .len = sizeof body - 1 });
    assert_peer(&reply, "1.2.3.4:5");
    assert_peer(&reply, "6.7.8.9:10");
    assert_peer(&reply, "[2001:db8::1]:15");
    assert_no_peer(&reply);
}
END_TEST

START_TEST(listed_peers_have_names_and_ids) {
    struct announce_reply reply =
        parsed(bytes_of("d8:intervali5e5:peersl"
                        "d2:ip3:::17:peer id20:-qB4520-abcdefghijkl4:porti6881ee"
                        "i1e"
                        "d2:ip9:localhost7:peer id3:abc4:porti7ee"
                        "d2:ip7:1.2.3.44:porti65536ee"
                        "d2:ip7:1.2.3.44:porti-1ee"
                        "d4:porti1ee"
                        "d2:ip7:1.2.3.4e"
                        "ee"));
    struct reply_peer peer;
    ck_assert(reply_next_peer(&reply, &peer));
    ck_assert_uint_eq(peer.endpoint.family, FAMILY_V6);
    ck_assert_uint_eq(peer.port, 6881);
    assert_bytes(peer.peer_id, bytes_of("-qB4520-abcdefghijkl"));
    ck_assert(reply_next_peer(&reply, &peer));
    ck_assert_uint_eq(peer.endpoint.family, FAMILY_NONE);
    assert_bytes(peer.host, bytes_of("localhost"));
    ck_assert_uint_eq(peer.port, 7);
    ck_assert_uint_eq(peer.peer_id.len, 0);
    assert_no_peer(&reply);
}
END_TEST

START_TEST(peers_that_are_cut_short_are_passed_over) {
    struct announce_reply reply = parsed(bytes_of("d8:intervali5e5:peers8:abcdefghe"));
    assert_peer(&reply, "97.98.99.100:25958");
    assert_no_peer(&reply);
}
END_TEST

START_TEST(refusal_is_read_with_its_details) {
    const struct announce_reply reply = parsed(
        bytes_of("d14:failure reason4:nope8:intervali60e8:retry ini5e15:warning message4:welle"));
    ck_assert(reply.refused);
    assert_bytes(reply.failure, bytes_of("nope"));
    assert_bytes(reply.retry_in, bytes_of("5"));
    ck_assert_int_eq(reply.interval_s, 60);
    ck_assert_int_eq(reply.seeders, REPLY_UNKNOWN);
    const struct announce_reply never = parsed(bytes_of("d14:failure reason0:8:retry in5:nevere"));
    ck_assert(never.refused);
    assert_bytes(never.retry_in, bytes_of("never"));
}
END_TEST

static const char *const nonsense[] = {
    "", "<html>", "le", "de", "d8:intervali-1ee", "d8:interval3:60se", "d8:intervali60e",
};

START_TEST(nonsense_is_reported) {
    struct announce_reply reply;
    ck_assert_ptr_nonnull(reply_parse_http_announce(bytes_of(nonsense[_i]), &reply));
}
END_TEST

START_TEST(scrape_that_we_write_is_read_back) {
    uint8_t out[256];
    uint8_t hash[INFO_HASH_LEN] = "abcdefghijabcdefghij";
    const struct scrape_entry entry = { .seeders = 1, .downloaded = 2, .leechers = 3 };
    struct writer w = writer_on(out, sizeof out);
    http_write_scrape_open(&w);
    http_write_scrape_entry(&w, hash, &entry);
    http_write_scrape_close(&w, 60);
    struct scrape_reply reply;
    struct scrape_counts counts;
    const struct bytes body = { .data = out, .len = w.len };
    ck_assert_ptr_null(reply_parse_http_scrape(body, &reply));
    ck_assert(reply_next_counts(&reply, &counts));
    ck_assert_mem_eq(counts.info_hash, hash, INFO_HASH_LEN);
    ck_assert_int_eq(counts.seeders, 1);
    ck_assert_int_eq(counts.downloaded, 2);
    ck_assert_int_eq(counts.leechers, 3);
    ck_assert(!reply_next_counts(&reply, &counts));
}
END_TEST

START_TEST(scrape_of_strange_entries_is_read_as_far_as_it_goes) {
    struct scrape_reply reply;
    struct scrape_counts counts;
    ck_assert_ptr_null(reply_parse_http_scrape(
        bytes_of("d5:filesd3:abcde20:abcdefghijabcdefghijd8:completei-5eeee"), &reply));
    ck_assert(reply_next_counts(&reply, &counts));
    ck_assert_int_eq(counts.seeders, REPLY_UNKNOWN);
    ck_assert(!reply_next_counts(&reply, &counts));
    ck_assert_ptr_null(reply_parse_http_scrape(bytes_of("d14:failure reason2:noe"), &reply));
    ck_assert(reply.refused && !reply_next_counts(&reply, &counts));
    ck_assert_ptr_nonnull(reply_parse_http_scrape(bytes_of("d5:fileslee"), &reply));
    ck_assert_ptr_nonnull(reply_parse_http_scrape(bytes_of("no"), &reply));
}
END_TEST

UNIT_SUITE(tracker_reply) {
    Suite *suite = suite_create("tracker_reply");
    TCase *announce = tcase_create("announce");
    tcase_add_loop_test(announce, what_we_write_is_read_back, 0, 2);
    tcase_add_test(announce, peers_of_every_form_are_found);
    tcase_add_test(announce, listed_peers_have_names_and_ids);
    tcase_add_test(announce, peers_that_are_cut_short_are_passed_over);
    tcase_add_test(announce, refusal_is_read_with_its_details);
    tcase_add_loop_test(announce, nonsense_is_reported, 0, LOOPS_OF(nonsense));
    suite_add_tcase(suite, announce);
    TCase *scrape = tcase_create("scrape");
    tcase_add_test(scrape, scrape_that_we_write_is_read_back);
    tcase_add_test(scrape, scrape_of_strange_entries_is_read_as_far_as_it_goes);
    suite_add_tcase(suite, scrape);
    return suite;
}
