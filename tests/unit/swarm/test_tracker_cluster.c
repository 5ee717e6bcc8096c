/* The tracker as a node of a cluster: what it sends, merges and expires. */
#include "swarm/tracker_cluster.h"

#include "registry_support.h"
#include "tracker_support.h"

#define CLUSTER_MS UINT64_C(1700000000000) /* the cluster's time at START_MS */

/* The interval is 120 s: a peer is due after 60 s, and expires after 360 s. */
enum {
    NODE = 5,
    OTHER_NODE = 6,
    INTERVAL_S = 120,
    LIFETIME_S = 360,
    CURRENT_S = 30,
    CHANGES_MAX = 8
};

static struct tracker_options options;
static struct tracker *tracker;
static struct reply reply;

static void merged_up_to(uint32_t s) {
    tracker_set_cluster(tracker, &(struct tracker_cluster){
                                     .node = NODE,
                                     .clock_offset_ms = CLUSTER_MS - START_MS,
                                     .merged_ms = test_seconds_after(s),
                                     .current_until_ms = test_seconds_after(s + CURRENT_S),
                                     .budget_per_s = options.budget_per_s,
                                 });
}

static void create_tracker(void) {
    options = test_options();
    options.cluster = true;
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
    merged_up_to(100000);
}

static void delete_tracker(void) {
    tracker_delete(tracker);
}

static void announce_at(const struct announce_request *request, uint32_t s) {
    test_put(tracker, request, test_seconds_after(s));
}

static void stop_at(struct announce_request request, uint32_t s) {
    request.event = EVENT_STOPPED;
    announce_at(&request, s);
}

static uint32_t sweep_at(uint32_t s) {
    return tracker_sweep(tracker, 0, TRACKER_SHARDS, test_seconds_after(s));
}

/* Stamp of another node, `s` seconds after the start. */
static uint64_t stamp_of_other(uint32_t s) {
    return stamp_at(CLUSTER_MS + 1000 * s, OTHER_NODE);
}

static struct peer_key key_of(const struct announce_request *request) {
    struct peer_key key = { .endpoint = request->peer };
    memcpy(key.info_hash, request->info_hash, INFO_HASH_LEN);
    return key;
}

static enum announce_result merge_counted(const struct announce_request *request, uint64_t stamp,
                                          const struct merged_count *count, uint32_t s) {
    const struct peer_key key = key_of(request);
    struct held_peer peer = {
        .stamp = stamp,
        .state = { .key = request->key,
                   .left = request->left,
                   .uploaded_kib = request->uploaded >> 10,
                   .interval_s = INTERVAL_S,
                   .counted = request->event == EVENT_COMPLETED,
                   .own_address = true },
    };
    memcpy(peer.state.peer_id, request->peer_id, PEER_ID_LEN);
    return test_merge_peer(tracker, &key, &peer, count, test_seconds_after(s));
}

static enum announce_result merge_stamped(const struct announce_request *request, uint64_t stamp,
                                          uint32_t s) {
    return merge_counted(request, stamp, NULL, s);
}

/* Merges the client as it is known by another node since `made_s`. */
static enum announce_result merge(const struct announce_request *request, uint32_t made_s,
                                  uint32_t s) {
    return merge_stamped(request, stamp_of_other(made_s), s);
}

static void merge_removal(const struct announce_request *request, uint32_t made_s) {
    const struct peer_key key = key_of(request);
    test_merge_removal(tracker, &key, stamp_of_other(made_s), test_seconds_after(made_s));
}

struct feed_taken {
    struct change list[CHANGES_MAX];
    size_t count;
};

static struct feed_taken taken;

static void take_changes(void *context, const struct change *changes, size_t count) {
    (void)context;
    for (size_t i = 0; i < count; i++) {
        REQUIRE(taken.count < CHANGES_MAX);
        taken.list[taken.count++] = changes[i];
    }
}

struct expected_change {
    enum change_kind kind;
    enum change_origin origin;
};

