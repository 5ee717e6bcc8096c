/* Merging into a table of one peer: sites, lack of room, counters of other nodes. Random schedules
 * are in test_simulation.c. */
#include "cluster/replica.h"

#include "support.h"
#include "swarm/stamp.h"

#define NOW_MS UINT64_C(1700000000000)

enum { SITE = 1, OTHER_SITE = 2, NODE = 3, OTHER_NODE = 4 };

struct one_peer {
    uint64_t counted; /* stamp of the last call of `count` */
    uint32_t downloaded;
    bool present;
    bool full;
    struct held_peer peer;
};

static void erase(void *context, const struct peer_key *key, uint64_t stamp) {
    struct one_peer *one = context;
    (void)key;
    one->present = one->peer.stamp > stamp;
}

static bool merge_peer(void *context, const struct peer_key *key, const struct held_peer *peer,
                       merge_rule *rule, void *decision, const uint32_t *downloaded) {
    struct one_peer *one = context;
    const enum merge_effect effect = rule(decision, one->present ? &one->peer : NULL);
    if (effect == MERGE_REMOVE)
        erase(context, key, peer->stamp);
    if (effect != MERGE_PUT || one->full)
        return effect != MERGE_PUT;
    if (downloaded != NULL)
        one->downloaded = *downloaded;
    one->present = true;
    one->peer = *peer;
    return true;
}

static void count(void *context, const uint8_t info_hash[static INFO_HASH_LEN], uint32_t downloaded,
                  uint64_t stamp) {
    struct one_peer *one = context;
    (void)info_hash;
    one->downloaded = downloaded;
    one->counted = stamp;
}

static struct replica replica;
static struct one_peer one;
static struct replica_answers answers; /* of the last merge */

static void setup(void) {
    const struct replica_options options = {
        .node = NODE,
        .counting = NODE,
        .site = SITE,
        .tombstones_max = 10,
        .completions_max = 10,
        .counters_max = 100,
    };
    replica = replica_create(&options, NOW_MS);
    one = (struct one_peer){ 0 };
}

static void teardown(void) {
    replica_free(&replica);
}

static enum replica_effect merge(uint64_t site, const struct record *record,
                                 struct record *answer) {
    const struct peer_table table = {
        .context = &one, .merge = merge_peer, .remove = erase, .count = count
    };
    const struct record_hashes hashes = replica_hash_record(&replica, record);
    const enum replica_effect effect =
        replica_merge(&replica, &table, site, record, &hashes, NOW_MS, &answers);
    *answer = answers.count == 0 ? (struct record){ .kind = RECORD_NONE } : answers.list[0];
    return effect;
}

static struct record record_of(enum record_kind kind, uint64_t stamp) {
    struct record record = {
        .kind = kind,
        .stamp = stamp,
        .peer = { .endpoint = numbered_endpoint(FAMILY_V4, 1), .on_lan = true },
        .state = { .interval_s = 300 },
    };
    numbered_id(record.peer.info_hash, 1);
    return record;
}

START_TEST(lan_peers_of_other_sites_are_skipped) {
    struct record answer;
    struct record record = record_of(RECORD_PUT, stamp_at(NOW_MS, OTHER_NODE));
    ck_assert_int_eq(merge(OTHER_SITE, &record, &answer), REPLICA_NOTHING);
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_CHANGED);
    record.kind = RECORD_REMOVE;
    record.stamp++;
    ck_assert_int_eq(merge(OTHER_SITE, &record, &answer), REPLICA_NOTHING);
    ck_assert(one.present);
    record.peer.on_lan = false;
    ck_assert_int_eq(merge(OTHER_SITE, &record, &answer), REPLICA_CHANGED);
    ck_assert(!one.present && answer.kind == RECORD_NONE);
}
END_TEST

START_TEST(full_table_rejects_a_put) {
    struct record answer;
    const struct record record = record_of(RECORD_PUT, stamp_at(NOW_MS, OTHER_NODE));
    one.full = true;
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_REJECTED);
}
END_TEST

START_TEST(tombstone_keeps_an_older_put_out) {
    struct record answer;
    const struct record record = record_of(RECORD_PUT, stamp_at(NOW_MS, OTHER_NODE));
    const struct record tombstone = {
        .kind = RECORD_TOMBSTONE,
        .stamp = record.stamp,
        .hash = replica_hash_peer(&replica, &record.peer),
    };
    (void)merge(SITE, &tombstone, &answer);
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_NOTHING);
    ck_assert(!one.present);
}
END_TEST

/* A snapshot brought the tombstone first. It names only a hash, so the peer stays until its removal
 * arrives, or the end of the snapshot. */
