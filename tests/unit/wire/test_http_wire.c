/* HTTP's targets, and the bodies of its replies to the byte. */
#include "wire/http_wire.h"

#include <string.h>

#include "support.h"

static const struct {
    const char *url;
    enum http_route_kind kind;
    const char *key;
    const char *query;
} targets[] = {
    { "/announce", HTTP_ROUTE_ANNOUNCE, "", "" },
    { "/announce?", HTTP_ROUTE_ANNOUNCE, "", "" },
    { "/announce?a=1&b=2", HTTP_ROUTE_ANNOUNCE, "", "a=1&b=2" },
    { "/announce?a=/scrape?b", HTTP_ROUTE_ANNOUNCE, "", "a=/scrape?b" },
    { "/scrape?info_hash=x", HTTP_ROUTE_SCRAPE, "", "info_hash=x" },
    { "/announce.php?a", HTTP_ROUTE_ANNOUNCE, "", "a" },
    { "/scrape.php", HTTP_ROUTE_SCRAPE, "", "" },
    { "/KEY/announce?a", HTTP_ROUTE_ANNOUNCE, "KEY", "a" },
    { "/x/y/scrape.asp?a", HTTP_ROUTE_SCRAPE, "x/y", "a" },
    { "//announce", HTTP_ROUTE_ANNOUNCE, "", "" },
    { "http://tracker.example:6969/announce?a", HTTP_ROUTE_ANNOUNCE, "", "a" },
    { "http://tracker.example/KEY/scrape", HTTP_ROUTE_SCRAPE, "KEY", "" },
    { "http://announce/scrape", HTTP_ROUTE_SCRAPE, "", "" },
    { "/announce/", HTTP_ROUTE_ANNOUNCE, "", "" },
    { "/announce.php/?a", HTTP_ROUTE_ANNOUNCE, "", "a" },
    { "/scrape//", HTTP_ROUTE_SCRAPE, "", "" },
    { "/KEY/announce/", HTTP_ROUTE_ANNOUNCE, "KEY", "" },
    { "/announce/KEY", HTTP_ROUTE_ANNOUNCE, "KEY", "" },
    { "/announce.php/KEY/?a", HTTP_ROUTE_ANNOUNCE, "KEY", "a" },
    { "/x/scrape/KEY", HTTP_ROUTE_SCRAPE, "KEY", "" },
    { "/KEY/announce?passkey=x", HTTP_ROUTE_ANNOUNCE, "KEY", "passkey=x" },
    { "/announce/scrape", HTTP_ROUTE_SCRAPE, "announce", "" },
};

START_TEST(last_part_of_the_path_decides) {
    const struct http_target target = http_parse_target(bytes_of(targets[_i].url));
    ck_assert_int_eq(target.kind, targets[_i].kind);
    assert_bytes(target.key, bytes_of(targets[_i].key));
    assert_bytes(target.query, bytes_of(targets[_i].query));
}
END_TEST

static const char *const other_urls[] = {
    "",
    "/",
    "?",
    "*",
    "announce",
    "/announcer",
    "/preannounce",
    "/Announce",
    "/announce/x/y",
    "/announce//x",
    "/x/",
    "///",
    "?passkey=x",
    "/announcephp",
    "/scraper?info_hash=x",
    "/stats?/announce",
    "/.announce",
    "/x.announce",
    "/%61nnounce",
    "http://announce",
    "http://tracker.example",
    "http://tracker.example?/announce",
};

START_TEST(everything_else_is_something_else) {
    const struct http_target target = http_parse_target(bytes_of(other_urls[_i]));
    ck_assert_int_eq(target.kind, HTTP_ROUTE_OTHER);
}
END_TEST

START_TEST(path_ends_at_the_question_mark) {
    assert_bytes(http_parse_target(bytes_of("/a/b?c")).path, bytes_of("/a/b"));
    assert_bytes(http_parse_target(bytes_of("http://host/a?c")).path, bytes_of("/a"));
    assert_bytes(http_parse_target(bytes_of("/a")).path, bytes_of("/a"));
}
END_TEST

