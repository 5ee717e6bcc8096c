/* Looking into the swarms from outside. */
#include "swarm/swarm_snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tracker_support.h"

enum { KIB = 1024, CROWD = 3 * SWARM_SNAPSHOT_PEERS_MAX + 100, KNOWN_MAX = 5000 };

static struct tracker_options options;
static struct tracker *tracker;
static struct peer_stats page[CROWD];

static void create_tracker(void) {
    options = test_options();
    ck_assert(network_parse("10.0.0.0/8", &options.lan.list[options.lan.count++]));
    ck_assert(network_parse("10.9.0.0/16",
                            &options.ip_param_networks.list[options.ip_param_networks.count++]));
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
}

static void delete_tracker(void) {
    tracker_delete(tracker);
}

static uint64_t seconds_after(uint32_t s) {
    return START_MS + 1000ULL * s;
}

static const uint8_t *torrent_id(uint32_t torrent) {
    static uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, torrent);
    return info_hash;
}

static void come(uint32_t number, uint8_t family, uint64_t left, enum announce_event event) {
    struct announce_request peer = test_leecher(number);
    peer.peer = numbered_endpoint(family, number);
    peer.left = left;
    peer.event = event;
    test_put(tracker, &peer, START_MS);
}

/* Of each family and role another number: 1 to 4, and one partial seed. */
static void fill_with_variety(void) {
    static const struct {
        uint8_t family;
        uint64_t left;
    } kinds[] = { { FAMILY_V4, 0 }, { FAMILY_V6, 0 }, { FAMILY_V4, 9 }, { FAMILY_V6, 9 } };
    uint32_t number = 0;
    for (uint32_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        for (uint32_t i = 0; i <= kind; i++)
            come(number++, kinds[kind].family, kinds[kind].left, EVENT_NONE);
    }
    come(number, FAMILY_V6, 9, EVENT_PAUSED);
}

static struct torrent_stats look(uint32_t torrent, uint32_t s) {
    struct torrent_stats figures;
    ck_assert(swarm_snapshot_torrent(tracker, torrent_id(torrent), seconds_after(s), &figures));
    return figures;
}

static size_t look_at_peers(size_t offset, size_t max, size_t *total) {
    return swarm_snapshot_peers(tracker, torrent_id(TORRENT), START_MS, offset, page, max, total);
}

static struct peer_stats only_peer(uint32_t s) {
    size_t total;
    ck_assert_uint_eq(swarm_snapshot_peers(tracker, torrent_id(TORRENT), seconds_after(s), 0, page,
                                           CROWD, &total),
                      1);
    ck_assert_uint_eq(total, 1);
    return page[0];
}

START_TEST(torrent_counts_by_family_and_role) {
    fill_with_variety();
    const struct torrent_stats figures = look(TORRENT, 0);
    ck_assert_mem_eq(figures.info_hash, torrent_id(TORRENT), INFO_HASH_LEN);
    ck_assert_uint_eq(figures.seeders_v4, 1);
    ck_assert_uint_eq(figures.seeders_v6, 2);
    ck_assert_uint_eq(figures.leechers_v4, 3);
    ck_assert_uint_eq(figures.leechers_v6, 5);
    ck_assert_uint_eq(figures.paused, 1);
    ck_assert_uint_eq(figures.downloaded, 0);
    ck_assert_uint_eq(figures.idle_s, 0);
}
END_TEST

START_TEST(client_in_both_families_is_said_to_be_in_both) {
    const struct announce_request lone = test_leecher(3);
    size_t total;
    come(1, FAMILY_V4, 0, EVENT_NONE);
    come(1, FAMILY_V6, 0, EVENT_NONE);
    come(2, FAMILY_V6, 9, EVENT_NONE);
    come(2, FAMILY_V4, 9, EVENT_PAUSED);
    come(3, FAMILY_V4, 9, EVENT_NONE);
    const struct torrent_stats figures = look(TORRENT, 0);
    ck_assert_uint_eq(figures.seeders_v4, 1);
    ck_assert_uint_eq(figures.seeders_v6, 1);
    ck_assert_uint_eq(figures.seeders_both, 1);
    ck_assert_uint_eq(figures.leechers_v4, 2);
    ck_assert_uint_eq(figures.leechers_v6, 1);
    ck_assert_uint_eq(figures.leechers_both, 1);
    ck_assert_uint_eq(figures.paused, 1);
    ck_assert_uint_eq(torrent_seeders(&figures), 1);
    ck_assert_uint_eq(torrent_leechers(&figures), 2);
    ck_assert_uint_eq(look_at_peers(0, CROWD, &total), 5);
    for (size_t i = 0; i < total; i++) {
        const bool alone = memcmp(page[i].peer_id, lone.peer_id, PEER_ID_LEN) == 0;
        ck_assert_int_eq(page[i].in_both, !alone);
    }
}
END_TEST

