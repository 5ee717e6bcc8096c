/* Download counts and completions of a node over restarts, with a real tracker and store. */
#include "cluster/stored_counts.h"

#include "cluster/node.h"
#include "store/store.h"
#include "support.h"
#include "swarm/stamp.h"
#include "tracker_support.h"

#define STAMP stamp_at(UINT64_C(1700000000000), NODE)

enum {
    NODE = 5,
    OTHER_NODE = 6,
    COUNTING = (1 << 20) + NODE,
    CLIENT = 77,
    MANY = 20000, /* counts: more than the queue takes at once */
};

static struct directory directory;
static struct store *store;
static struct tracker *tracker;
static struct replica_options options;
static struct replica replica;
static struct stored_counts counts;

static const uint8_t *hash_of(uint32_t torrent) {
    static uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, torrent);
    return info_hash;
}

/* As the store restores it. */
static void restore(uint32_t torrent, uint32_t downloaded) {
    struct change change = { .kind = CHANGE_TORRENT, .downloaded = downloaded };
    numbered_id(change.info_hash, torrent);
    ck_assert(tracker_restore(tracker, &change, 1, START_MS));
}

static void start(void) {
    char error[ERROR_LEN];
    struct tracker_options tracker_options = test_options();
    tracker_options.cluster = true;
    tracker = tracker_create(&tracker_options, FEED_CAPACITY);
    store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    ck_assert(tracker != NULL && store_join_cluster(store));
    options = (struct replica_options){
        .node = NODE,
        .counting = COUNTING,
        .secret = { { 1, 2 } },
        .tombstones_max = 10,
        .completions_max = 10,
        .counters_max = 2 * MANY,
        .rows = store_cluster(store),
    };
    replica = replica_create(&options, START_MS);
    counts = (struct stored_counts){
        .tracker = tracker,
        .rows = options.rows,
        .counting = COUNTING,
    };
}

static void load(void) {
    ck_assert_msg(stored_counts_load(&counts, store, &replica, START_MS), "%s",
                  store_failure(store));
}

static void stop(void) {
    ck_assert_msg(store_commit(store), "%s", store_failure(store));
    stored_counts_free(&counts);
    replica_free(&replica);
    store_close(store);
    tracker_delete(tracker);
}

static void restart(void) {
    stop();
    start();
}

static void setup(void) {
    directory = directory_create();
    start();
}

static void teardown(void) {
    stop();
    directory_remove(&directory);
}

static void use_alone(void) {
    char error[ERROR_LEN];
    stop();
    store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    ck_assert(store_leave_cluster(store));
    store_close(store);
    start();
}

static void merge(uint32_t torrent, uint64_t node, uint32_t counted, uint32_t taken_back) {
    ck_assert(replica_merge_pair(&replica, hash_of(torrent), node,
                                 (struct counter_pair){ counted, taken_back }));
}

/* By the nodes, and shown by the tracker. */
static void assert_sum(uint32_t torrent, uint32_t sum) {
    const uint64_t hash = replica_hash_torrent(&replica, hash_of(torrent));
    ck_assert_uint_eq(counter_table_sum(&replica.counters, hash), sum);
    ck_assert_uint_eq(tracker_scrape(tracker, hash_of(torrent)).downloaded, sum);
}

START_TEST(counts_and_completions_are_restored) {
    load();
    ck_assert(counts.adopted);
    merge(1, NODE, 3, 1);
    merge(1, OTHER_NODE, 2, 0);
    ck_assert_uint_ne(replica_count_completion(&replica, hash_of(2), CLIENT, STAMP).node, 0);
    restart();
    restore(1, 5); /* one more than the nodes had counted when it was stored */
    restore(2, 0);
    load();
    ck_assert(counts.adopted);
    assert_sum(1, 4);
    assert_sum(2, 1);
    const uint64_t hash = replica_hash_torrent(&replica, hash_of(1));
    const struct counter_pair pair = counter_table_find(&replica.counters, hash, NODE);
    ck_assert(pair.counted == 3 && pair.taken_back == 1);
    ck_assert_uint_eq(replica_count_completion(&replica, hash_of(2), CLIENT, STAMP + 1).node, 0);
}
END_TEST

START_TEST(smallest_stamp_of_a_completion_is_restored) {
    load();
    for (uint64_t stamp = 9; stamp > 6; stamp--) {
        const struct completion_row row = { .identity = CLIENT, .stamp = stamp };
        cluster_rows_put_completion(options.rows, &row);
    }
    restart();
    load();
    ck_assert_uint_eq(stamp_set_find(&replica.completions, CLIENT), 7);
    ck_assert(!stamp_set_look(&replica.completions, CLIENT).counted_here);
}
END_TEST

START_TEST(counts_of_torrents_that_the_tracker_has_forgotten_are_deleted) {
    load();
    merge(1, NODE, 3, 0);
    merge(2, NODE, 4, 0);
    merge(3, NODE, 5, 0);
    replica_forget_torrent(&replica, hash_of(3));
    restart();
    restore(2, 4);
    restore(3, 0);
    load();
    restart();
    for (uint32_t torrent = 1; torrent <= 3; torrent++)
        restore(torrent, 0);
    load();
    assert_sum(1, 0);
    assert_sum(2, 4);
    assert_sum(3, 0);
}
END_TEST

