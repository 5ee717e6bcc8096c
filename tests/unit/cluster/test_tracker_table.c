/* The tracker as the table of a replica: the records of its own changes, and random records that
 * leave the same peers in it as in a plain map. */
#include "cluster/tracker_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "support.h"
#include "swarm/stamp.h"
#include "tracker_support.h"

#define CLUSTER_MS UINT64_C(1700000000000) /* the cluster's time at START_MS */

enum {
    NODE = 5,
    OTHER_NODE = 6,
    INTERVAL_S = 120,
    RECORDS_MAX = 256,
    TORRENTS = 2,
    CLIENTS = 6,
    PLACES = 3, /* addresses of a client; the last one is IPv6 */
    KEYS = TORRENTS * CLIENTS * PLACES,
    STEPS = 3000,
};

static struct tracker *tracker;
static struct tracker_table adapter;
static struct peer_table table;
static struct replica replica;
static struct record sent[RECORDS_MAX];
static size_t sent_count;

static void set_time(uint64_t now_ms) {
    adapter.now_ms = now_ms;
    tracker_set_cluster(tracker, &(struct tracker_cluster){
                                     .node = NODE,
                                     .clock_offset_ms = adapter.clock_offset_ms,
                                     .merged_ms = now_ms,
                                     .current_until_ms = now_ms + 30000,
                                     .budget_per_s = 1000,
                                 });
}

static void setup(void) {
    const struct replica_options replica_options = {
        .node = NODE,
        .counting = NODE,
        .tombstones_max = 1000,
        .completions_max = 1000,
        .counters_max = 1000,
    };
    struct tracker_options options = test_options();
    options.cluster = true;
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
    adapter =
        (struct tracker_table){ .tracker = tracker, .clock_offset_ms = CLUSTER_MS - START_MS };
    table = tracker_table_peers(&adapter);
    replica = replica_create(&replica_options, CLUSTER_MS);
    set_time(START_MS);
}

static void teardown(void) {
    tracker_delete(tracker);
    replica_free(&replica);
}

static void note_changes(void *context, const struct change *changes, size_t count) {
    (void)context;
    for (size_t i = 0; i < count; i++) {
        REQUIRE(sent_count < RECORDS_MAX);
        sent_count += replica_note_change(&replica, &table, &changes[i], &sent[sent_count]);
    }
}

/* Notes what the tracker has changed since the last call. */
static void drain(void) {
    sent_count = 0;
    REQUIRE(tracker_drain(tracker, note_changes, NULL));
}

static void announce_at(const struct announce_request *request, uint32_t s) {
    set_time(test_seconds_after(s));
    test_put(tracker, request, adapter.now_ms);
}

static enum replica_effect merge(const struct record *record) {
    struct replica_answers answers;
    const struct record_hashes hashes = replica_hash_record(&replica, record);
    return replica_merge(&replica, &table, 0, record, &hashes,
                         adapter.now_ms + adapter.clock_offset_ms, &answers);
}

START_TEST(join_is_sent_as_a_put_of_all_that_the_tracker_holds) {
    struct announce_request peer = test_leecher(1);
    struct held_peer held;
    peer.uploaded = 3 << 10;
    peer.downloaded = 4 << 10;
    peer.event = EVENT_PAUSED;
    announce_at(&peer, 0);
    drain();
    ck_assert_uint_eq(sent_count, 1);
    ck_assert_int_eq(sent[0].kind, RECORD_PUT);
    ck_assert_uint_eq(sent[0].stamp, stamp_at(CLUSTER_MS, NODE));
    ck_assert(test_find_peer(tracker, &sent[0].peer, &held));
    ck_assert_uint_eq(held.stamp, sent[0].stamp);
    ck_assert_mem_eq(held.state.peer_id, sent[0].state.peer_id, PEER_ID_LEN);
    ck_assert_uint_eq(sent[0].state.key, held.state.key);
    ck_assert_uint_eq(sent[0].state.left, 1000);
    ck_assert_uint_eq(sent[0].state.uploaded_kib, 3);
    ck_assert_uint_eq(sent[0].state.downloaded_kib, 4);
    ck_assert_uint_eq(sent[0].state.interval_s, INTERVAL_S);
    ck_assert(sent[0].state.paused && sent[0].state.own_address && !sent[0].state.counted);
    announce_at(&peer, 61);
    drain();
    ck_assert_uint_eq(sent_count, 1);
    ck_assert_int_eq(sent[0].kind, RECORD_PUT);
}
END_TEST