START_TEST(torrent_without_peers_is_idle_since_the_last_went) {
    come(1, FAMILY_V4, 0, EVENT_COMPLETED);
    ck_assert_uint_eq(look(TORRENT, 30).idle_s, 0);
    struct announce_request peer = test_seeder(1);
    struct reply reply;
    peer.event = EVENT_STOPPED;
    test_announce(tracker, &peer, seconds_after(40), &reply);
    const struct torrent_stats figures = look(TORRENT, 100);
    ck_assert_uint_eq(figures.idle_s, 60);
    ck_assert_uint_eq(figures.downloaded, 1);
    ck_assert_uint_eq(figures.seeders_v4 + figures.leechers_v4, 0);
    ck_assert_uint_eq(look(TORRENT, 39).idle_s, 0);
}
END_TEST

START_TEST(unknown_torrent_has_nothing) {
    struct torrent_stats figures = { .downloaded = 42 };
    size_t total = 42;
    come(1, FAMILY_V4, 0, EVENT_NONE);
    ck_assert(!swarm_snapshot_torrent(tracker, torrent_id(2), START_MS, &figures));
    ck_assert_uint_eq(figures.downloaded, 42);
    ck_assert_uint_eq(
        swarm_snapshot_peers(tracker, torrent_id(2), START_MS, 0, page, CROWD, &total), 0);
    ck_assert_uint_eq(total, 0);
}
END_TEST

START_TEST(rates_are_in_bytes_and_added_up) {
    for (uint32_t i = 1; i <= 2; i++) {
        struct announce_request peer = test_leecher(i);
        test_put(tracker, &peer, START_MS);
        peer.uploaded = 10ULL * i * KIB;
        peer.downloaded = 40ULL * i * KIB;
        test_put(tracker, &peer, seconds_after(10));
    }
    const struct torrent_stats figures = look(TORRENT, 10);
    ck_assert_uint_eq(figures.upload_rate, 3 * KIB);
    ck_assert_uint_eq(figures.download_rate, 12 * KIB);
    tracker_sweep(tracker, 0, TRACKER_SHARDS, seconds_after(1000));
    ck_assert(!swarm_snapshot_torrent(tracker, torrent_id(TORRENT), seconds_after(1000),
                                      &(struct torrent_stats){ 0 }));
}
END_TEST

START_TEST(snapshot_has_every_value_of_a_peer) {
    struct announce_request peer = test_leecher_at(1, "10.0.0.1");
    peer.event = EVENT_PAUSED;
    test_put(tracker, &peer, START_MS);
    peer.left = 500;
    peer.uploaded = 30 * KIB;
    peer.downloaded = 60 * KIB + 5;
    test_put(tracker, &peer, seconds_after(30));
    const struct peer_stats figures = only_peer(40);
    ck_assert_mem_eq(figures.info_hash, peer.info_hash, INFO_HASH_LEN);
    ck_assert_mem_eq(figures.peer_id, peer.peer_id, PEER_ID_LEN);
    ck_assert(endpoint_equal(&figures.peer, &peer.peer));
    ck_assert_uint_eq(figures.left, 500);
    ck_assert_uint_eq(figures.uploaded, 30 * KIB);
    ck_assert_uint_eq(figures.downloaded, 60 * KIB);
    ck_assert_uint_eq(figures.upload_rate, KIB);
    ck_assert_uint_eq(figures.download_rate, 2 * KIB);
    ck_assert_uint_eq(figures.age_s, 40);
    ck_assert_uint_eq(figures.silent_s, 10);
    ck_assert(!figures.seeder && figures.paused && figures.lan && figures.own_address);
}
END_TEST

START_TEST(large_totals_come_out_whole) {
    struct announce_request peer = test_seeder(1);
    peer.uploaded = UINT64_MAX;
    peer.downloaded = (UINT64_C(1) << 49) + 3 * KIB;
    peer.left = LEFT_UNKNOWN;
    test_put(tracker, &peer, START_MS);
    const struct peer_stats figures = only_peer(0);
    ck_assert_uint_eq(figures.uploaded, ((UINT64_C(1) << 40) - 1) << 10);
    ck_assert_uint_eq(figures.downloaded, (UINT64_C(1) << 49) + 3 * KIB);
    ck_assert_uint_eq(figures.left, LEFT_UNKNOWN);
    ck_assert(!figures.lan && !figures.seeder && figures.own_address);
}
END_TEST

