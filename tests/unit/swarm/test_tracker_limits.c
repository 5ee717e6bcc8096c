/* What the tracker refuses at its bounds, and how soon it wants to hear of a peer again. */
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

static void assert_refused(const struct announce_request *request, enum announce_result why) {
    test_announce(tracker, request, START_MS, &reply);
    ck_assert_int_eq(reply.result, why);
    ck_assert_uint_eq(reply.response.peer_count, 0);
    ck_assert_uint_eq(reply.response.interval_s, 120);
    ck_assert_uint_eq(reply.response.min_interval_s, 60);
}

START_TEST(full_tracker_refuses_new_torrents_alone) {
    options.torrents_max = 1;
    tracker_apply(tracker, &options);
    test_fill_swarm(tracker, 2);
    struct announce_request peer = test_leecher(3);
    announce(&peer);
    numbered_id(peer.info_hash, TORRENT + 1);
    assert_refused(&peer, ANNOUNCE_TORRENTS_FULL);
    peer.event = EVENT_STOPPED;
    announce(&peer);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 1);
}
END_TEST

START_TEST(full_torrent_refuses_new_peers_alone) {
    options.torrent_peers_max = 2;
    tracker_apply(tracker, &options);
    test_fill_swarm(tracker, 2);
    struct announce_request peer = test_leecher(3);
    assert_refused(&peer, ANNOUNCE_SWARM_FULL);
    test_fill_swarm(tracker, 2);
    struct announce_request mover = test_leecher(2);
    mover.peer = numbered_endpoint(FAMILY_V4, 500);
    announce(&mover);
    numbered_id(peer.info_hash, TORRENT + 1);
    announce(&peer);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 3);
}
END_TEST

START_TEST(full_tracker_refuses_new_peers_until_one_leaves) {
    options.peers_max = 2;
    tracker_apply(tracker, &options);
    test_fill_swarm(tracker, 2);
    const struct announce_request peer = test_leecher(3);
    assert_refused(&peer, ANNOUNCE_PEERS_FULL);
    struct announce_request leaver = test_leecher(1);
    announce(&leaver);
    leaver.event = EVENT_STOPPED;
    announce(&leaver);
    announce(&peer);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 2);
}
END_TEST

static void let_interval_follow_load(uint32_t shortest, uint32_t longest) {
    options.interval_min_s = shortest;
    options.interval_max_s = longest;
    options.budget_per_s = 1;
    tracker_apply(tracker, &options);
}

START_TEST(interval_follows_the_load) {
    let_interval_follow_load(30, 300);
    ck_assert_uint_eq(tracker_interval_s(tracker), 30);
    test_fill_swarm(tracker, 29);
    ck_assert_uint_eq(tracker_interval_s(tracker), 30);
    test_fill_swarm(tracker, 200);
    ck_assert_uint_eq(tracker_interval_s(tracker), 200);
    test_fill_swarm(tracker, 500);
    ck_assert_uint_eq(tracker_interval_s(tracker), 300);
}
END_TEST

static const struct {
    uint32_t peers;
    uint32_t lowest;
    uint32_t highest;
} told_intervals[] = {
    { 1, 100, 110 },
    { 200, 200, 220 },
    { 290, 271, 300 },
    { 500, 270, 300 },
};

START_TEST(intervals_vary_within_their_bounds) {
    uint32_t lowest = UINT32_MAX;
    uint32_t highest = 0;
    let_interval_follow_load(100, 300);
    test_fill_swarm(tracker, told_intervals[_i].peers);
    const struct announce_request peer = test_leecher(1);
    for (int n = 0; n < 1000; n++) {
        announce(&peer);
        const uint32_t interval_s = reply.response.interval_s;
        lowest = interval_s < lowest ? interval_s : lowest;
        highest = interval_s > highest ? interval_s : highest;
        REQUIRE(reply.response.min_interval_s == interval_s / 2);
    }
    REQUIRE(lowest == told_intervals[_i].lowest);
    REQUIRE(highest == told_intervals[_i].highest);
}
END_TEST

START_TEST(fixed_interval_has_no_jitter) {
    const struct announce_request peer = test_leecher(1);
    for (int n = 0; n < 100; n++) {
        announce(&peer);
        ck_assert_uint_eq(reply.response.interval_s, 120);
    }
}
END_TEST

START_TEST(jitter_stays_below_a_close_maximum) {
    let_interval_follow_load(120, 122);
    const struct announce_request peer = test_leecher(1);
    for (int n = 0; n < 200; n++) {
        announce(&peer);
        ck_assert_uint_ge(reply.response.interval_s, 120);
        ck_assert_uint_le(reply.response.interval_s, 122);
    }
}
END_TEST

START_TEST(delete_accepts_null) {
    tracker_delete(NULL);
}
END_TEST

UNIT_SUITE(tracker_limits) {
    Suite *suite = suite_create("tracker_limits");
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, create_tracker, delete_tracker);
    tcase_add_test(limits, full_tracker_refuses_new_torrents_alone);
    tcase_add_test(limits, full_torrent_refuses_new_peers_alone);
    tcase_add_test(limits, full_tracker_refuses_new_peers_until_one_leaves);
    suite_add_tcase(suite, limits);

    TCase *interval = tcase_create("interval");
    tcase_add_checked_fixture(interval, create_tracker, delete_tracker);
    tcase_add_test(interval, interval_follows_the_load);
    tcase_add_loop_test(interval, intervals_vary_within_their_bounds, 0, LOOPS_OF(told_intervals));
    tcase_add_test(interval, fixed_interval_has_no_jitter);
    tcase_add_test(interval, jitter_stays_below_a_close_maximum);
    tcase_add_test(interval, delete_accepts_null);
    suite_add_tcase(suite, interval);
    return suite;
}