START_TEST(completion_is_sent_with_its_count) {
    struct announce_request peer = test_seeder(1);
    peer.event = EVENT_COMPLETED;
    announce_at(&peer, 0);
    drain();
    ck_assert_uint_eq(sent_count, 1);
    ck_assert_int_eq(sent[0].kind, RECORD_PUT);
    ck_assert_uint_eq(sent[0].count.node, NODE);
    ck_assert_uint_eq(sent[0].count.counted, 1);
    ck_assert(sent[0].state.counted);
    ck_assert_uint_eq(sent[0].state.completed, stamp_at(CLUSTER_MS, NODE));
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 1);
}
END_TEST

/* The other node's record was merged before this one's change was noted. */
START_TEST(completion_that_another_node_counted_is_not_counted) {
    struct announce_request peer = test_seeder(1);
    peer.event = EVENT_COMPLETED;
    announce_at(&peer, 0);
    struct record other = { .kind = RECORD_COMPLETION,
                            .stamp = stamp_at(CLUSTER_MS + 5, OTHER_NODE) };
    struct peer_key key = { .endpoint = peer.peer };
    struct peer_state state = { .key = peer.key };
    numbered_id(key.info_hash, TORRENT);
    memcpy(state.peer_id, peer.peer_id, PEER_ID_LEN);
    memcpy(other.completion.info_hash, key.info_hash, INFO_HASH_LEN);
    other.completion.identity = replica_hash_client(&replica, &key, &state);
    (void)merge(&other);
    drain();
    ck_assert_uint_eq(sent_count, 1);
    ck_assert_int_eq(sent[0].kind, RECORD_PUT);
    ck_assert_uint_eq(sent[0].state.completed, 0); /* a put with a later one would be invalid */
    ck_assert_uint_eq(sent[0].count.node, 0);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 0);
}
END_TEST

START_TEST(counters_of_other_nodes_are_shown) {
    struct record counter = {
        .kind = RECORD_COUNTER,
        .stamp = stamp_at(CLUSTER_MS, OTHER_NODE),
        .count = { .node = OTHER_NODE, .counted = 4, .taken_back = 1 },
    };
    numbered_id(counter.counter.info_hash, TORRENT);
    ck_assert_int_eq(merge(&counter), REPLICA_CHANGED);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 3);
    struct announce_request peer = test_seeder(1);
    peer.event = EVENT_COMPLETED;
    announce_at(&peer, 0);
    drain();
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 4);
}
END_TEST

START_TEST(move_is_sent_as_a_removal_and_a_put) {
    struct announce_request peer = test_leecher(1);
    announce_at(&peer, 0);
    drain();
    const struct endpoint past = peer.peer;
    peer.peer = numbered_endpoint(FAMILY_V4, 7);
    announce_at(&peer, 1);
    drain();
    ck_assert_uint_eq(sent_count, 2);
    ck_assert_int_eq(sent[0].kind, RECORD_REMOVE);
    ck_assert(endpoint_equal(&sent[0].peer.endpoint, &past));
    ck_assert_int_eq(sent[1].kind, RECORD_PUT);
    ck_assert_uint_eq(sent[0].stamp, sent[1].stamp);
}
END_TEST

/* Since the first one it may have started at another node. */
START_TEST(each_stop_of_an_unknown_peer_is_sent) {
    struct announce_request peer = test_leecher(1);
    peer.event = EVENT_STOPPED;
    for (uint32_t second = 0; second < 2; second++) {
        announce_at(&peer, second);
        drain();
        ck_assert_uint_eq(sent_count, 1);
        ck_assert_int_eq(sent[0].kind, RECORD_REMOVE);
    }
}
END_TEST

