#include "swarm/tracker.h"

#include <string.h>

#include "tracker_support.h"

static struct tracker_options options;
static struct tracker *tracker;
static struct reply reply;

static void create_tracker(void) {
    options = test_options();
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
}

static void delete_tracker(void) {
    tracker_delete(tracker);
}

static void announce(const struct announce_request *request) {
    test_announce(tracker, request, START_MS, &reply);
    ck_assert_int_eq(reply.result, ANNOUNCE_OK);
}

START_TEST(first_peer_gets_an_empty_reply) {
    const struct announce_request peer = test_leecher(1);
    announce(&peer);
    ck_assert_uint_eq(reply.response.peer_count, 0);
    ck_assert_uint_eq(reply.response.family, FAMILY_V4);
    ck_assert_uint_eq(reply.response.seeders, 0);
    ck_assert_uint_eq(reply.response.leechers, 1);
    ck_assert_uint_eq(reply.response.downloaded, 0);
    ck_assert(endpoint_equal(&reply.response.client, &peer.peer));
}
END_TEST

START_TEST(second_peer_gets_the_first) {
    const struct announce_request first = test_leecher(1);
    const struct announce_request second = test_leecher(2);
    announce(&first);
    announce(&second);
    ck_assert_uint_eq(reply.response.peer_count, 1);
    ck_assert(reply_has(&reply, &first.peer));
    ck_assert_mem_eq(reply.peer_ids, first.peer_id, PEER_ID_LEN);
}
END_TEST

START_TEST(peer_that_announces_twice_is_one_peer) {
    const struct announce_request peer = test_leecher(1);
    announce(&peer);
    announce(&peer);
    ck_assert_uint_eq(reply.response.leechers, 1);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 1);
}
END_TEST

START_TEST(torrents_do_not_mix) {
    struct announce_request peer = test_leecher(1);
    announce(&peer);
    numbered_id(peer.info_hash, TORRENT + 1);
    announce(&peer);
    ck_assert_uint_eq(reply.response.peer_count, 0);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 2);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 2);
}
END_TEST

START_TEST(families_do_not_mix_in_replies_but_in_counts) {
    const struct announce_request v4 = test_leecher(1);
    struct announce_request v6 = test_leecher(2);
    v6.peer = numbered_endpoint(FAMILY_V6, 2);
    announce(&v4);
    announce(&v6);
    ck_assert_uint_eq(reply.response.family, FAMILY_V6);
    ck_assert_uint_eq(reply.response.peer_count, 0);
    ck_assert_uint_eq(reply.response.leechers, 2);
    struct announce_request other = test_leecher(3);
    other.peer = numbered_endpoint(FAMILY_V6, 3);
    announce(&other);
    ck_assert_uint_eq(reply.response.peer_count, 1);
    ck_assert(reply_has(&reply, &v6.peer));
}
END_TEST

START_TEST(seeders_get_leechers_only) {
    const struct announce_request first = test_seeder(1);
    const struct announce_request second = test_seeder(2);
    const struct announce_request leecher = test_leecher(3);
    announce(&first);
    announce(&leecher);
    ck_assert(reply_has(&reply, &first.peer));
    announce(&second);
    ck_assert_uint_eq(reply.response.peer_count, 1);
    ck_assert(reply_has(&reply, &leecher.peer));
    ck_assert_uint_eq(reply.response.seeders, 2);
    ck_assert_uint_eq(reply.response.leechers, 1);
}
END_TEST

START_TEST(paused_peer_is_offered_to_leechers_and_gets_no_seeders) {
    const struct announce_request seeder = test_seeder(1);
    const struct announce_request leecher = test_leecher(2);
    struct announce_request paused = test_leecher(3);
    paused.event = EVENT_PAUSED;
    announce(&seeder);
    announce(&leecher);
    announce(&paused);
    ck_assert_uint_eq(reply.response.peer_count, 1);
    ck_assert(reply_has(&reply, &leecher.peer));
    ck_assert_uint_eq(reply.response.leechers, 2);
    announce(&leecher);
    ck_assert(reply_has(&reply, &paused.peer));
    const struct scrape_entry entry = test_scrape(tracker, TORRENT);
    ck_assert_uint_eq(entry.leechers, 2);
    ck_assert_uint_eq(entry.downloaders, 1);
}
END_TEST

static const struct {
    int32_t numwant;
    uint32_t peers;
} numwants[] = {
    { NUMWANT_DEFAULT, 50 },
    { -2, 50 },
    { INT32_MIN, 50 },
    { 0, 0 },
    { 1, 1 },
    { 50, 50 },
    { 199, 199 },
    { 200, 200 },
    { 201, 200 },
    { 1000, 200 },
    { INT32_MAX, 200 },
};

START_TEST(numwant_decides_how_many_peers_come) {
    test_fill_swarm(tracker, 300);
    struct announce_request peer = test_leecher(0);
    peer.numwant = numwants[_i].numwant;
    announce(&peer);
    ck_assert_uint_eq(reply.response.peer_count, numwants[_i].peers);
    ck_assert(!reply_has(&reply, &peer.peer));
}
END_TEST

START_TEST(numwant_zero_returns_no_peers) {
    test_fill_swarm(tracker, 5);
    struct announce_request peer = test_leecher(0);
    peer.numwant = 0;
    announce(&peer);
    ck_assert_uint_eq(reply.response.peer_count, 0);
    ck_assert_uint_eq(reply.response.leechers, 6);
}
END_TEST

