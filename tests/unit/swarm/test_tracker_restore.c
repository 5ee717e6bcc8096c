/* A past state: dump, restore, and the grace after it. */
#include <string.h>

#include "swarm/swarm_snapshot.h"
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

static void complete_and_stop(uint32_t number) {
    struct announce_request peer = test_seeder(number);
    peer.event = EVENT_COMPLETED;
    test_put(tracker, &peer, START_MS);
    peer.event = EVENT_STOPPED;
    test_put(tracker, &peer, START_MS);
}

static void fail_if_told(void *context, const struct change *changes, size_t count) {
    (void)context;
    (void)changes;
    ck_assert_uint_eq(count, 0);
}

static struct tracker *other;

/* Changes of one torrent at once, at most `*most` of them. */
static void restore_into_other(void *context, const struct change *changes, size_t count) {
    const size_t *most = context;
    for (size_t i = 0, run; i < count; i += run) {
        for (run = 1; run < *most && i + run < count; run++) {
            if (memcmp(changes[i + run].info_hash, changes[i].info_hash, INFO_HASH_LEN) != 0)
                break;
        }
        ck_assert(tracker_restore(other, &changes[i], run, START_MS));
    }
}

static void dump_into_other(size_t most) {
    ck_assert(tracker_dump(tracker, 0, TRACKER_SHARDS, START_MS, restore_into_other, &most));
}

/* Clients of every kind in 50 torrents, one of which has a count but no peers. */
static void fill_with_variety(void) {
    for (uint32_t i = 0; i < 1000; i++) {
        struct announce_request peer = i % 3 == 0 ? test_seeder(i) : test_leecher(i);
        numbered_id(peer.info_hash, 100 + i % 50);
        if (i % 2 == 0)
            peer.peer = numbered_endpoint(FAMILY_V6, i);
        if (i % 5 == 0)
            peer.event = i % 3 == 0 ? EVENT_COMPLETED : EVENT_PAUSED;
        test_put(tracker, &peer, START_MS);
    }
    complete_and_stop(5000);
}

static void assert_same_scrapes(uint32_t torrent) {
    const struct scrape_entry here = test_scrape(tracker, torrent);
    const struct scrape_entry there = test_scrape(other, torrent);
    ck_assert_mem_eq(&here, &there, sizeof here);
}

START_TEST(replayed_state_restores_to_the_same_scrapes) {
    const size_t runs[] = { 1, 7, 1000 };
    fill_with_variety();
    other = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(other);
    dump_into_other(runs[_i]);
    for (uint32_t torrent = 0; torrent < 200; torrent++)
        assert_same_scrapes(torrent);
    ck_assert_uint_eq(tracker_stats(other).peers, tracker_stats(tracker).peers);
    ck_assert_uint_eq(tracker_stats(other).torrents, tracker_stats(tracker).torrents);
    ck_assert_uint_eq(tracker_stats(other).peers, 1000);
    ck_assert(tracker_drain(other, fail_if_told, NULL));
    tracker_delete(other);
}
END_TEST

static void note_state(void *context, const struct change *changes, size_t count) {
    uint32_t *peers = context;
    ck_assert_int_eq(changes[0].kind, CHANGE_TORRENT_LOST);
    *peers = 0;
    for (size_t i = 1; i < count; i++) {
        ck_assert_int_eq(changes[i].kind, i == 1 ? CHANGE_TORRENT : CHANGE_PEER_JOINED);
        ck_assert_mem_eq(changes[i].info_hash, changes[0].info_hash, INFO_HASH_LEN);
        *peers += i > 1;
    }
}

START_TEST(dump_of_one_torrent_has_its_peers_only) {
    uint8_t info_hash[INFO_HASH_LEN];
    uint32_t peers = 99;
    fill_with_variety();
    numbered_id(info_hash, 107);
    ck_assert(tracker_dump_torrent(tracker, info_hash, START_MS, note_state, &peers));
    ck_assert_uint_eq(peers, 20);
    numbered_id(info_hash, 9999);
    ck_assert(tracker_dump_torrent(tracker, info_hash, START_MS, note_state, &peers));
    ck_assert_uint_eq(peers, 0);
}
END_TEST

START_TEST(restored_peer_that_completed_is_not_counted_again) {
    struct announce_request peer = test_seeder(1);
    peer.event = EVENT_COMPLETED;
    test_put(tracker, &peer, START_MS);
    other = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(other);
    dump_into_other(7);
    test_put(other, &peer, START_MS);
    assert_same_scrapes(TORRENT);
    peer.event = EVENT_STOPPED;
    test_put(other, &peer, START_MS);
    peer.event = EVENT_COMPLETED;
    test_put(other, &peer, START_MS);
    assert_same_scrapes(TORRENT);
    tracker_delete(other);
}
END_TEST

START_TEST(replay_of_an_empty_tracker_is_empty) {
    ck_assert(tracker_dump(tracker, 0, TRACKER_SHARDS, START_MS, fail_if_told, NULL));
}
END_TEST

START_TEST(restored_peers_are_returned_at_once) {
    static struct reply reply;
    fill_with_variety();
    other = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(other);
    dump_into_other(7);
    struct announce_request peer = test_leecher(9999);
    numbered_id(peer.info_hash, 101);
    test_announce(other, &peer, START_MS, &reply);
    ck_assert_uint_eq(reply.response.peer_count, 20);
    tracker_delete(other);
}
END_TEST

START_TEST(restore_leaves_out_what_does_not_fit) {
    test_fill(tracker, 20, 4);
    options.peers_max = 7;
    options.torrents_max = 2;
    other = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(other);
    dump_into_other(7);
    ck_assert_uint_eq(tracker_stats(other).peers, 7);
    ck_assert_uint_eq(tracker_stats(other).torrents, 2);
    tracker_delete(other);
}
END_TEST

START_TEST(grace_gives_every_peer_one_interval) {
    test_fill(tracker, 100, 7);
    tracker_extend_deadlines(tracker, test_seconds_after(10000));
    ck_assert_uint_eq(sweep_all(test_seconds_after(10120)), 0);
    ck_assert_uint_eq(sweep_all(test_seconds_after(10240)), 100);
}
END_TEST

START_TEST(peer_that_announces_after_grace_expires_as_usual) {
    test_fill(tracker, 1, 1);
    tracker_extend_deadlines(tracker, test_seconds_after(10000));
    struct announce_request peer = test_leecher(0);
    numbered_id(peer.info_hash, 0);
    test_put(tracker, &peer, test_seconds_after(10100));
    ck_assert_uint_eq(sweep_all(test_seconds_after(10339)), 0);
    ck_assert_uint_eq(sweep_all(test_seconds_after(10340)), 1);
}
END_TEST

UNIT_SUITE(tracker_restore) {
    Suite *suite = suite_create("tracker_restore");
    TCase *restore = tcase_create("restore");
    tcase_add_checked_fixture(restore, create_tracker, delete_tracker);
    tcase_add_loop_test(restore, replayed_state_restores_to_the_same_scrapes, 0, 3);
    tcase_add_test(restore, restored_peer_that_completed_is_not_counted_again);
    tcase_add_test(restore, dump_of_one_torrent_has_its_peers_only);
    tcase_add_test(restore, replay_of_an_empty_tracker_is_empty);
    tcase_add_test(restore, restored_peers_are_returned_at_once);
    tcase_add_test(restore, restore_leaves_out_what_does_not_fit);
    tcase_add_test(restore, grace_gives_every_peer_one_interval);
    tcase_add_test(restore, peer_that_announces_after_grace_expires_as_usual);
    suite_add_tcase(suite, restore);
    return suite;
}