static void assert_changes(const struct expected_change *expected, size_t count) {
    taken.count = 0;
    ck_assert(tracker_drain(tracker, take_changes, NULL));
    ck_assert_uint_eq(taken.count, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(taken.list[i].kind, expected[i].kind);
        ck_assert_int_eq(taken.list[i].origin, expected[i].origin);
    }
}

#define ASSERT_CHANGES(...)                                                                        \
    assert_changes((const struct expected_change[]){ __VA_ARGS__ },                                \
                   COUNT_OF(((const struct expected_change[]){ __VA_ARGS__ })))

static void assert_no_changes(void) {
    assert_changes(NULL, 0);
}

static void assert_counts(uint32_t seeders, uint32_t leechers) {
    const struct scrape_entry entry = test_scrape(tracker, TORRENT);
    ck_assert_uint_eq(entry.seeders, seeders);
    ck_assert_uint_eq(entry.leechers, leechers);
    ck_assert_uint_eq(tracker_stats(tracker).peers, seeders + leechers);
}

START_TEST(changes_are_sent_with_rising_stamps) {
    struct announce_request peer = test_leecher(1);
    announce_at(&peer, 0);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_SENT });
    const uint64_t joined = taken.list[0].stamp;
    ck_assert_uint_eq(joined, stamp_at(CLUSTER_MS, NODE));
    ck_assert_uint_eq(taken.list[0].interval_s, INTERVAL_S);
    peer.left = 0;
    peer.event = EVENT_COMPLETED;
    peer.uploaded = 5 << 10;
    announce_at(&peer, 0);
    ASSERT_CHANGES({ CHANGE_PEER_COMPLETED, ORIGIN_SENT });
    ck_assert_uint_gt(taken.list[0].stamp, joined);
    ck_assert_uint_eq(taken.list[0].uploaded_kib, 5);
    stop_at(peer, 1);
    ASSERT_CHANGES({ CHANGE_PEER_LEFT, ORIGIN_SENT }, { CHANGE_TORRENT, ORIGIN_SENT });
    ck_assert_uint_eq(taken.list[0].stamp, stamp_at(CLUSTER_MS + 1000, NODE));
}
END_TEST

START_TEST(peer_is_sent_again_when_it_is_due) {
    struct announce_request peer = test_leecher(1);
    announce_at(&peer, 0);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_SENT });
    announce_at(&peer, 60);
    assert_no_changes();
    announce_at(&peer, 61);
    ASSERT_CHANGES({ CHANGE_PEER_REFRESHED, ORIGIN_SENT });
    peer.event = EVENT_STARTED;
    announce_at(&peer, 62);
    ASSERT_CHANGES({ CHANGE_PEER_REFRESHED, ORIGIN_SENT });
}
END_TEST

START_TEST(announce_is_sent_while_changes_may_be_missing) {
    const struct announce_request peer = test_leecher(1);
    merged_up_to(0);
    announce_at(&peer, CURRENT_S - 2);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_SENT });
    announce_at(&peer, CURRENT_S - 1);
    assert_no_changes();
    announce_at(&peer, CURRENT_S);
    ASSERT_CHANGES({ CHANGE_PEER_REFRESHED, ORIGIN_SENT });
    merged_up_to(CURRENT_S);
    announce_at(&peer, CURRENT_S);
    assert_no_changes();
}
END_TEST

START_TEST(announce_that_is_not_sent_moves_no_deadline) {
    const struct announce_request peer = test_leecher(1);
    announce_at(&peer, 0);
    announce_at(&peer, 60);
    ck_assert_uint_eq(sweep_at(LIFETIME_S - 1), 0);
    ck_assert_uint_eq(sweep_at(LIFETIME_S), 1);
    taken.count = 0;
    ck_assert(tracker_drain(tracker, take_changes, NULL));
    ck_assert_int_eq(taken.list[1].kind, CHANGE_PEER_EXPIRED);
    ck_assert_int_eq(taken.list[1].origin, ORIGIN_NODE);
}
END_TEST