START_TEST(removal_after_its_tombstone_removes_the_peer) {
    struct record answer;
    struct record record = record_of(RECORD_PUT, stamp_at(NOW_MS, OTHER_NODE));
    (void)merge(SITE, &record, &answer);
    const struct record tombstone = {
        .kind = RECORD_TOMBSTONE,
        .stamp = record.stamp + 1,
        .hash = replica_hash_peer(&replica, &record.peer),
    };
    ck_assert_uint_eq(replica_removal(&replica, &record.peer), 0);
    (void)merge(SITE, &tombstone, &answer);
    ck_assert(one.present);
    ck_assert_uint_eq(replica_removal(&replica, &record.peer), record.stamp + 1);
    record.kind = RECORD_REMOVE;
    record.stamp++;
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_CHANGED);
    ck_assert(!one.present);
}
END_TEST

START_TEST(removal_of_a_newer_peer_leaves_a_tombstone) {
    struct record answer;
    struct record record = record_of(RECORD_PUT, stamp_at(NOW_MS, OTHER_NODE));
    (void)merge(SITE, &record, &answer);
    record = record_of(RECORD_REMOVE, stamp_at(NOW_MS - 1, OTHER_NODE));
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_NOTHING);
    ck_assert(one.present);
    ck_assert_uint_eq(replica_removal(&replica, &record.peer), record.stamp);
}
END_TEST

START_TEST(smaller_counter_is_answered) {
    struct record answer;
    struct record record = record_of(RECORD_COUNTER, 1);
    memset(&record.counter, 0, sizeof record.counter);
    record.count.node = OTHER_NODE;
    record.count.counted = 5;
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_CHANGED);
    ck_assert_int_eq(answer.kind, RECORD_NONE);
    record.count.counted = 1;
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_NOTHING);
    ck_assert_int_eq(answer.kind, RECORD_COUNTER);
    ck_assert_uint_eq(answer.count.counted, 5);
    ck_assert_uint_eq(answer.count.node, OTHER_NODE);
}
END_TEST

/* It may be of a later change, until which the torrent is kept. */
START_TEST(equal_counter_is_shown) {
    struct record answer;
    struct record record = record_of(RECORD_COUNTER, 1);
    memset(&record.counter, 0, sizeof record.counter);
    record.count.node = OTHER_NODE;
    record.count.counted = 5;
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_CHANGED);
    record.stamp++;
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_NOTHING);
    ck_assert_int_eq(answer.kind, RECORD_NONE);
    ck_assert_uint_eq(one.counted, record.stamp);
}
END_TEST

/* A put with a completion that the other node has counted, its second one of the torrent. */
static struct record counted_put(uint64_t stamp) {
    struct record record = record_of(RECORD_PUT, stamp);
    record.state.completed = stamp;
    record.state.counted = true;
    record.count = (struct node_count){ .node = OTHER_NODE, .counted = 2 };
    return record;
}

static uint32_t count_in_replica(const struct record *put) {
    return counter_table_sum(&replica.counters,
                             replica_hash_torrent(&replica, put->peer.info_hash));
}

START_TEST(put_brings_its_count) {
    struct record answer;
    const struct record record = counted_put(stamp_at(NOW_MS, OTHER_NODE));
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_CHANGED);
    ck_assert(one.present && one.downloaded == 2 && one.counted == 0);
    ck_assert_int_eq(answer.kind, RECORD_NONE);
    ck_assert_uint_eq(count_in_replica(&record), 2);
    const uint64_t client = replica_hash_client(&replica, &record.peer, &record.state);
    ck_assert_uint_eq(replica_completion(&replica, client), record.stamp);
}
END_TEST

/* The peer has changed since, there is no room for it, or it is of another LAN. */
START_TEST(count_of_a_put_is_merged_without_its_peer) {
    struct record answer;
    const struct record record = counted_put(stamp_at(NOW_MS, OTHER_NODE));
    one.full = _i == 0;
    if (_i == 1) {
        const struct record newer = record_of(RECORD_PUT, record.stamp + 1);
        (void)merge(SITE, &newer, &answer);
    }
    (void)merge(_i == 2 ? OTHER_SITE : SITE, &record, &answer);
    ck_assert_int_eq(one.present, _i == 1);
    ck_assert_uint_eq(one.downloaded, 2);
    ck_assert_uint_eq(one.counted, record.stamp);
    ck_assert_uint_eq(count_in_replica(&record), 2);
}
END_TEST