START_TEST(no_more_peers_come_than_the_reply_has_room_for) {
    test_fill_swarm(tracker, 100);
    const struct announce_request peer = test_leecher(0);
    struct announce_response response = { .peers = reply.peers, .peers_max = 7 };
    memset(reply.peers, 0xee, sizeof reply.peers);
    REQUIRE(tracker_announce(tracker, &peer, START_MS, &response) == ANNOUNCE_OK);
    REQUIRE(response.peer_count == 7);
    for (size_t i = 7 * ENDPOINT_V4_LEN; i < sizeof reply.peers; i++)
        REQUIRE(reply.peers[i] == 0xee);
}
END_TEST

START_TEST(stopped_peer_leaves_the_swarm_and_gets_no_peers) {
    test_fill_swarm(tracker, 3);
    struct announce_request peer = test_leecher(2);
    peer.event = EVENT_STOPPED;
    announce(&peer);
    ck_assert_uint_eq(reply.response.peer_count, 0);
    ck_assert_uint_eq(reply.response.leechers, 2);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 2);
}
END_TEST

START_TEST(stop_of_an_unknown_peer_is_fine) {
    struct announce_request peer = test_leecher(9);
    peer.event = EVENT_STOPPED;
    announce(&peer);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 0);
    test_fill_swarm(tracker, 2);
    announce(&peer);
    ck_assert_uint_eq(reply.response.leechers, 2);
}
END_TEST

START_TEST(completed_is_counted_in_reply_and_scrape) {
    struct announce_request peer = test_seeder(1);
    peer.event = EVENT_COMPLETED;
    announce(&peer);
    announce(&peer);
    ck_assert_uint_eq(reply.response.downloaded, 1);
    const struct scrape_entry entry = test_scrape(tracker, TORRENT);
    ck_assert_uint_eq(entry.downloaded, 1);
    ck_assert_uint_eq(entry.seeders, 1);
}
END_TEST

START_TEST(unknown_torrent_scrapes_as_zeros) {
    const struct scrape_entry entry = test_scrape(tracker, 999);
    const struct scrape_entry zeros = { 0 };
    ck_assert_mem_eq(&entry, &zeros, sizeof entry);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 0);
}
END_TEST

enum { PLENTY = 1 << 30 };

/* Of an unknown torrent, and of swarms without and with an index. */
START_TEST(prefetch_changes_nothing) {
    static const uint32_t sizes[] = { 0, 1, 100 };
    struct announce_request requests[2 * COUNT_OF(sizes)];
    struct announce_hint hints[COUNT_OF(requests)];
    ck_assert(tracker_reserve_memory(tracker, PLENTY)); /* so that it is not skipped */
    for (uint32_t i = 0; i < COUNT_OF(requests); i++) {
        requests[i] = test_leecher(i);
        if (i % 2 == 1)
            requests[i].peer = numbered_endpoint(FAMILY_V6, i);
        numbered_id(requests[i].info_hash, i);
        hints[i] = (struct announce_hint){
            .info_hash = requests[i].info_hash,
            .client = requests[i].peer,
            .limited = i % 2 == 0,
        };
        for (uint32_t peer = 0; peer < sizes[i / 2]; peer++) {
            struct announce_request other = test_leecher(i + peer);
            other.peer = numbered_endpoint(requests[i].peer.family, i + peer);
            numbered_id(other.info_hash, i);
            announce(&other);
        }
    }
    const struct tracker_stats before = tracker_stats(tracker);
    tracker_prefetch(tracker, hints, COUNT_OF(hints));
    const struct tracker_stats after = tracker_stats(tracker);
    ck_assert_mem_eq(&after, &before, sizeof after);
    ck_assert_uint_eq(after.peers, 2 * (1 + 100));
    for (uint32_t i = 0; i < COUNT_OF(requests); i++) {
        announce(&requests[i]);
        ck_assert_uint_eq(reply.response.leechers, sizes[i / 2] + (sizes[i / 2] == 0));
    }
    tracker_release_memory(tracker, PLENTY);
}
END_TEST

static void add_announce_tests(TCase *announces) {
    tcase_add_test(announces, first_peer_gets_an_empty_reply);
    tcase_add_test(announces, second_peer_gets_the_first);
    tcase_add_test(announces, peer_that_announces_twice_is_one_peer);
    tcase_add_test(announces, torrents_do_not_mix);
    tcase_add_test(announces, families_do_not_mix_in_replies_but_in_counts);
    tcase_add_test(announces, seeders_get_leechers_only);
    tcase_add_test(announces, paused_peer_is_offered_to_leechers_and_gets_no_seeders);
    tcase_add_loop_test(announces, numwant_decides_how_many_peers_come, 0, LOOPS_OF(numwants));
    tcase_add_test(announces, numwant_zero_returns_no_peers);
    tcase_add_test(announces, no_more_peers_come_than_the_reply_has_room_for);
    tcase_add_test(announces, stopped_peer_leaves_the_swarm_and_gets_no_peers);
    tcase_add_test(announces, stop_of_an_unknown_peer_is_fine);
    tcase_add_test(announces, completed_is_counted_in_reply_and_scrape);
    tcase_add_test(announces, unknown_torrent_scrapes_as_zeros);
    tcase_add_test(announces, prefetch_changes_nothing);
}

UNIT_SUITE(tracker) {
    Suite *suite = suite_create("tracker");
    TCase *announces = tcase_create("announces");
    tcase_add_checked_fixture(announces, create_tracker, delete_tracker);
    add_announce_tests(announces);
    suite_add_tcase(suite, announces);
    return suite;
}