/* An older put arrives between a removal and the moment when the removal is noted. */
START_TEST(peer_that_has_left_does_not_come_back) {
    struct announce_request peer = test_leecher(1);
    announce_at(&peer, 1);
    drain();
    struct record older = sent[0];
    older.stamp = stamp_at(CLUSTER_MS + 500, OTHER_NODE);
    peer.event = EVENT_STOPPED;
    announce_at(&peer, 2);
    ck_assert_int_eq(merge(&older), REPLICA_CHANGED);
    drain();
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
    ck_assert_int_eq(merge(&older), REPLICA_NOTHING);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
}
END_TEST

START_TEST(lack_of_room_is_reported) {
    struct tracker_options options = test_options();
    const struct announce_request peer = test_leecher(1);
    announce_at(&peer, 0);
    drain();
    struct record other = sent[0];
    options.cluster = true;
    options.peers_max = 1;
    ck_assert(tracker_apply(tracker, &options));
    other.peer.endpoint = numbered_endpoint(FAMILY_V4, 7);
    ck_assert_int_eq(merge(&other), REPLICA_REJECTED);
    ck_assert(adapter.full);
}
END_TEST

/* The property: announces at this node and records of another one, in any order, leave the peers of
 * the greatest stamps, which have not expired. */

struct model_peer {
    uint64_t stamp; /* of its last record, 0: none */
    bool present;
    struct peer_state state;
};

static struct model_peer model[KEYS];
static struct random randomness;

static uint32_t below(uint32_t bound) {
    return random_below(&randomness, bound);
}

static struct peer_key numbered_key(uint32_t number) {
    const bool is_v6 = number % PLACES == PLACES - 1;
    struct peer_key key = {
        .endpoint = numbered_endpoint(is_v6 ? FAMILY_V6 : FAMILY_V4, number % (CLIENTS * PLACES)),
    };
    numbered_id(key.info_hash, number / PLACES / CLIENTS);
    return key;
}

/* Some clients have no key. */
static struct announce_request request_of(uint32_t number) {
    const uint32_t client = number / PLACES % CLIENTS;
    const struct peer_key key = numbered_key(number);
    struct announce_request request = below(2) == 0 ? test_leecher(client) : test_seeder(client);
    request.peer = key.endpoint;
    request.key = client % 3;
    request.event = below(4) == 0 ? EVENT_STOPPED : below(4) == 0 ? EVENT_STARTED : EVENT_NONE;
    memcpy(request.info_hash, key.info_hash, INFO_HASH_LEN);
    return request;
}

static uint32_t number_of(const struct peer_key *key) {
    for (uint32_t number = 0; number < KEYS; number++) {
        const struct peer_key found = numbered_key(number);
        if (endpoint_equal(&found.endpoint, &key->endpoint) &&
            memcmp(found.info_hash, key->info_hash, INFO_HASH_LEN) == 0)
            return number;
    }
    abort();
}

static void apply_to_model(const struct record *record) {
    struct model_peer *peer = &model[number_of(&record->peer)];
    if (record->stamp < peer->stamp || (record->stamp == peer->stamp && !peer->present))
        return;
    *peer = (struct model_peer){
        .stamp = record->stamp,
        .present = record->kind == RECORD_PUT,
        .state = record->state,
    };
}

static void announce_at_random(void) {
    const struct announce_request request = request_of(below(KEYS));
    test_put(tracker, &request, adapter.now_ms);
}

static void apply_own_changes(void) {
    drain();
    for (size_t i = 0; i < sent_count; i++) {
        if (sent[i].kind == RECORD_PUT || sent[i].kind == RECORD_REMOVE)
            apply_to_model(&sent[i]);
    }
}