START_TEST(smaller_count_of_a_put_is_answered) {
    struct record answer;
    struct record record = counted_put(stamp_at(NOW_MS, OTHER_NODE));
    (void)merge(SITE, &record, &answer);
    numbered_id(record.state.peer_id, 9);
    record.stamp = record.state.completed = record.stamp + 1;
    record.count.counted = 1;
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_CHANGED);
    ck_assert_int_eq(answer.kind, RECORD_COUNTER);
    ck_assert_uint_eq(answer.count.node, OTHER_NODE);
    ck_assert_uint_eq(answer.count.counted, 2);
    ck_assert_mem_eq(answer.counter.info_hash, record.peer.info_hash, INFO_HASH_LEN);
    ck_assert_uint_eq(one.downloaded, 2);
}
END_TEST

/* Of a client that completed at two nodes before they knew of each other. */
START_TEST(completion_and_count_of_a_put_are_both_answered) {
    struct record answer;
    struct record record = counted_put(stamp_at(NOW_MS, OTHER_NODE));
    (void)merge(SITE, &record, &answer);
    record.stamp = record.state.completed = record.stamp + 1;
    record.count.counted = 1;
    (void)merge(SITE, &record, &answer);
    ck_assert_uint_eq(answers.count, 2);
    ck_assert_int_eq(answer.kind, RECORD_COMPLETION);
    ck_assert_uint_eq(answer.stamp, record.stamp - 1);
    ck_assert_int_eq(answers.list[1].kind, RECORD_COUNTER);
    ck_assert_uint_eq(answers.list[1].count.counted, 2);
}
END_TEST

/* The node here has counted the completion later, and knows more of the other one's counts. */
START_TEST(count_is_taken_back_and_a_smaller_one_answered) {
    struct record answer;
    struct record record = counted_put(stamp_at(NOW_MS, OTHER_NODE));
    const uint8_t *info_hash = record.peer.info_hash;
    const uint64_t client = replica_hash_client(&replica, &record.peer, &record.state);
    const struct counter_pair known = { .counted = 7 };
    ck_assert(replica_merge_pair(&replica, info_hash, OTHER_NODE, known));
    ck_assert_uint_ne(replica_count_completion(&replica, info_hash, client, record.stamp + 1).node,
                      0);
    (void)merge(SITE, &record, &answer);
    ck_assert_uint_eq(answers.count, 2);
    ck_assert_uint_eq(answers.list[0].count.node, NODE);
    ck_assert_uint_eq(answers.list[0].count.taken_back, 1);
    ck_assert_uint_eq(answers.list[1].count.node, OTHER_NODE);
    ck_assert_uint_eq(answers.list[1].count.counted, 7);
    ck_assert_uint_eq(one.downloaded, 7);
}
END_TEST

START_TEST(put_is_merged_without_room_for_its_count) {
    struct record answer;
    struct record record = counted_put(stamp_at(NOW_MS, OTHER_NODE));
    replica.counters.limit = 0;
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_CHANGED);
    ck_assert(one.present && one.downloaded == 0 && one.counted == 0);
}
END_TEST

static struct record completion_of(uint64_t stamp) {
    struct record record = record_of(RECORD_COMPLETION, stamp);
    memset(&record.completion, 0, sizeof record.completion);
    record.completion.identity = 7;
    return record;
}

START_TEST(completion_counted_first_elsewhere_is_taken_back_once) {
    struct record answer;
    const uint64_t stamp = stamp_at(NOW_MS + 1, NODE);
    const struct record record = completion_of(stamp_at(NOW_MS, OTHER_NODE));
    const uint8_t *info_hash = record.completion.info_hash;
    ck_assert_uint_ne(replica_count_completion(&replica, info_hash, 7, stamp).node, 0);
    ck_assert_uint_eq(replica_count_completion(&replica, info_hash, 7, stamp + 1).node, 0);
    const uint64_t torrent = replica_hash_torrent(&replica, info_hash);
    ck_assert_uint_eq(counter_table_sum(&replica.counters, torrent), 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(merge(SITE, &record, &answer), i == 0 ? REPLICA_CHANGED : REPLICA_NOTHING);
        ck_assert_int_eq(answer.kind, i == 0 ? RECORD_COUNTER : RECORD_NONE);
        ck_assert_uint_eq(counter_table_sum(&replica.counters, torrent), 0);
    }
}
END_TEST