START_TEST(moved_peer_is_sent_with_the_key_that_it_left) {
    struct announce_request peer = test_leecher(1);
    announce_at(&peer, 0);
    peer.peer = numbered_endpoint(FAMILY_V4, 7);
    announce_at(&peer, 1);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_SENT }, { CHANGE_PEER_MOVED, ORIGIN_SENT },
                   { CHANGE_PEER_JOINED, ORIGIN_SENT });
    ck_assert_uint_eq(taken.list[1].stamp, taken.list[2].stamp);
}
END_TEST

START_TEST(stop_of_an_unknown_peer_is_sent) {
    const struct announce_request peer = test_leecher(1);
    stop_at(peer, 0);
    ASSERT_CHANGES({ CHANGE_PEER_ABSENT, ORIGIN_SENT });
    ck_assert_uint_ne(taken.list[0].stamp, 0);
    ck_assert(endpoint_equal(&taken.list[0].peer, &peer.peer));
}
END_TEST

/* It has moved at another node, which has not been heard. */
START_TEST(stop_of_a_peer_known_at_another_address_is_sent_for_both) {
    struct announce_request peer = test_leecher(1);
    const struct endpoint past = peer.peer;
    announce_at(&peer, 0);
    peer.peer = numbered_endpoint(FAMILY_V4, 7);
    stop_at(peer, 1);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_SENT }, { CHANGE_PEER_LEFT, ORIGIN_SENT },
                   { CHANGE_PEER_ABSENT, ORIGIN_SENT });
    ck_assert(endpoint_equal(&taken.list[1].peer, &past));
    ck_assert(endpoint_equal(&taken.list[2].peer, &peer.peer));
}
END_TEST

START_TEST(stop_beyond_the_request_limit_is_not_sent) {
    options.address_requests_per_s = 1;
    options.address_requests_burst = 1;
    ck_assert(tracker_apply(tracker, &options));
    const struct announce_request peer = test_leecher(1);
    stop_at(peer, 0);
    stop_at(peer, 0);
    ASSERT_CHANGES({ CHANGE_PEER_ABSENT, ORIGIN_SENT });
}
END_TEST

START_TEST(peer_that_gives_up_its_port_is_removed_everywhere) {
    struct announce_request peer = test_leecher(1);
    announce_at(&peer, 0);
    endpoint_set_port(&peer.peer, 0);
    announce_at(&peer, 1);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_SENT }, { CHANGE_PEER_LEFT, ORIGIN_SENT });
}
END_TEST

START_TEST(banned_peer_is_removed_by_each_node_itself) {
    const struct announce_request peer = test_leecher_at(1, "192.0.2.7");
    announce_at(&peer, 0);
    test_add_ban(tracker_registry(tracker), "192.0.2.7", "");
    test_announce(tracker, &peer, START_MS, &reply);
    ck_assert_int_eq(reply.result, ANNOUNCE_BANNED);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_SENT }, { CHANGE_PEER_LEFT, ORIGIN_NODE });
}
END_TEST

START_TEST(merged_peer_is_offered_and_expires_by_its_stamp) {
    const struct announce_request here = test_leecher(1);
    const struct announce_request other = test_seeder(2);
    announce_at(&here, 100);
    ck_assert_int_eq(merge(&other, 10, 100), ANNOUNCE_OK);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_SENT }, { CHANGE_PEER_JOINED, ORIGIN_MERGED });
    assert_counts(1, 1);
    test_announce(tracker, &here, test_seconds_after(100), &reply);
    ck_assert(reply_has(&reply, &other.peer));
    ck_assert_uint_eq(sweep_at(10 + LIFETIME_S - 1), 0);
    ck_assert_uint_eq(sweep_at(10 + LIFETIME_S), 1);
    assert_counts(0, 1);
}
END_TEST