START_TEST(claimed_address_is_not_its_own) {
    struct announce_request peer = test_leecher_at(1, "10.9.0.1");
    test_put(tracker, &peer, START_MS);
    ck_assert(only_peer(0).own_address);
    peer.claimed = endpoint_at("198.51.100.9", 0);
    test_put(tracker, &peer, START_MS);
    const struct peer_stats figures = only_peer(0);
    ck_assert(!figures.own_address && !figures.lan);
    ck_assert_uint_eq(endpoint_port(&figures.peer), 1001);
}
END_TEST

START_TEST(borrowed_address_is_not_its_own) {
    struct announce_request peer = test_leecher_at(1, "10.9.0.1");
    peer.may_be_proxy = true;
    test_put(tracker, &peer, START_MS);
    ck_assert(!only_peer(0).own_address);
    peer.may_be_proxy = false;
    test_put(tracker, &peer, START_MS);
    ck_assert(only_peer(0).own_address);
}
END_TEST

START_TEST(claim_of_the_own_address_is_no_claim) {
    struct announce_request peer = test_leecher_at(1, "10.9.0.1");
    peer.claimed = endpoint_at("10.9.0.1", 0);
    test_put(tracker, &peer, START_MS);
    ck_assert(only_peer(0).own_address);
}
END_TEST

START_TEST(claim_of_a_stranger_leaves_it_its_own_address) {
    struct announce_request peer = test_leecher_at(1, "10.0.0.1");
    peer.claimed = endpoint_at("198.51.100.9", 0);
    test_put(tracker, &peer, START_MS);
    ck_assert(only_peer(0).own_address);
}
END_TEST

START_TEST(restored_peer_keeps_its_age) {
    struct change change = { .kind = CHANGE_PEER_JOINED, .left = 5, .age_s = 7200 };
    memcpy(change.info_hash, torrent_id(TORRENT), INFO_HASH_LEN);
    change.peer = numbered_endpoint(FAMILY_V6, 1);
    ck_assert(tracker_restore(tracker, &change, 1, START_MS));
    tracker_extend_deadlines(tracker, START_MS);
    const struct peer_stats figures = only_peer(10);
    ck_assert_uint_eq(figures.age_s, 7210);
    ck_assert_uint_eq(figures.silent_s, 10);
    ck_assert_uint_eq(figures.uploaded + figures.upload_rate, 0);
    ck_assert(!figures.own_address);
}
END_TEST

/* Intervals shorter than the tracker's, as long, longer; 0: unknown. */
static const uint32_t told_s[] = { 0, 1, 60, 120, 121, 1800, 28800 };

START_TEST(restored_peer_is_silent_no_longer_than_it_is_there) {
    struct change change = { .kind = CHANGE_PEER_JOINED, .left = 5, .interval_s = told_s[_i] };
    memcpy(change.info_hash, torrent_id(TORRENT), INFO_HASH_LEN);
    change.peer = numbered_endpoint(FAMILY_V4, 1);
    ck_assert(tracker_restore(tracker, &change, 1, START_MS));
    ck_assert_uint_eq(only_peer(0).silent_s, 0);
    tracker_extend_deadlines(tracker, START_MS);
    ck_assert_uint_eq(only_peer(0).silent_s, 0);
    ck_assert_uint_eq(only_peer(100).silent_s, 100);
    ck_assert_uint_eq(only_peer(100).age_s, 100);
}
END_TEST

START_TEST(graced_peer_is_silent_since_its_next_announce) {
    const struct announce_request peer = test_leecher(1);
    test_put(tracker, &peer, START_MS);
    tracker_extend_deadlines(tracker, START_MS);
    test_put(tracker, &peer, START_MS + 50000);
    ck_assert_uint_eq(only_peer(60).silent_s, 10);
}
END_TEST

START_TEST(pages_show_each_peer_once_and_seeders_first) {
    fill_with_variety();
    bool seen[16] = { false };
    bool leechers = false;
    size_t total;
    size_t offset = 0;
    for (size_t got; (got = look_at_peers(offset, 2, &total)) > 0; offset += got) {
        ck_assert_uint_eq(total, 11);
        for (size_t i = 0; i < got; i++) {
            const uint32_t number = load_u32(page[i].peer_id + PEER_ID_LEN - 4);
            ck_assert(!seen[number]);
            seen[number] = true;
            ck_assert(!page[i].seeder || !leechers);
            leechers = leechers || !page[i].seeder;
            const struct endpoint expected = numbered_endpoint(page[i].peer.family, number);
            ck_assert(endpoint_equal(&page[i].peer, &expected));
        }
    }
    ck_assert_uint_eq(offset, 11);
    ck_assert_uint_eq(look_at_peers(SIZE_MAX, 2, &total), 0);
    ck_assert_uint_eq(look_at_peers(10, SIZE_MAX, &total), 1);
    ck_assert_uint_eq(look_at_peers(0, 0, &total), 0);
    ck_assert_uint_eq(total, 11);
}
END_TEST