START_TEST(completion_is_taken_back_after_a_change_of_the_id) {
    struct record answer;
    const struct record record = completion_of(stamp_at(NOW_MS, OTHER_NODE));
    const uint8_t *info_hash = record.completion.info_hash;
    ck_assert_uint_ne(
        replica_count_completion(&replica, info_hash, 7, stamp_at(NOW_MS + 1, NODE)).node, 0);
    replica.options.node = replica.options.counting = NODE + 5;
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_CHANGED);
    ck_assert_uint_eq(answer.count.node, NODE + 5);
    ck_assert_uint_eq(answer.count.taken_back, 1);
    ck_assert_uint_eq(
        counter_table_sum(&replica.counters, replica_hash_torrent(&replica, info_hash)), 0);
}
END_TEST

START_TEST(completion_counted_first_here_is_answered) {
    struct record answer;
    const uint64_t stamp = stamp_at(NOW_MS + 1, NODE);
    const struct record record = completion_of(stamp_at(NOW_MS + 2, OTHER_NODE));
    ck_assert_uint_ne(
        replica_count_completion(&replica, record.completion.info_hash, 7, stamp).node, 0);
    ck_assert_int_eq(merge(SITE, &record, &answer), REPLICA_NOTHING);
    ck_assert_int_eq(answer.kind, RECORD_COMPLETION);
    ck_assert_uint_eq(answer.stamp, stamp);
    ck_assert_uint_eq(answer.completion.identity, 7);
}
END_TEST

/* Restored from an old store, or come back after the node had forgotten it. */
START_TEST(completion_that_was_taken_back_perhaps_is_not_taken_back) {
    struct record answer;
    const struct record earlier = completion_of(stamp_at(NOW_MS - 9, OTHER_NODE));
    struct record own = completion_of(stamp_at(NOW_MS - 1, NODE));
    if (_i == 0)
        replica_restore_completion(&replica, &(struct stamped_hash){
                                                 .hash = 7,
                                                 .stamp = own.stamp,
                                                 .info_hash = own.completion.info_hash,
                                             });
    own.stamp = stamp_at(NOW_MS + (uint64_t)_i - 1, NODE);
    (void)merge(SITE, &own, &answer);
    ck_assert_int_eq(merge(SITE, &earlier, &answer), REPLICA_NOTHING);
    ck_assert_int_eq(answer.kind, RECORD_NONE);
}
END_TEST

/* Each restart without a snapshot has an id of its own. */
START_TEST(node_counts_under_few_ids_until_it_has_joined) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, 1);
    for (uint64_t start = 1; start <= 90; start++) {
        replica.options.counting = start << STAMP_NODE_BITS | NODE;
        const struct node_count own = replica_count_completion(&replica, info_hash, start, start);
        ck_assert_uint_eq(own.node, start <= 32 ? replica.options.counting : NODE);
        ck_assert_uint_eq(own.counted, start <= 32 ? 1 : start - 32);
    }
    const uint64_t torrent = replica_hash_torrent(&replica, info_hash);
    ck_assert_uint_eq(counter_table_sum(&replica.counters, torrent), 90);
    ck_assert_uint_eq(replica.counters.count, 33);
}
END_TEST

UNIT_SUITE(cluster_replica) {
    Suite *suite = suite_create("cluster_replica");
    TCase *tcase = tcase_create("merging");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, lan_peers_of_other_sites_are_skipped);
    tcase_add_test(tcase, full_table_rejects_a_put);
    tcase_add_test(tcase, tombstone_keeps_an_older_put_out);
    tcase_add_test(tcase, removal_after_its_tombstone_removes_the_peer);
    tcase_add_test(tcase, removal_of_a_newer_peer_leaves_a_tombstone);
    tcase_add_test(tcase, smaller_counter_is_answered);
    tcase_add_test(tcase, equal_counter_is_shown);
    tcase_add_test(tcase, put_brings_its_count);
    tcase_add_loop_test(tcase, count_of_a_put_is_merged_without_its_peer, 0, 3);
    tcase_add_test(tcase, smaller_count_of_a_put_is_answered);
    tcase_add_test(tcase, completion_and_count_of_a_put_are_both_answered);
    tcase_add_test(tcase, count_is_taken_back_and_a_smaller_one_answered);
    tcase_add_test(tcase, put_is_merged_without_room_for_its_count);
    tcase_add_test(tcase, completion_counted_first_elsewhere_is_taken_back_once);
    tcase_add_test(tcase, completion_is_taken_back_after_a_change_of_the_id);
    tcase_add_test(tcase, completion_counted_first_here_is_answered);
    tcase_add_loop_test(tcase, completion_that_was_taken_back_perhaps_is_not_taken_back, 0, 3);
    tcase_add_test(tcase, node_counts_under_few_ids_until_it_has_joined);
    suite_add_tcase(suite, tcase);
    return suite;
}