START_TEST(greater_stamp_wins) {
    struct announce_request peer = test_leecher(1);
    ck_assert_int_eq(merge(&peer, 20, 20), ANNOUNCE_OK);
    peer.left = 0;
    ck_assert_int_eq(merge(&peer, 19, 20), ANNOUNCE_OK);
    assert_counts(0, 1);
    merge_removal(&peer, 19);
    assert_counts(0, 1);
    ck_assert_int_eq(merge(&peer, 21, 21), ANNOUNCE_OK);
    assert_counts(1, 0);
    merge_removal(&peer, 22);
    assert_counts(0, 0);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_MERGED }, { CHANGE_PEER_UPDATED, ORIGIN_MERGED },
                   { CHANGE_PEER_LEFT, ORIGIN_MERGED });
}
END_TEST

START_TEST(stamp_is_greater_than_any_that_was_merged) {
    const struct announce_request peer = test_leecher(1);
    ck_assert_int_eq(merge(&peer, 50, 0), ANNOUNCE_OK);
    merge_removal(&peer, 60);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_MERGED }, { CHANGE_PEER_LEFT, ORIGIN_MERGED });
    announce_at(&peer, 0);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_SENT });
    ck_assert_uint_gt(taken.list[0].stamp, stamp_of_other(60));
}
END_TEST

START_TEST(merged_peer_keeps_what_is_known_of_the_client) {
    struct announce_request peer = test_leecher(1);
    struct held_peer held;
    const struct peer_key key = key_of(&peer);
    peer.event = EVENT_COMPLETED;
    announce_at(&peer, 0);
    peer.event = EVENT_NONE;
    peer.uploaded = 7 << 10;
    ck_assert_int_eq(merge(&peer, 100, 100), ANNOUNCE_OK);
    ck_assert(test_find_peer(tracker, &key, &held));
    ck_assert_uint_eq(held.stamp, stamp_of_other(100));
    ck_assert_uint_eq(held.state.uploaded_kib, 7);
    ck_assert_uint_eq(held.state.interval_s, INTERVAL_S);
    ck_assert(held.state.counted && held.state.own_address);
}
END_TEST

START_TEST(merged_completion_is_reported_but_not_counted) {
    struct announce_request peer = test_leecher(1);
    ck_assert_int_eq(merge(&peer, 0, 0), ANNOUNCE_OK);
    peer.left = 0;
    peer.event = EVENT_COMPLETED;
    ck_assert_int_eq(merge(&peer, 1, 1), ANNOUNCE_OK);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_MERGED }, { CHANGE_PEER_COMPLETED, ORIGIN_MERGED });
    announce_at(&peer, 2);
    assert_no_changes();
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 0);
}
END_TEST

START_TEST(refused_peers_are_not_merged) {
    const struct announce_request banned = test_leecher_at(1, "192.0.2.7");
    struct announce_request blocked = test_leecher(2);
    test_add_ban(tracker_registry(tracker), "192.0.2.7", "");
    ck_assert_int_eq(merge(&banned, 0, 0), ANNOUNCE_BANNED);
    numbered_id(blocked.info_hash, TORRENT + 1);
    const struct registry_row row = test_torrent_row(REGISTRY_BLOCK, blocked.info_hash);
    test_put_row(tracker_registry(tracker), &row);
    ck_assert_int_eq(merge(&blocked, 0, 0), ANNOUNCE_TORRENT_BLOCKED);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 0);
    assert_no_changes();
}
END_TEST

START_TEST(private_tracker_merges_peers_with_a_passkey) {
    const struct access_rules rules = { .mode = ACCESS_PRIVATE };
    const uint8_t digest[SHA256_LEN] = { 7 };
    struct announce_request peer = test_leecher(1);
    const struct peer_key key = key_of(&peer);
    struct held_peer held = { .stamp = stamp_of_other(0), .state = { .interval_s = INTERVAL_S } };
    struct access *access = access_create(&rules);
    ck_assert_ptr_nonnull(access);
    tracker_set_access(tracker, access);
    ck_assert_int_eq(merge(&peer, 0, 0), ANNOUNCE_PASSKEY_MISSING);
    held.state.passkey_tag = registry_passkey_tag(digest);
    ck_assert_int_ne(test_merge_peer(tracker, &key, &held, NULL, START_MS), ANNOUNCE_OK);
    test_add_passkey(tracker_registry(tracker), digest);
    ck_assert_int_eq(test_merge_peer(tracker, &key, &held, NULL, START_MS), ANNOUNCE_OK);
    ck_assert(test_find_peer(tracker, &key, &held));
    ck_assert_uint_eq(held.state.passkey_tag, registry_passkey_tag(digest));
    ck_assert_uint_eq(held.stamp, stamp_of_other(0));
}
END_TEST