static uint8_t body[HTTP_ANNOUNCE_MAX];
static uint8_t peers[NUMWANT_LIMIT * ENDPOINT_V6_LEN];
static uint8_t peer_ids[NUMWANT_LIMIT * PEER_ID_LEN];

static struct announce_response response_of(const struct endpoint *list, uint32_t count,
                                            const char *client) {
    struct announce_response response = {
        .peers = peers,
        .family = endpoint_at(client, 0).family,
        .peer_count = count,
        .seeders = 1,
        .leechers = 2,
        .downloaded = 3,
        .interval_s = 120,
        .min_interval_s = 60,
        .client = endpoint_at(client, 6881),
    };
    for (uint32_t i = 0; i < count; i++)
        memcpy(peers + i * endpoint_len(response.family), list[i].wire,
               endpoint_len(response.family));
    return response;
}

static struct writer write_announce(const struct announce_response *response, bool compact) {
    const struct http_announce announce = { .compact = compact };
    struct writer w = writer_on(body, sizeof body);
    http_write_announce(&w, &announce, response);
    return w;
}

#define COUNTS_V4                                                                                  \
    "d8:completei1e10:downloadedi3e11:external ip4:ABCD10:incompletei2e8:intervali120e"            \
    "12:min intervali60e"
#define COUNTS_V6                                                                                  \
    "d8:completei1e10:downloadedi3e11:external ip16:ABCDEFGHIJKLMNOP10:incompletei2e"              \
    "8:intervali120e12:min intervali60e"

static const char client_v4[] = "65.66.67.68";
static const char client_v6[] = "4142:4344:4546:4748:494a:4b4c:4d4e:4f50";

START_TEST(compact_reply_holds_six_bytes_a_peer) {
    const struct endpoint list[] = { endpoint_at("97.98.99.100", 0x6566),
                                     endpoint_at("49.50.51.52", 0x3536) };
    const struct announce_response response = response_of(list, 2, client_v4);
    const struct writer w = write_announce(&response, true);
    assert_written(&w, COUNTS_V4 "5:peers12:abcdef123456e");
}
END_TEST

START_TEST(empty_reply_still_has_peers) {
    const struct announce_response v4 = response_of(NULL, 0, client_v4);
    struct writer w = write_announce(&v4, true);
    assert_written(&w, COUNTS_V4 "5:peers0:e");
    w = write_announce(&v4, false);
    assert_written(&w, COUNTS_V4 "5:peerslee");
}
END_TEST

START_TEST(v6_peers_come_in_peers6) {
    const struct endpoint peer = endpoint_at("6162:6364:6566:6768:696a:6b6c:6d6e:6f70", 0x7172);
    const struct announce_response response = response_of(&peer, 1, client_v6);
    const struct writer w = write_announce(&response, true);
    assert_written(&w, COUNTS_V6 "5:peers0:6:peers618:abcdefghijklmnopqre");
}
END_TEST

/* BEP 7: the peers of the other family are behind the others. */
START_TEST(client_of_both_families_gets_peers_and_peers6) {
    const struct endpoint v4 = endpoint_at("97.98.99.100", 0x6566);
    const struct endpoint v6 = endpoint_at("6162:6364:6566:6768:696a:6b6c:6d6e:6f70", 0x7172);
    struct announce_response response = response_of(&v4, 1, client_v4);
    response.other_family = FAMILY_V6;
    response.other_count = 1;
    memcpy(peers + ENDPOINT_V4_LEN, v6.wire, ENDPOINT_V6_LEN);
    struct writer w = write_announce(&response, true);
    assert_written(&w, COUNTS_V4 "5:peers6:abcdef6:peers618:abcdefghijklmnopqre");
    w = write_announce(&response, false);
    assert_written(&w, COUNTS_V4
                   "5:peersld2:ip12:97.98.99.1004:porti25958eed2:ip39:"
                   "6162:6364:6566:6768:696a:6b6c:6d6e:6f704:porti29042eeee");
    response.other_count = 0;
    w = write_announce(&response, true);
    assert_written(&w, COUNTS_V4 "5:peers6:abcdef6:peers60:e");
    response = response_of(&v6, 1, client_v6);
    response.other_family = FAMILY_V4;
    response.other_count = 1;
    memcpy(peers + ENDPOINT_V6_LEN, v4.wire, ENDPOINT_V4_LEN);
    w = write_announce(&response, true);
    assert_written(&w, COUNTS_V6 "5:peers6:abcdef6:peers618:abcdefghijklmnopqre");
}
END_TEST