/* What the others tell without a snapshot may all have been counted since. */
START_TEST(rest_of_a_new_node_is_adopted_whole_without_a_snapshot) {
    restore(1, 5);
    load();
    ck_assert(!counts.adopted);
    merge(1, OTHER_NODE, 2, 0);
    merge(1, COUNTING, 1, 0);
    ck_assert(stored_counts_adopt(&counts, &replica, false, START_MS));
    assert_sum(1, 8);
    ck_assert(counts.adopted && !stored_counts_adopt(&counts, &replica, false, START_MS));
    restart();
    restore(1, 8);
    load();
    ck_assert(counts.adopted);
    assert_sum(1, 8);
}
END_TEST

START_TEST(rest_is_adopted_as_far_as_a_snapshot_lacks_it) {
    restore(1, 5);
    restore(2, 5);
    load();
    merge(1, OTHER_NODE, 2, 0);
    merge(1, COUNTING, 1, 0);
    merge(2, OTHER_NODE, 6, 0);
    ck_assert(stored_counts_adopt(&counts, &replica, true, START_MS));
    assert_sum(1, 6);
    assert_sum(2, 6);
}
END_TEST

START_TEST(rest_that_two_nodes_have_counts_once) {
    restore(1, 5);
    load();
    merge(1, UINT64_C(1) << STAMP_NODE_BITS, 4, 0);
    ck_assert(stored_counts_adopt(&counts, &replica, false, START_MS));
    assert_sum(1, 5);
}
END_TEST

START_TEST(what_was_counted_alone_is_added) {
    load();
    merge(1, NODE, 3, 0);
    use_alone();
    restore(1, 5);
    load();
    ck_assert(counts.adopted);
    assert_sum(1, 5);
    use_alone();
    restore(1, 6);
    load();
    assert_sum(1, 6);
    restart();
    restore(1, 0);
    load();
    assert_sum(1, 6);
}
END_TEST

START_TEST(another_secret_of_the_cluster_keeps_counts) {
    load();
    restore(1, 0);
    merge(1, NODE, 3, 1);
    merge(1, OTHER_NODE, 2, 0);
    ck_assert_uint_ne(replica_count_completion(&replica, hash_of(1), CLIENT, STAMP).node, 0);
    struct replica past = replica;
    options.secret.half[0]++;
    replica = replica_create(&options, START_MS);
    stored_counts_move(&counts, &past, &replica, START_MS);
    replica_free(&past);
    const uint64_t hash = replica_hash_torrent(&replica, hash_of(1));
    ck_assert_uint_eq(counter_table_sum(&replica.counters, hash), 5);
    ck_assert_uint_eq(stamp_set_find(&replica.completions, CLIENT), STAMP);
}
END_TEST

static void fill(void *context, struct replica *of_node) {
    (void)context;
    for (uint32_t torrent = 0; torrent < MANY; torrent++)
        replica_restore_pair(of_node, hash_of(torrent), NODE, (struct counter_pair){ 7, 1 });
    const struct stamped_hash completion = {
        .hash = CLIENT,
        .stamp = STAMP,
        .info_hash = hash_of(1),
    };
    replica_restore_completion(of_node, &completion);
}

static void ignore_facts(void *context, const struct node_facts *facts) {
    (void)context;
    (void)facts;
}

static struct node *create_node(void) {
    const struct node_options node_options = {
        .engine = { .prefix = "skep", .timeout_ms = 1000 },
        .replica = options,
        .queues = { .puts_max = 1000, .other_max = 1000, .sent_max = 1000 },
        .name = "a",
    };
    const struct node_table table = { .update = ignore_facts };
    return node_create(&node_options, &table, START_MS);
}

START_TEST(everything_is_stored_again_after_a_loss) {
    for (uint32_t torrent = 0; torrent < MANY; torrent++)
        restore(torrent, 0);
    load();
    struct node *node = create_node();
    ck_assert_ptr_nonnull(node);
    node_visit_replica(node, fill, NULL);
    cluster_rows_lose(options.rows);
    for (int i = 0; i == 0 || counts.storing; i++) {
        REQUIRE(i < MANY);
        stored_counts_step(&counts, node, START_MS);
        ck_assert_msg(store_commit(store), "%s", store_failure(store));
    }
    node_delete(node);
    restart();
    for (uint32_t torrent = 0; torrent < MANY; torrent++)
        restore(torrent, 0);
    load();
    ck_assert(counts.adopted);
    for (uint32_t torrent = 0; torrent < MANY; torrent += 500)
        assert_sum(torrent, 6);
    ck_assert_uint_eq(replica.counters.count, MANY);
    ck_assert_uint_eq(stamp_set_find(&replica.completions, CLIENT), STAMP);
}
END_TEST

UNIT_SUITE(cluster_stored_counts) {
    Suite *suite = suite_create("cluster_stored_counts");
    TCase *tcase = tcase_create("counts");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, counts_and_completions_are_restored);
    tcase_add_test(tcase, smallest_stamp_of_a_completion_is_restored);
    tcase_add_test(tcase, counts_of_torrents_that_the_tracker_has_forgotten_are_deleted);
    tcase_add_test(tcase, rest_of_a_new_node_is_adopted_whole_without_a_snapshot);
    tcase_add_test(tcase, rest_is_adopted_as_far_as_a_snapshot_lacks_it);
    tcase_add_test(tcase, rest_that_two_nodes_have_counts_once);
    tcase_add_test(tcase, what_was_counted_alone_is_added);
    tcase_add_test(tcase, another_secret_of_the_cluster_keeps_counts);
    tcase_add_test(tcase, everything_is_stored_again_after_a_loss);
    suite_add_tcase(suite, tcase);
    return suite;
}