START_TEST(full_tracker_merges_known_peers_only) {
    struct announce_request known = test_leecher(1);
    const struct announce_request stranger = test_leecher(2);
    options.peers_max = 1;
    ck_assert(tracker_apply(tracker, &options));
    announce_at(&known, 0);
    ck_assert_int_eq(merge(&stranger, 0, 1), ANNOUNCE_PEERS_FULL);
    known.left = 0;
    ck_assert_int_eq(merge(&known, 1, 1), ANNOUNCE_OK);
    assert_counts(1, 0);
    options.peers_max = 10;
    options.torrents_max = 1;
    options.torrent_peers_max = 1;
    ck_assert(tracker_apply(tracker, &options));
    ck_assert_int_eq(merge(&stranger, 1, 1), ANNOUNCE_SWARM_FULL);
    struct announce_request other_torrent = stranger;
    numbered_id(other_torrent.info_hash, TORRENT + 1);
    ck_assert_int_eq(merge(&other_torrent, 1, 1), ANNOUNCE_TORRENTS_FULL);
    merge_removal(&known, 2);
    ck_assert_int_eq(merge(&stranger, 2, 2), ANNOUNCE_OK);
}
END_TEST

/* Two nodes saw it at two addresses at once; its next announce ends that, in both families. */
START_TEST(client_at_several_addresses_is_one_after_its_next_announce) {
    struct announce_request peer = test_leecher(1);
    for (uint32_t i = 0; i < 3; i++) {
        peer.peer = numbered_endpoint(FAMILY_V4, 10 + i);
        ck_assert_int_eq(merge(&peer, i, i), ANNOUNCE_OK);
        peer.peer = numbered_endpoint(FAMILY_V6, 10 + i);
        ck_assert_int_eq(merge(&peer, i, i), ANNOUNCE_OK);
    }
    ck_assert_uint_eq(tracker_stats(tracker).peers, 6);
    announce_at(&peer, 3);
    peer.peer = numbered_endpoint(FAMILY_V6, 20);
    announce_at(&peer, 4);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 4);
    peer.peer = numbered_endpoint(FAMILY_V4, 20);
    announce_at(&peer, 5);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 2);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).leechers, 1);
    stop_at(peer, 6);
    assert_counts(0, 1);
    ck_assert_uint_eq(sweep_at(1000), 1);
}
END_TEST

/* A client with both families is a seeder in both, whichever record arrives first. */
START_TEST(twins_have_the_role_of_the_later_stamp) {
    struct announce_request v4 = test_leecher(1);
    struct announce_request v6 = test_seeder(1);
    v6.peer = numbered_endpoint(FAMILY_V6, 1);
    ck_assert_int_eq(merge(_i == 0 ? &v4 : &v6, _i == 0 ? 1 : 2, 2), ANNOUNCE_OK);
    ck_assert_int_eq(merge(_i == 0 ? &v6 : &v4, _i == 0 ? 2 : 1, 2), ANNOUNCE_OK);
    const struct scrape_entry entry = test_scrape(tracker, TORRENT);
    ck_assert_uint_eq(entry.seeders, 1);
    ck_assert_uint_eq(entry.leechers, 0);
}
END_TEST

static void restore_peer(uint32_t number) {
    const struct announce_request peer = test_leecher(number);
    struct change change = {
        .kind = CHANGE_PEER_JOINED,
        .peer = peer.peer,
        .key = peer.key,
        .left = peer.left,
        .interval_s = INTERVAL_S,
    };
    memcpy(change.info_hash, peer.info_hash, INFO_HASH_LEN);
    memcpy(change.peer_id, peer.peer_id, PEER_ID_LEN);
    ck_assert(tracker_restore(tracker, &change, 1, START_MS));
}