START_TEST(dictionaries_hold_addresses_as_text) {
    const struct endpoint list[] = { endpoint_at("192.0.2.1", 6881), endpoint_at("192.0.2.2", 1) };
    const struct announce_response response = response_of(list, 2, client_v4);
    const struct writer w = write_announce(&response, false);
    assert_written(&w,
                   COUNTS_V4 "5:peersld2:ip9:192.0.2.14:porti6881eed2:ip9:192.0.2.24:porti1eeee");
}
END_TEST

START_TEST(dictionaries_hold_peer_ids_where_they_are_wanted) {
    const struct endpoint peer = endpoint_at("2001:db8::1", 6881);
    struct announce_response response = response_of(&peer, 1, client_v6);
    memcpy(peer_ids, "-qB4520-abcdefghijkl", PEER_ID_LEN);
    response.peer_ids = peer_ids;
    const struct writer w = write_announce(&response, false);
    assert_written(&w, COUNTS_V6
                   "5:peersld2:ip11:2001:db8::17:peer id20:-qB4520-abcdefghijkl"
                   "4:porti6881eeee");
}
END_TEST

START_TEST(peer_of_the_dht_has_no_peer_id) {
    const struct endpoint peer = endpoint_at("192.0.2.1", 6881);
    struct announce_response response = response_of(&peer, 1, client_v4);
    dht_peer_id(peer_ids, &peer);
    response.peer_ids = peer_ids;
    const struct writer w = write_announce(&response, false);
    assert_written(&w, COUNTS_V4 "5:peersld2:ip9:192.0.2.14:porti6881eeee");
}
END_TEST

START_TEST(largest_reply_fits) {
    struct endpoint list[NUMWANT_LIMIT];
    for (uint32_t i = 0; i < NUMWANT_LIMIT; i++)
        list[i] = endpoint_at("1111:2222:3333:4444:5555:6666:7777:8888", 65535);
    struct announce_response response = response_of(list, NUMWANT_LIMIT, client_v6);
    response.peer_ids = peer_ids;
    response.seeders = response.leechers = response.downloaded = UINT32_MAX;
    response.interval_s = response.min_interval_s = UINT32_MAX;
    ck_assert(!write_announce(&response, false).failed);
    ck_assert(!write_announce(&response, true).failed);
}
END_TEST

START_TEST(reply_that_does_not_fit_fails) {
    const struct endpoint peer = endpoint_at("192.0.2.1", 6881);
    const struct announce_response response = response_of(&peer, 1, client_v4);
    const size_t needed = write_announce(&response, true).len;
    for (size_t capacity = 0; capacity < needed; capacity++) {
        const struct http_announce announce = { .compact = true };
        struct writer w = writer_on(body, capacity);
        http_write_announce(&w, &announce, &response);
        ck_assert(w.failed);
    }
}
END_TEST

static const struct {
    uint32_t interval_s;
    uint32_t min_interval_s;
    uint32_t retry_in_min;
    const char *expected;
} failures[] = {
    { 0, 0, 0, "d14:failure reason4:fulle" },
    { 120, 60, 0, "d14:failure reason4:full8:intervali120e12:min intervali60ee" },
    { 120, 60, 30, "d14:failure reason4:full8:intervali120e12:min intervali60e8:retry ini30ee" },
    { 0, 0, UINT32_MAX, "d14:failure reason4:full8:retry in5:nevere" },
};

