#include "cluster/registry_sharing.h"

#include "base/log.h"
#include "registry_support.h"
#include "support.h"
#include "swarm/stamp.h"

enum { NODE = 77, DAY_S = 24 * 3600, NOW_S = 1700000000, WAIT_MS = 5000 };

static struct registry *registry;
static struct registry_sharing sharing;
static struct sharing_facts facts;

static struct registry_row torrent(uint8_t number) {
    return test_torrent_row(REGISTRY_TORRENT, (const uint8_t[INFO_HASH_LEN]){ number });
}

/* Its last change is 31 days old, and the other nodes had it. */
static void load_torrent(uint8_t number) {
    const struct registry_row row = torrent(number);
    const struct registry_mark mark = {
        .stamp = stamp_at(UINT64_C(1000) * (NOW_S - 31 * DAY_S), number),
    };
    ck_assert(registry_load_mark(registry, &row, &mark));
    ck_assert(registry_load_put(registry, &row));
}

static void begin(void) {
    log_set_level(LOG_LEVEL_ERROR);
    registry = registry_create();
    ck_assert_ptr_nonnull(registry);
    registry_share(registry);
    registry_load_begin(registry, REGISTRY_DATABASE);
    load_torrent(1);
    load_torrent(2);
    sharing = (struct registry_sharing){ .registry = registry, .wait_ms = WAIT_MS };
    facts = (struct sharing_facts){ .node.node = NODE, .now_ms = 1000, .now_s = NOW_S };
}

static void end(void) {
    registry_delete(registry);
}

static void mark_torrent(void *context, const struct record *record) {
    bool *sent = context;
    struct registry_row row;
    struct registry_mark mark;
    ck_assert(registry_record_read(record, NODE, &row, &mark));
    ck_assert(!mark.removed);
    sent[row.info_hash[0]] = true;
}

/* Whether a walk to all other nodes, or a snapshot, has the torrent. */
static bool passes(uint8_t number) {
    bool sent[3] = { false };
    uint64_t cursor = 0;
    const struct table_visitor visitor = { .context = sent, .registry = mark_torrent };
    while (registry_sharing_walk(&sharing, &cursor, &visitor))
        continue;
    return sent[number];
}

static void step(void) {
    registry_sharing_step(&sharing, &facts);
    registry_settle_queued(registry);
}

/* The cluster has the first torrent; it has removed the second one, and forgotten that. */
static void merge_first(void) {
    const struct registry_row row = torrent(1);
    const struct registry_mark mark = {
        .stamp = stamp_at(UINT64_C(1000) * (NOW_S - 31 * DAY_S), 1),
    };
    struct registry_record_bytes bytes;
    const struct record record = registry_record_make(&row, &mark, NODE, &bytes);
    registry_sharing_merge(&sharing, &record);
}

START_TEST(node_that_was_away_passes_nothing_on_that_it_sets_aside) {
    sharing.seen_s = NOW_S - 31 * DAY_S;
    ck_assert(!passes(1) && !passes(2));
    facts.node.connected = true;
    while (sharing.stage < SHARING_JOINS) {
        step();
        ck_assert(!passes(1) && !passes(2));
    }
    merge_first();
    facts.joined = facts.confirmed = true;
    while (sharing.stage < SHARING_SENDS) {
        ck_assert(passes(1) && !passes(2));
        step();
    }
    const struct registry_row forgotten = torrent(2);
    ck_assert(registry_is_aside(registry, &forgotten));
    ck_assert(passes(1) && !passes(2));
}
END_TEST

START_TEST(node_that_returns_soon_passes_its_entries_on) {
    sharing.seen_s = NOW_S - DAY_S;
    facts.node.connected = facts.joined = facts.confirmed = true;
    while (sharing.stage < SHARING_SENDS)
        step();
    ck_assert(passes(1) && passes(2));
    ck_assert_uint_eq(registry_count_aside(registry, REGISTRY_TORRENT), 0);
}
END_TEST

/* The engine had lost the secret of the cluster, so that the node did not notice at once that it is
 * another one. */
START_TEST(node_with_a_new_secret_waits_until_it_is_sure) {
    facts.node.connected = facts.node.unsure = true;
    while (sharing.stage < SHARING_JOINS)
        step();
    merge_first();
    facts.joined = facts.confirmed = true;
    for (int i = 0; i < 10; i++)
        step();
    ck_assert_int_eq(sharing.stage, SHARING_JOINS);
    facts.node.foreign = true;
    facts.node.unsure = false;
    while (sharing.stage < SHARING_RUNS)
        step();
    const struct registry_row known = torrent(1), unknown = torrent(2);
    ck_assert(!registry_is_aside(registry, &known) && registry_is_aside(registry, &unknown));
    ck_assert(passes(1) && !passes(2));
}
END_TEST

/* Another program has changed the database of a node that joined with another secret. */
START_TEST(what_is_loaded_later_is_adopted) {
    facts.node.connected = facts.node.foreign = facts.joined = facts.confirmed = true;
    while (sharing.stage < SHARING_RUNS)
        step();
    ck_assert_uint_eq(registry_count_aside(registry, REGISTRY_TORRENT), 2);
    registry_load_begin(registry, REGISTRY_DATABASE);
    const struct registry_row loaded = torrent(3);
    ck_assert(registry_load_put(registry, &loaded));
    step();
    ck_assert_int_lt(sharing.stage, SHARING_RUNS);
    while (sharing.stage < SHARING_RUNS)
        step();
    ck_assert(!registry_is_aside(registry, &loaded));
}
END_TEST

START_TEST(new_node_waits_for_the_secret_of_others_that_it_hears) {
    facts.node.connected = facts.node.unsure = facts.node.has_others = facts.joined = true;
    while (sharing.stage < SHARING_JOINS)
        step();
    facts.now_ms += 2 * WAIT_MS;
    step();
    ck_assert_int_eq(sharing.stage, SHARING_JOINS);
    facts.node.has_others = false;
    step();
    ck_assert_int_gt(sharing.stage, SHARING_JOINS);
}
END_TEST

UNIT_SUITE(registry_sharing) {
    Suite *suite = suite_create("registry_sharing");
    TCase *tcase = tcase_create("return");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, node_that_was_away_passes_nothing_on_that_it_sets_aside);
    tcase_add_test(tcase, node_that_returns_soon_passes_its_entries_on);
    tcase_add_test(tcase, node_with_a_new_secret_waits_until_it_is_sure);
    tcase_add_test(tcase, what_is_loaded_later_is_adopted);
    tcase_add_test(tcase, new_node_waits_for_the_secret_of_others_that_it_hears);
    suite_add_tcase(suite, tcase);
    return suite;
}