/* One of three is confirmed by an announce, one by a merge. */
static void restore_peers(void) {
    const struct announce_request merged = test_leecher(1);
    const struct announce_request announced = test_leecher(2);
    for (uint32_t number = 0; number < 3; number++)
        restore_peer(number);
    ck_assert_uint_eq(sweep_at(50000), 0);
    ck_assert_int_eq(merge(&merged, 1, 1), ANNOUNCE_OK);
    announce_at(&announced, 1);
    taken.count = 0;
    ck_assert(tracker_drain(tracker, take_changes, NULL));
    ck_assert_int_eq(taken.list[1].kind, CHANGE_PEER_REFRESHED);
}

START_TEST(join_ends_with_the_confirmed_peers) {
    restore_peers();
    tracker_end_join(tracker, true, test_seconds_after(2));
    ck_assert_uint_eq(sweep_at(3), 1);
    assert_counts(0, 2);
    ck_assert(reply.result == ANNOUNCE_OK);
}
END_TEST

START_TEST(join_without_a_snapshot_leaves_restored_peers_an_interval) {
    restore_peers();
    tracker_end_join(tracker, false, test_seconds_after(2));
    ck_assert_uint_eq(sweep_at(2 + INTERVAL_S + 59), 0);
    ck_assert_uint_eq(sweep_at(2 + INTERVAL_S + 60), 1);
    assert_counts(0, 2);
}
END_TEST

START_TEST(late_snapshot_removes_what_it_does_not_confirm) {
    restore_peers();
    tracker_end_join(tracker, false, test_seconds_after(2));
    ck_assert_uint_eq(sweep_at(3), 0);
    tracker_end_join(tracker, true, test_seconds_after(4));
    ck_assert_uint_eq(sweep_at(5), 1);
    assert_counts(0, 2);
}
END_TEST

/* Of a peer that another node has restored. */
static uint64_t guessed_stamp(uint32_t s) {
    return stamp_at(CLUSTER_MS + 1000 * s, 0);
}

START_TEST(each_record_beats_a_guess) {
    struct announce_request peer = test_leecher(1);
    ck_assert_int_eq(merge_stamped(&peer, guessed_stamp(20), 20), ANNOUNCE_OK);
    assert_counts(0, 1);
    peer.left = 0;
    ck_assert_int_eq(merge(&peer, 10, 20), ANNOUNCE_OK);
    assert_counts(1, 0);
    peer.left = 1;
    ck_assert_int_eq(merge_stamped(&peer, guessed_stamp(30), 30), ANNOUNCE_OK);
    assert_counts(1, 0);
    ck_assert_uint_eq(sweep_at(10 + LIFETIME_S), 1);
}
END_TEST

START_TEST(guess_expires_by_its_stamp_or_at_the_first_snapshot) {
    const struct announce_request first = test_leecher(1);
    const struct announce_request second = test_leecher(2);
    ck_assert_int_eq(merge_stamped(&first, guessed_stamp(20), 20), ANNOUNCE_OK);
    ck_assert_uint_eq(sweep_at(20 + LIFETIME_S - 1), 0);
    ck_assert_uint_eq(sweep_at(20 + LIFETIME_S), 1);
    ck_assert_int_eq(merge_stamped(&second, guessed_stamp(1000), 1000), ANNOUNCE_OK);
    tracker_end_join(tracker, true, test_seconds_after(1001));
    ck_assert_uint_eq(sweep_at(1002), 1);
    assert_counts(0, 0);
}
END_TEST

START_TEST(peers_stay_while_changes_of_other_nodes_wait) {
    const struct announce_request peer = test_leecher(1);
    announce_at(&peer, 0);
    merged_up_to(LIFETIME_S - 1);
    ck_assert_uint_eq(sweep_at(5000), 0);
    merged_up_to(LIFETIME_S);
    ck_assert_uint_eq(sweep_at(5000), 1);
}
END_TEST