START_TEST(page_is_never_larger_than_a_piece) {
    size_t total;
    for (uint32_t i = 0; i < CROWD; i++)
        come(i, FAMILY_V4, i % 3, EVENT_NONE);
    ck_assert_uint_eq(look_at_peers(0, CROWD, &total), SWARM_SNAPSHOT_PEERS_MAX);
    ck_assert_uint_eq(total, CROWD);
}
END_TEST

/* How often each number was passed to the reader. */
struct swarm_totals {
    uint32_t seen[KNOWN_MAX];
    size_t count;
    size_t largest;
    uint64_t rate;
};

static void count_peers(void *context, const struct peer_stats *peers, size_t count) {
    struct swarm_totals *census = context;
    ck_assert_uint_gt(count, 0);
    census->largest = count > census->largest ? count : census->largest;
    for (size_t i = 0; i < count; i++) {
        const uint32_t number = load_u32(peers[i].peer_id + PEER_ID_LEN - 4);
        REQUIRE(number < KNOWN_MAX);
        census->seen[number]++;
        census->count++;
    }
}

static void count_torrents(void *context, const struct torrent_stats *torrents, size_t count) {
    struct swarm_totals *census = context;
    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
        const uint32_t number = load_u32(torrents[i].info_hash + INFO_HASH_LEN - 4);
        REQUIRE(number < KNOWN_MAX);
        census->seen[number]++;
        census->count++;
        census->rate += torrents[i].upload_rate;
    }
}

static void assert_each_once(const struct swarm_totals *census, uint32_t count) {
    ck_assert_uint_eq(census->count, count);
    for (uint32_t i = 0; i < count; i++)
        REQUIRE(census->seen[i] == 1);
}

START_TEST(snapshot_has_every_peer_once) {
    static struct swarm_totals census;
    for (uint32_t i = 0; i < CROWD; i++)
        come(i, i % 2 == 0 ? FAMILY_V4 : FAMILY_V6, i % 3, EVENT_NONE);
    for (uint32_t i = CROWD; i < KNOWN_MAX; i++) {
        struct announce_request peer = test_leecher(i);
        numbered_id(peer.info_hash, i);
        test_put(tracker, &peer, START_MS);
    }
    ck_assert(swarm_snapshot_all_peers(tracker, START_MS, count_peers, &census));
    assert_each_once(&census, KNOWN_MAX);
    ck_assert_uint_le(census.largest, SWARM_SNAPSHOT_PEERS_MAX);
}
END_TEST

START_TEST(snapshot_has_every_torrent_once) {
    static struct swarm_totals census;
    for (uint32_t i = 0; i < KNOWN_MAX; i++) {
        struct announce_request peer = test_leecher(i);
        numbered_id(peer.info_hash, i);
        test_put(tracker, &peer, START_MS);
        peer.uploaded = 10 * KIB;
        test_put(tracker, &peer, seconds_after(10));
    }
    ck_assert(swarm_snapshot_torrents(tracker, START_MS, count_torrents, &census));
    assert_each_once(&census, KNOWN_MAX);
    ck_assert_uint_eq(census.rate, (uint64_t)KNOWN_MAX * KIB);
}
END_TEST

START_TEST(snapshot_of_an_empty_tracker_is_empty) {
    static struct swarm_totals census;
    ck_assert(swarm_snapshot_torrents(tracker, START_MS, count_torrents, &census));
    ck_assert(swarm_snapshot_all_peers(tracker, START_MS, count_peers, &census));
    ck_assert_uint_eq(census.count, 0);
}
END_TEST

/* A reader may ask the tracker itself, even announce: no lock is held. */
static void announce_from_within(void *context, const struct peer_stats *peers, size_t count) {
    size_t *told = context;
    *told += count;
    for (size_t i = 0; i < count; i++) {
        struct announce_request peer = test_leecher(load_u32(peers[i].peer_id + PEER_ID_LEN - 4));
        peer.peer = peers[i].peer;
        peer.event = EVENT_STOPPED;
        struct reply reply;
        test_announce(tracker, &peer, START_MS, &reply);
    }
}

