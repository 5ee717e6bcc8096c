/* Sweeping and the change feed, with a clock that the tests move. */
#include <stdlib.h>
#include <string.h>

#include "tracker_support.h"

static struct tracker_options options;
static struct tracker *tracker;

static void create_tracker(void) {
    options = test_options();
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
}

static void delete_tracker(void) {
    tracker_delete(tracker);
}

static uint32_t sweep_all(uint64_t now_ms) {
    return tracker_sweep(tracker, 0, TRACKER_SHARDS, now_ms);
}

START_TEST(peer_expires_two_of_its_intervals_after_its_announce) {
    test_fill(tracker, 1, 1);
    ck_assert_uint_eq(sweep_all(test_seconds_after(240) - 1), 0);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 1);
    ck_assert_uint_eq(sweep_all(test_seconds_after(240)), 1);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
}
END_TEST

START_TEST(peer_expires_by_the_interval_that_it_was_given) {
    test_fill(tracker, 1, 1);
    options.interval_min_s = options.interval_max_s = 1800;
    tracker_apply(tracker, &options);
    struct announce_request late = test_leecher(1);
    numbered_id(late.info_hash, 0);
    test_put(tracker, &late, START_MS);
    ck_assert_uint_eq(sweep_all(test_seconds_after(240)), 1);
    ck_assert_uint_eq(sweep_all(test_seconds_after(3599)), 0);
    ck_assert_uint_eq(sweep_all(test_seconds_after(3600)), 1);
}
END_TEST

/* libtorrent announces every five minutes, even if the interval is two minutes. */
START_TEST(slow_client_stays_within_the_minimum_timeout) {
    options.peer_timeout_min_s = 660;
    tracker_apply(tracker, &options);
    test_fill(tracker, 1, 1);
    ck_assert_uint_eq(sweep_all(test_seconds_after(660) - 1), 0);
    ck_assert_uint_eq(sweep_all(test_seconds_after(660)), 1);
    options.interval_min_s = options.interval_max_s = 1800;
    tracker_apply(tracker, &options);
    test_fill(tracker, 1, 1);
    ck_assert_uint_eq(sweep_all(test_seconds_after(3599)), 0);
    ck_assert_uint_eq(sweep_all(test_seconds_after(3600)), 1);
}
END_TEST

START_TEST(longest_interval_allowed_is_kept_in_full) {
    options.interval_min_s = options.interval_max_s = 8 * 3600;
    tracker_apply(tracker, &options);
    test_fill(tracker, 1, 1);
    ck_assert_uint_eq(sweep_all(test_seconds_after(16 * 3600) - 1), 0);
    ck_assert_uint_eq(sweep_all(test_seconds_after(16 * 3600)), 1);
}
END_TEST

START_TEST(announce_keeps_the_peer) {
    test_fill(tracker, 10, 3);
    for (uint32_t round = 1; round < 10; round++) {
        struct announce_request peer = test_leecher(4);
        numbered_id(peer.info_hash, 4 % 3);
        test_put(tracker, &peer, test_seconds_after(200 * round));
        ck_assert_uint_eq(sweep_all(test_seconds_after(200 * round + 199)), round == 1 ? 9 : 0);
    }
    ck_assert_uint_eq(tracker_stats(tracker).peers, 1);
}
END_TEST

START_TEST(sweep_in_parts_reaches_every_shard) {
    test_fill(tracker, 3000, 1000);
    uint32_t expired = 0;
    for (uint32_t first = 100; first < 100 + TRACKER_SHARDS; first += 16)
        expired += tracker_sweep(tracker, first, 16, test_seconds_after(240));
    ck_assert_uint_eq(expired, 3000);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 0);
}
END_TEST

START_TEST(large_swarm_expires_in_one_sweep) {
    test_fill(tracker, 5000, 1);
    ck_assert_uint_eq(sweep_all(test_seconds_after(240)), 5000);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 0);
}
END_TEST

static void count_step(void *context) {
    ++*(unsigned *)context;
}

START_TEST(sweep_of_many_peers_reports_its_steps) {
    unsigned steps = 0;
    test_fill(tracker, 5000, 1);
    ck_assert_uint_eq(tracker_sweep_in_steps(tracker, 0, TRACKER_SHARDS, test_seconds_after(240),
                                             count_step, &steps),
                      5000);
    ck_assert_uint_ge(steps, 5000 / 256);
}
END_TEST

static void complete_and_stop(uint32_t number) {
    struct announce_request peer = test_seeder(number);
    peer.event = EVENT_COMPLETED;
    test_put(tracker, &peer, START_MS);
    peer.event = EVENT_STOPPED;
    test_put(tracker, &peer, START_MS);
}

START_TEST(idle_torrent_keeps_its_count_for_its_time) {
    complete_and_stop(1);
    sweep_all(test_seconds_after(options.idle_torrent_s) - 1);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 1);
    sweep_all(test_seconds_after(options.idle_torrent_s));
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 0);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 0);
}
END_TEST

START_TEST(torrent_without_peers_or_count_is_forgotten_at_once) {
    struct announce_request peer = test_leecher(1);
    test_put(tracker, &peer, START_MS);
    peer.event = EVENT_STOPPED;
    test_put(tracker, &peer, START_MS);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 1);
    sweep_all(START_MS);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 0);
}
END_TEST

struct log {
    uint32_t count;
    struct change changes[4096];
};

static struct log told;

static void note(void *context, const struct change *changes, size_t count) {
    struct log *log = context;
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_lt(log->count, COUNT_OF(log->changes));
        log->changes[log->count++] = changes[i];
    }
}

static bool drain(void) {
    told.count = 0;
    return tracker_drain(tracker, note, &told);
}