START_TEST(download_count_of_the_cluster_is_shown) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, TORRENT);
    const struct merged_count none = { 0 };
    const struct merged_count five = { .downloaded = 5 };
    ck_assert(!tracker_merge_downloaded(tracker, info_hash, &none, 0, START_MS));
    ck_assert(tracker_merge_downloaded(tracker, info_hash, &five, 100, START_MS));
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 5);
    ASSERT_CHANGES({ CHANGE_TORRENT, ORIGIN_MERGED });
    ck_assert_uint_eq(taken.list[0].age_s, 100);
    ck_assert(tracker_merge_downloaded(tracker, info_hash, &five, 100, START_MS));
    assert_no_changes();
}
END_TEST

START_TEST(greater_download_count_of_the_store_stays) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, TORRENT);
    struct merged_count count = { .downloaded = 5 };
    (void)tracker_merge_downloaded(tracker, info_hash, &count, 0, START_MS);
    count = (struct merged_count){ .downloaded = 4, .only_raises = true };
    ck_assert(tracker_merge_downloaded(tracker, info_hash, &count, 0, START_MS));
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 5);
    count.downloaded = 6;
    ck_assert(tracker_merge_downloaded(tracker, info_hash, &count, 0, START_MS));
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 6);
    count = (struct merged_count){ .downloaded = 4 };
    ck_assert(tracker_merge_downloaded(tracker, info_hash, &count, 0, START_MS));
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 4);
}
END_TEST

/* As one change. */
START_TEST(peer_and_download_count_are_merged_together) {
    struct announce_request joins = test_seeder(1);
    struct announce_request completes = test_leecher(2);
    struct merged_count count = { .downloaded = 3 };
    joins.event = EVENT_COMPLETED;
    ck_assert_int_eq(merge_counted(&joins, stamp_of_other(1), &count, 1), ANNOUNCE_OK);
    ASSERT_CHANGES({ CHANGE_PEER_COMPLETED, ORIGIN_MERGED });
    ck_assert_uint_eq(taken.list[0].downloaded, 3);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 3);
    ck_assert_int_eq(merge(&completes, 2, 2), ANNOUNCE_OK);
    ASSERT_CHANGES({ CHANGE_PEER_JOINED, ORIGIN_MERGED });
    completes.left = 0;
    completes.event = EVENT_COMPLETED;
    count.downloaded = 4;
    ck_assert_int_eq(merge_counted(&completes, stamp_of_other(3), &count, 3), ANNOUNCE_OK);
    ASSERT_CHANGES({ CHANGE_PEER_COMPLETED, ORIGIN_MERGED });
    ck_assert_uint_eq(taken.list[0].downloaded, 4);
    ck_assert_int_eq(merge_counted(&completes, stamp_of_other(4), &count, 4), ANNOUNCE_OK);
    assert_no_changes();
    /* It was counted before, perhaps by another node. */
    count.downloaded = 5;
    ck_assert_int_eq(merge_counted(&completes, stamp_of_other(5), &count, 5), ANNOUNCE_OK);
    ASSERT_CHANGES({ CHANGE_TORRENT, ORIGIN_MERGED });
    ck_assert_uint_eq(taken.list[0].downloaded, 5);
    /* The peer stays, so the count does. */
    count.downloaded = 6;
    ck_assert_int_eq(merge_counted(&completes, stamp_of_other(2), &count, 6), ANNOUNCE_OK);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 5);
    assert_no_changes();
}
END_TEST

START_TEST(dump_tells_where_peers_announced) {
    const struct announce_request here = test_leecher(1);
    const struct announce_request other = test_leecher(2);
    announce_at(&here, 0);
    ck_assert_int_eq(merge(&other, 1, 1), ANNOUNCE_OK);
    restore_peer(3);
    taken.count = 0;
    ck_assert(tracker_dump(tracker, 0, TRACKER_SHARDS, START_MS, take_changes, NULL));
    ck_assert_uint_eq(taken.count, 4);
    for (size_t i = 1; i < 4; i++) {
        const struct change *change = &taken.list[i];
        const bool is_other = endpoint_equal(&change->peer, &other.peer);
        const bool is_here = endpoint_equal(&change->peer, &here.peer);
        ck_assert_int_eq(change->origin, is_other ? ORIGIN_MERGED : ORIGIN_NODE);
        ck_assert_uint_eq(change->stamp, is_other  ? stamp_of_other(1)
                                         : is_here ? stamp_at(CLUSTER_MS, NODE)
                                                   : 0);
    }
}
END_TEST