static void merge_at_random(void) {
    const uint32_t number = below(KEYS);
    const struct announce_request request = request_of(number);
    const uint64_t now_ms = adapter.now_ms + adapter.clock_offset_ms;
    struct record record = {
        .kind = below(3) == 0 ? RECORD_REMOVE : RECORD_PUT,
        .stamp = stamp_next(now_ms - below(400000), 0, OTHER_NODE) + ((uint64_t)below(1000) << 10),
        .peer = numbered_key(number),
        .state = { .key = request.key, .left = request.left, .interval_s = INTERVAL_S },
    };
    memcpy(record.state.peer_id, request.peer_id, PEER_ID_LEN);
    (void)merge(&record);
    apply_to_model(&record);
}

static bool is_alive(const struct model_peer *peer, uint64_t now_ms) {
    return peer->present && peer_deadline_ms(peer->stamp, peer->state.interval_s) > now_ms;
}

/* The sweep has whole seconds. */
static bool is_about_to_expire(const struct model_peer *peer, uint64_t now_ms) {
    const uint64_t deadline_ms = peer_deadline_ms(peer->stamp, peer->state.interval_s);
    return peer->present && deadline_ms < now_ms + 2000 && now_ms < deadline_ms + 2000;
}

static void compare_with_model(void) {
    const uint64_t now_ms = adapter.now_ms + adapter.clock_offset_ms;
    uint32_t count = 0;
    for (uint32_t number = 0; number < KEYS; number++) {
        const struct peer_key key = numbered_key(number);
        struct held_peer held;
        const bool found = test_find_peer(tracker, &key, &held);
        count += found;
        if (is_about_to_expire(&model[number], now_ms))
            continue;
        if (found != is_alive(&model[number], now_ms))
            ck_abort_msg("key %u is %s", number, found ? "there" : "missing");
        REQUIRE(!found || held.stamp == model[number].stamp);
        REQUIRE(!found || held.state.key == model[number].state.key);
    }
    REQUIRE(tracker_stats(tracker).peers == count);
}

static void require_consistent_counts(void) {
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        const struct scrape_entry entry = test_scrape(tracker, torrent);
        REQUIRE(entry.seeders + entry.leechers <= KEYS / TORRENTS);
    }
}

START_TEST(random_records_leave_the_peers_of_a_plain_map) {
    randomness = (struct random){ .state = (uint64_t)_i + 1 };
    memset(model, 0, sizeof model);
    for (uint32_t step = 0; step < STEPS; step++) {
        set_time(adapter.now_ms + below(3000));
        if (below(2) == 0)
            announce_at_random();
        else
            merge_at_random();
        (void)tracker_sweep(tracker, 0, TRACKER_SHARDS, adapter.now_ms);
        if (below(4) != 0)
            continue;
        apply_own_changes();
        compare_with_model();
        require_consistent_counts();
    }
    apply_own_changes();
    set_time(adapter.now_ms + 1000000);
    tracker_sweep(tracker, 0, TRACKER_SHARDS, adapter.now_ms);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        const struct scrape_entry entry = test_scrape(tracker, torrent);
        ck_assert_uint_eq(entry.seeders + entry.leechers + entry.downloaders, 0);
    }
}
END_TEST

UNIT_SUITE(cluster_tracker_table) {
    Suite *suite = suite_create("cluster_tracker_table");
    TCase *changes = tcase_create("changes");
    tcase_add_checked_fixture(changes, setup, teardown);
    tcase_add_test(changes, join_is_sent_as_a_put_of_all_that_the_tracker_holds);
    tcase_add_test(changes, completion_is_sent_with_its_count);
    tcase_add_test(changes, completion_that_another_node_counted_is_not_counted);
    tcase_add_test(changes, counters_of_other_nodes_are_shown);
    tcase_add_test(changes, move_is_sent_as_a_removal_and_a_put);
    tcase_add_test(changes, each_stop_of_an_unknown_peer_is_sent);
    tcase_add_test(changes, peer_that_has_left_does_not_come_back);
    tcase_add_test(changes, lack_of_room_is_reported);
    suite_add_tcase(suite, changes);
    TCase *random = tcase_create("random");
    tcase_add_checked_fixture(random, setup, teardown);
    tcase_add_loop_test(random, random_records_leave_the_peers_of_a_plain_map, 0, 4);
    suite_add_tcase(suite, random);
    return suite;
}