START_TEST(peers_may_leave_during_a_snapshot) {
    size_t told = 0;
    for (uint32_t i = 0; i < CROWD; i++)
        come(i, FAMILY_V4, 5, EVENT_NONE);
    ck_assert(swarm_snapshot_all_peers(tracker, START_MS, announce_from_within, &told));
    ck_assert_uint_ge(told, SWARM_SNAPSHOT_PEERS_MAX);
    ck_assert_uint_eq(tracker_stats(tracker).peers, CROWD - told);
}
END_TEST

static _Atomic bool done;

static void *churn(void *argument) {
    (void)argument;
    struct reply *reply = malloc(sizeof *reply);
    for (uint32_t i = 0; !atomic_load(&done); i++) {
        struct announce_request peer = test_leecher(2000 + i % 2000);
        numbered_id(peer.info_hash, i % 7 == 0 ? TORRENT : 2 + i % 300);
        peer.uploaded = (uint64_t)i * KIB;
        peer.event = i % 3 == 0 ? EVENT_STOPPED : EVENT_NONE;
        test_announce(tracker, &peer, seconds_after(i / 100), reply);
    }
    free(reply);
    return NULL;
}

static void expect_known_peers(void *context, const struct peer_stats *peers, size_t count) {
    (void)context;
    for (size_t i = 0; i < count; i++)
        REQUIRE(load_u32(peers[i].peer_id + PEER_ID_LEN - 4) < 4000);
}

static void expect_known_torrents(void *context, const struct torrent_stats *torrents,
                                  size_t count) {
    (void)context;
    for (size_t i = 0; i < count; i++)
        REQUIRE(load_u32(torrents[i].info_hash + INFO_HASH_LEN - 4) < 302);
}

START_TEST(snapshots_run_beside_announces) {
    pthread_t announcer;
    for (uint32_t i = 0; i < 2000; i++)
        come(i, FAMILY_V4, 5, EVENT_NONE);
    atomic_store(&done, false);
    ck_assert_int_eq(pthread_create(&announcer, NULL, churn, NULL), 0);
    for (uint32_t i = 0; i < 50; i++) {
        struct torrent_stats figures;
        size_t total;
        REQUIRE(swarm_snapshot_torrents(tracker, START_MS, expect_known_torrents, NULL));
        REQUIRE(swarm_snapshot_all_peers(tracker, START_MS, expect_known_peers, NULL));
        REQUIRE(swarm_snapshot_torrent(tracker, torrent_id(TORRENT), START_MS, &figures));
        REQUIRE(figures.leechers_v4 >= 2000);
        REQUIRE(look_at_peers(100, 50, &total) == 50 && total >= 2000);
    }
    atomic_store(&done, true);
    pthread_join(announcer, NULL);
}
END_TEST

UNIT_SUITE(inspect) {
    Suite *suite = suite_create("inspect");
    TCase *inspect = tcase_create("inspect");
    tcase_add_checked_fixture(inspect, create_tracker, delete_tracker);
    tcase_add_test(inspect, torrent_counts_by_family_and_role);
    tcase_add_test(inspect, client_in_both_families_is_said_to_be_in_both);
    tcase_add_test(inspect, torrent_without_peers_is_idle_since_the_last_went);
    tcase_add_test(inspect, unknown_torrent_has_nothing);
    tcase_add_test(inspect, rates_are_in_bytes_and_added_up);
    tcase_add_test(inspect, snapshot_has_every_value_of_a_peer);
    tcase_add_test(inspect, large_totals_come_out_whole);
    tcase_add_test(inspect, claimed_address_is_not_its_own);
    tcase_add_test(inspect, borrowed_address_is_not_its_own);
    tcase_add_test(inspect, claim_of_the_own_address_is_no_claim);
    tcase_add_test(inspect, claim_of_a_stranger_leaves_it_its_own_address);
    tcase_add_test(inspect, restored_peer_keeps_its_age);
    tcase_add_loop_test(inspect, restored_peer_is_silent_no_longer_than_it_is_there, 0,
                        LOOPS_OF(told_s));
    tcase_add_test(inspect, graced_peer_is_silent_since_its_next_announce);
    tcase_add_test(inspect, pages_show_each_peer_once_and_seeders_first);
    tcase_add_test(inspect, page_is_never_larger_than_a_piece);
    tcase_add_test(inspect, snapshot_has_every_peer_once);
    tcase_add_test(inspect, snapshot_has_every_torrent_once);
    tcase_add_test(inspect, snapshot_of_an_empty_tracker_is_empty);
    tcase_add_test(inspect, peers_may_leave_during_a_snapshot);
    tcase_add_test(inspect, snapshots_run_beside_announces);
    suite_add_tcase(suite, inspect);
    return suite;
}