START_TEST(interval_follows_the_budget_of_the_cluster) {
    options.interval_max_s = 1800;
    ck_assert(tracker_apply(tracker, &options));
    test_fill(tracker, 1000, 10);
    tracker_set_cluster(tracker, &(struct tracker_cluster){ .node = NODE, .budget_per_s = 2 });
    ck_assert_uint_eq(tracker_interval_s(tracker), 500);
}
END_TEST

UNIT_SUITE(tracker_cluster) {
    Suite *suite = suite_create("tracker_cluster");
    TCase *sent = tcase_create("sent");
    tcase_add_checked_fixture(sent, create_tracker, delete_tracker);
    tcase_add_test(sent, changes_are_sent_with_rising_stamps);
    tcase_add_test(sent, peer_is_sent_again_when_it_is_due);
    tcase_add_test(sent, announce_is_sent_while_changes_may_be_missing);
    tcase_add_test(sent, announce_that_is_not_sent_moves_no_deadline);
    tcase_add_test(sent, moved_peer_is_sent_with_the_key_that_it_left);
    tcase_add_test(sent, stop_of_an_unknown_peer_is_sent);
    tcase_add_test(sent, stop_of_a_peer_known_at_another_address_is_sent_for_both);
    tcase_add_test(sent, stop_beyond_the_request_limit_is_not_sent);
    tcase_add_test(sent, peer_that_gives_up_its_port_is_removed_everywhere);
    tcase_add_test(sent, banned_peer_is_removed_by_each_node_itself);
    suite_add_tcase(suite, sent);
    TCase *merged = tcase_create("merged");
    tcase_add_checked_fixture(merged, create_tracker, delete_tracker);
    tcase_add_test(merged, merged_peer_is_offered_and_expires_by_its_stamp);
    tcase_add_test(merged, greater_stamp_wins);
    tcase_add_test(merged, stamp_is_greater_than_any_that_was_merged);
    tcase_add_test(merged, merged_peer_keeps_what_is_known_of_the_client);
    tcase_add_test(merged, merged_completion_is_reported_but_not_counted);
    tcase_add_test(merged, refused_peers_are_not_merged);
    tcase_add_test(merged, private_tracker_merges_peers_with_a_passkey);
    tcase_add_test(merged, full_tracker_merges_known_peers_only);
    tcase_add_test(merged, client_at_several_addresses_is_one_after_its_next_announce);
    tcase_add_loop_test(merged, twins_have_the_role_of_the_later_stamp, 0, 2);
    suite_add_tcase(suite, merged);
    TCase *joining = tcase_create("joining");
    tcase_add_checked_fixture(joining, create_tracker, delete_tracker);
    tcase_add_test(joining, join_ends_with_the_confirmed_peers);
    tcase_add_test(joining, join_without_a_snapshot_leaves_restored_peers_an_interval);
    tcase_add_test(joining, late_snapshot_removes_what_it_does_not_confirm);
    tcase_add_test(joining, each_record_beats_a_guess);
    tcase_add_test(joining, guess_expires_by_its_stamp_or_at_the_first_snapshot);
    tcase_add_test(joining, peers_stay_while_changes_of_other_nodes_wait);
    tcase_add_test(joining, download_count_of_the_cluster_is_shown);
    tcase_add_test(joining, greater_download_count_of_the_store_stays);
    tcase_add_test(joining, peer_and_download_count_are_merged_together);
    tcase_add_test(joining, dump_tells_where_peers_announced);
    tcase_add_test(joining, interval_follows_the_budget_of_the_cluster);
    suite_add_tcase(suite, joining);
    return suite;
}