START_TEST(failure_has_the_time_of_the_next_try) {
    struct writer w = writer_on(body, HTTP_FAILURE_MAX);
    http_write_failure(&w, "full", failures[_i].interval_s, failures[_i].min_interval_s,
                       failures[_i].retry_in_min);
    assert_written(&w, failures[_i].expected);
}
END_TEST

START_TEST(empty_scrape_has_files_and_flags) {
    struct writer w = writer_on(body, HTTP_SCRAPE_FIXED_MAX);
    http_write_scrape_open(&w);
    http_write_scrape_close(&w, UINT32_MAX);
    assert_written(&w, "d5:filesde5:flagsd20:min_request_intervali4294967295eee");
}
END_TEST

START_TEST(scrape_lists_its_torrents) {
    const struct scrape_entry entry = {
        .seeders = 1, .downloaded = 2, .leechers = 3, .downloaders = 4
    };
    struct writer w = writer_on(body, sizeof body);
    http_write_scrape_open(&w);
    http_write_scrape_entry(&w, (const uint8_t *)"aaaaaaaaaaaaaaaaaaaa", &entry);
    http_write_scrape_entry(&w, (const uint8_t *)"bbbbbbbbbbbbbbbbbbbb", &entry);
    http_write_scrape_close(&w, 60);
    assert_written(&w,
                   "d5:filesd"
                   "20:aaaaaaaaaaaaaaaaaaaad8:completei1e10:downloadedi2e11:downloadersi4e"
                   "10:incompletei3ee"
                   "20:bbbbbbbbbbbbbbbbbbbbd8:completei1e10:downloadedi2e11:downloadersi4e"
                   "10:incompletei3ee"
                   "e5:flagsd20:min_request_intervali60eee");
}
END_TEST

START_TEST(largest_scrape_entry_fits) {
    const struct scrape_entry entry = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
    struct writer w = writer_on(body, HTTP_SCRAPE_ENTRY_MAX);
    http_write_scrape_entry(&w, (const uint8_t *)"aaaaaaaaaaaaaaaaaaaa", &entry);
    ck_assert(!w.failed);
}
END_TEST

UNIT_SUITE(http_wire) {
    Suite *suite = suite_create("http_wire");
    TCase *route = tcase_create("targets");
    tcase_add_loop_test(route, last_part_of_the_path_decides, 0, LOOPS_OF(targets));
    tcase_add_loop_test(route, everything_else_is_something_else, 0, LOOPS_OF(other_urls));
    tcase_add_test(route, path_ends_at_the_question_mark);
    suite_add_tcase(suite, route);

    TCase *replies = tcase_create("replies");
    tcase_add_test(replies, compact_reply_holds_six_bytes_a_peer);
    tcase_add_test(replies, empty_reply_still_has_peers);
    tcase_add_test(replies, v6_peers_come_in_peers6);
    tcase_add_test(replies, client_of_both_families_gets_peers_and_peers6);
    tcase_add_test(replies, dictionaries_hold_addresses_as_text);
    tcase_add_test(replies, dictionaries_hold_peer_ids_where_they_are_wanted);
    tcase_add_test(replies, peer_of_the_dht_has_no_peer_id);
    tcase_add_test(replies, largest_reply_fits);
    tcase_add_test(replies, reply_that_does_not_fit_fails);
    tcase_add_loop_test(replies, failure_has_the_time_of_the_next_try, 0, LOOPS_OF(failures));
    tcase_add_test(replies, empty_scrape_has_files_and_flags);
    tcase_add_test(replies, scrape_lists_its_torrents);
    tcase_add_test(replies, largest_scrape_entry_fits);
    suite_add_tcase(suite, replies);
    return suite;
}