START_TEST(drain_returns_changes_in_order) {
    static const enum change_kind expected[] = {
        CHANGE_PEER_JOINED, CHANGE_PEER_COMPLETED, CHANGE_PEER_LEFT, CHANGE_TORRENT,
        CHANGE_PEER_JOINED, CHANGE_PEER_EXPIRED,   CHANGE_TORRENT,
    };
    struct announce_request peer = test_leecher(1);
    test_put(tracker, &peer, START_MS);
    peer.left = 0;
    peer.event = EVENT_COMPLETED;
    test_put(tracker, &peer, START_MS);
    peer.event = EVENT_STOPPED;
    test_put(tracker, &peer, START_MS);
    const struct announce_request other = test_leecher(2);
    test_put(tracker, &other, START_MS);
    sweep_all(test_seconds_after(240));
    ck_assert(drain());
    ck_assert_uint_eq(told.count, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        ck_assert_int_eq(told.changes[i].kind, expected[i]);
    ck_assert(drain());
    ck_assert_uint_eq(told.count, 0);
}
END_TEST

START_TEST(removed_torrent_is_in_the_feed) {
    complete_and_stop(1);
    ck_assert(drain());
    sweep_all(test_seconds_after(options.idle_torrent_s));
    ck_assert(drain());
    ck_assert_uint_eq(told.count, 1);
    ck_assert_int_eq(told.changes[0].kind, CHANGE_TORRENT_FORGOTTEN);
    ck_assert_uint_eq(told.changes[0].peer.family, FAMILY_NONE);
}
END_TEST

START_TEST(regular_updates_are_not_in_the_feed) {
    test_fill(tracker, 100, 10);
    ck_assert(drain());
    test_fill(tracker, 100, 10);
    ck_assert(drain());
    ck_assert_uint_eq(told.count, 0);
}
END_TEST

START_TEST(overflow_is_reported_once) {
    struct tracker *small = tracker_create(&options, 1);
    ck_assert_ptr_nonnull(small);
    for (uint32_t i = 0; i < 4; i++) {
        const struct announce_request peer = test_leecher(i);
        test_put(small, &peer, START_MS);
    }
    told.count = 0;
    ck_assert(!tracker_drain(small, note, &told));
    ck_assert_uint_eq(told.count, 0);
    ck_assert(tracker_drain(small, note, &told));
    tracker_delete(small);
}
END_TEST

START_TEST(torrent_that_floods_the_feed_is_told_as_lost) {
    struct tracker *small = tracker_create(&options, 3);
    ck_assert_ptr_nonnull(small);
    for (uint32_t i = 0; i < 4; i++) {
        const struct announce_request peer = test_leecher(i);
        test_put(small, &peer, START_MS);
    }
    told.count = 0;
    ck_assert(tracker_drain(small, note, &told));
    ck_assert_uint_eq(told.count, 2);
    ck_assert_int_eq(told.changes[0].kind, CHANGE_TORRENT_LOST);
    ck_assert_int_eq(told.changes[1].kind, CHANGE_PEER_JOINED);
    tracker_delete(small);
}
END_TEST

START_TEST(info_hashes_come_sorted) {
    test_fill(tracker, 500, 100);
    size_t count;
    uint8_t(*hashes)[INFO_HASH_LEN] = tracker_info_hashes(tracker, &count);
    ck_assert_uint_eq(count, 100);
    for (size_t i = 1; i < count; i++)
        ck_assert_int_lt(memcmp(hashes[i - 1], hashes[i], INFO_HASH_LEN), 0);
    free(hashes);
}
END_TEST

START_TEST(info_hashes_of_an_empty_tracker_are_none) {
    size_t count = 99;
    uint8_t(*hashes)[INFO_HASH_LEN] = tracker_info_hashes(tracker, &count);
    ck_assert_ptr_nonnull(hashes);
    ck_assert_uint_eq(count, 0);
    free(hashes);
}
END_TEST

UNIT_SUITE(tracker_upkeep) {
    Suite *suite = suite_create("tracker_upkeep");
    TCase *sweep = tcase_create("sweep");
    tcase_add_checked_fixture(sweep, create_tracker, delete_tracker);
    tcase_add_test(sweep, peer_expires_two_of_its_intervals_after_its_announce);
    tcase_add_test(sweep, peer_expires_by_the_interval_that_it_was_given);
    tcase_add_test(sweep, slow_client_stays_within_the_minimum_timeout);
    tcase_add_test(sweep, longest_interval_allowed_is_kept_in_full);
    tcase_add_test(sweep, announce_keeps_the_peer);
    tcase_add_test(sweep, sweep_in_parts_reaches_every_shard);
    tcase_add_test(sweep, large_swarm_expires_in_one_sweep);
    tcase_add_test(sweep, sweep_of_many_peers_reports_its_steps);
    tcase_add_test(sweep, idle_torrent_keeps_its_count_for_its_time);
    tcase_add_test(sweep, torrent_without_peers_or_count_is_forgotten_at_once);
    suite_add_tcase(suite, sweep);

    TCase *changes = tcase_create("changes");
    tcase_add_checked_fixture(changes, create_tracker, delete_tracker);
    tcase_add_test(changes, drain_returns_changes_in_order);
    tcase_add_test(changes, removed_torrent_is_in_the_feed);
    tcase_add_test(changes, regular_updates_are_not_in_the_feed);
    tcase_add_test(changes, overflow_is_reported_once);
    tcase_add_test(changes, torrent_that_floods_the_feed_is_told_as_lost);
    tcase_add_test(changes, info_hashes_come_sorted);
    tcase_add_test(changes, info_hashes_of_an_empty_tracker_are_none);
    suite_add_tcase(suite, changes);
    return suite;
}
