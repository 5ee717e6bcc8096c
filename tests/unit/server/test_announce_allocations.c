/* An announce allocates nothing, over HTTP and UDP, unless a swarm grows. */
#include <stdio.h>

#include "allocation_count.h"
#include "server/http_tracker.h"
#include "server/udp_tracker.h"
#include "tracker_support.h"
#include "wire/udp_client.h"

enum { PEERS = 300 };

static struct tracker *tracker;
static struct http_context http;
static struct udp_context udp;
static uint64_t now_ms;

static void start_tracker(void) {
    const struct tracker_options options = test_options();
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
    http = (struct http_context){ .tracker = tracker, .web.reserved_prefix = "/api/" };
    udp = (struct udp_context){ .tracker = tracker, .connection_id_lifetime_s = 3600 };
    now_ms = START_MS;
}

static void stop_tracker(void) {
    tracker_delete(tracker);
}

static void announce_by_http(uint32_t number) {
    static const struct proxies none;
    static struct http_request request;
    static uint8_t buffer[HTTP_RESPONSE_BUFFER];
    struct http_response response;
    char target[300];
    snprintf(target, sizeof target,
             "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-qB4520-%012u&port=6881&left=%u"
             "&key=%u&numwant=200",
             number, number % 2, number + 1);
    request.peer = numbered_endpoint(FAMILY_V4, number);
    http_tracker_read_target(&http, &request, bytes_of(target));
    http_tracker_begin_headers(&request, false, &none);
    http_tracker_read_header(&request, "User-Agent", 10, "qBittorrent/4.5.2");
    (void)http_tracker_end_headers(&http, "GET", &request);
    http_tracker_reply(&http, "GET", &request, now_ms, buffer, &response);
    REQUIRE(response.outcome.kind == HTTP_KIND_ANNOUNCE);
    REQUIRE(response.outcome.result == HTTP_RESULT_OK);
}

static size_t send_packet(const struct endpoint *sender, const uint8_t *packet, size_t len,
                          enum udp_outcome expected, uint8_t reply[static UDP_REPLY_MAX]) {
    enum udp_outcome outcome;
    const size_t reply_len = udp_tracker_reply(&udp, (struct bytes){ packet, len }, sender, sender,
                                               now_ms, reply, &outcome);
    REQUIRE(outcome == expected);
    return reply_len;
}

static void announce_by_udp(uint32_t number) {
    uint8_t packet[UDP_REQUEST_MAX];
    uint8_t reply[UDP_REPLY_MAX];
    struct udp_header header = { .action = UDP_CONNECT, .transaction_id = number };
    struct announce_request request = test_leecher(number);
    struct bytes body;
    size_t len = udp_client_connect(packet, number);
    len = send_packet(&request.peer, packet, len, UDP_CONNECTED, reply);
    REQUIRE(udp_client_judge((struct bytes){ reply, len }, &header, &body) == UDP_ANSWER_GOOD);
    REQUIRE(udp_client_read_connect(body, &header.connection_id));
    header.action = UDP_ANNOUNCE;
    len = udp_client_announce(packet, &header, &request, 6881, bytes_of("/announce"));
    (void)send_packet(&request.peer, packet, len, UDP_ANNOUNCED, reply);
}

static void (*const announces[])(uint32_t number) = { announce_by_http, announce_by_udp };

static void ignore_changes(void *context, const struct change *changes, size_t count) {
    (void)context;
    (void)changes;
    (void)count;
}

/* Returns the number of allocations. The feed is read afterwards, as its reader does. */
static uint64_t announce_all(void (*announce)(uint32_t number)) {
    const uint64_t before = allocation_count();
    for (uint32_t i = 0; i < PEERS; i++)
        announce(i);
    const uint64_t made = allocation_count() - before;
    (void)tracker_drain(tracker, ignore_changes, NULL);
    now_ms += 60000;
    return made;
}

START_TEST(announce_of_a_known_peer_allocates_nothing) {
    const uint64_t growths = announce_all(announces[_i]);
    ck_assert_uint_gt(growths, 0);
    ck_assert_uint_lt(growths, PEERS);
    ck_assert_uint_eq(tracker_stats(tracker).peers, PEERS);
    (void)announce_all(announces[_i]);
    ck_assert_uint_eq(announce_all(announces[_i]), 0);
}
END_TEST

UNIT_SUITE(announce_allocations) {
    Suite *suite = suite_create("announce_allocations");
    TCase *tests = tcase_create("announces");
    tcase_add_checked_fixture(tests, start_tracker, stop_tracker);
    tcase_add_loop_test(tests, announce_of_a_known_peer_allocates_nothing, 0, LOOPS_OF(announces));
    suite_add_tcase(suite, tests);
    return suite;
}
