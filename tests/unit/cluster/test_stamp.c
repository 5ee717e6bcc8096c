/* Stamps, the clock that they are drawn from, and the sets that keep them. */
#include "swarm/stamp.h"

#include "cluster/cluster_clock.h"
#include "cluster/stamp_set.h"
#include "support.h"

#define NODE UINT64_C(0xfedcba9876543210)
#define NOW_MS UINT64_C(1700000000000)

START_TEST(stamp_has_time_and_node) {
    const uint64_t stamp = stamp_next(NOW_MS, 0, NODE);
    ck_assert_uint_eq(stamp_ms(stamp), NOW_MS);
    ck_assert(stamp_is_of(stamp, NODE) && !stamp_is_of(stamp, NODE + 1));
    ck_assert(!stamp_is_of(0, 0));
}
END_TEST

START_TEST(next_stamp_is_greater_than_the_highest) {
    uint64_t highest = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        const uint64_t node = NODE + i % 3;
        const uint64_t stamp = stamp_next(NOW_MS, highest, node);
        REQUIRE(stamp > highest && stamp_is_of(stamp, node));
        highest = stamp;
    }
    /* The counter has overflowed into the time. */
    ck_assert_uint_gt(stamp_ms(highest), NOW_MS);
    ck_assert_uint_le(stamp_ms(highest), NOW_MS + 10);
    ck_assert_uint_eq(stamp_ms(stamp_next(NOW_MS + 1000, highest, NODE)), NOW_MS + 1000);
}
END_TEST

START_TEST(two_nodes_never_draw_the_same_stamp) {
    ck_assert_uint_ne(stamp_next(NOW_MS, 0, 1), stamp_next(NOW_MS, 0, 2));
    const uint64_t highest = stamp_at(NOW_MS + 5, 3);
    ck_assert_uint_ne(stamp_next(NOW_MS, highest, 1), stamp_next(NOW_MS, highest, 2));
}
END_TEST

START_TEST(clock_follows_the_engine) {
    struct cluster_clock clock = cluster_clock_begin(NOW_MS, 1000);
    ck_assert_uint_eq(cluster_clock_read(&clock, 1500), NOW_MS + 500);
    ck_assert(!cluster_clock_follow(&clock, NOW_MS + 20000, 2000));
    ck_assert_uint_eq(cluster_clock_read(&clock, 2007), NOW_MS + 20007);
}
END_TEST

START_TEST(clock_reports_a_jump) {
    struct cluster_clock clock = cluster_clock_begin(NOW_MS, 0);
    ck_assert(!cluster_clock_follow(&clock, NOW_MS + CLUSTER_CLOCK_JUMP_MS, 0));
    ck_assert(cluster_clock_follow(&clock, NOW_MS + 2 * CLUSTER_CLOCK_JUMP_MS + 1, 0));
}
END_TEST

START_TEST(clock_never_goes_back) {
    struct cluster_clock clock = cluster_clock_begin(NOW_MS, 0);
    ck_assert(!cluster_clock_follow(&clock, NOW_MS - 600000, 1000));
    ck_assert_uint_eq(cluster_clock_read(&clock, 1000), NOW_MS + 1000);
    ck_assert_uint_eq(cluster_clock_read(&clock, 300000), NOW_MS + 1000);
    ck_assert(!cluster_clock_follow(&clock, NOW_MS - 300000, 301000));
    ck_assert_uint_eq(cluster_clock_read(&clock, 700000), NOW_MS + 99000);
}
END_TEST

static void put(struct stamp_set *set, uint64_t hash, uint64_t stamp) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, (uint32_t)hash);
    stamp_set_put(set,
                  &(struct stamped_hash){ .hash = hash, .stamp = stamp, .info_hash = info_hash });
}

START_TEST(set_keeps_what_was_counted_here) {
    struct stamp_set set = stamp_set_create(1000, true, NOW_MS);
    stamp_set_put(&set, &(struct stamped_hash){ .hash = 7, .stamp = 1, .counted_here = true });
    for (uint64_t hash = 8; hash < 100; hash++)
        put(&set, hash, hash);
    ck_assert(stamp_set_look(&set, 7).counted_here);
    ck_assert(!stamp_set_look(&set, 8).counted_here);
    ck_assert(!stamp_set_look(&set, 100).counted_here);
    put(&set, 7, 2);
    ck_assert(!stamp_set_look(&set, 7).counted_here);
    stamp_set_free(&set);
}
END_TEST

START_TEST(set_keeps_the_last_stamp_of_a_hash) {
    struct stamp_set set = stamp_set_create(1000, false, NOW_MS);
    ck_assert_uint_eq(stamp_set_find(&set, 7), 0);
    for (uint64_t hash = 0; hash < 1000; hash++)
        put(&set, hash, hash + 1);
    put(&set, 7, 99);
    for (uint64_t hash = 0; hash < 1000; hash++)
        REQUIRE(stamp_set_find(&set, hash) == (hash == 7 ? 99 : hash + 1));
    ck_assert_uint_eq(stamp_set_find(&set, 1000), 0);
    stamp_set_free(&set);
}
END_TEST

START_TEST(hash_is_kept_for_one_to_two_lifetimes) {
    struct stamp_set set = stamp_set_create(10, false, NOW_MS);
    put(&set, 1, 11);
    stamp_set_age(&set, NOW_MS + 99, 100);
    put(&set, 2, 12);
    stamp_set_age(&set, NOW_MS + 100, 100);
    ck_assert_uint_eq(stamp_set_find(&set, 1), 11);
    put(&set, 1, 13);
    ck_assert_uint_eq(stamp_set_find(&set, 1), 13);
    stamp_set_age(&set, NOW_MS + 200, 100);
    ck_assert_uint_eq(stamp_set_find(&set, 1), 13);
    ck_assert_uint_eq(stamp_set_find(&set, 2), 0);
    stamp_set_age(&set, NOW_MS + 300, 100);
    ck_assert_uint_eq(stamp_set_find(&set, 1), 0);
    stamp_set_free(&set);
}
END_TEST

START_TEST(full_set_drops_the_older_half) {
    struct stamp_set set = stamp_set_create(100, false, NOW_MS);
    for (uint64_t hash = 0; hash < 1000; hash++) {
        put(&set, hash, 1);
        REQUIRE(set.present.count <= 100 && set.past.count <= 100);
        REQUIRE(set.present.size <= 256 && set.past.size <= 256);
    }
    for (uint64_t hash = 900; hash < 1000; hash++)
        REQUIRE(stamp_set_find(&set, hash) == 1);
    ck_assert_uint_eq(stamp_set_find(&set, 100), 0);
    stamp_set_free(&set);
}
END_TEST

/* Once each, also if the past generation has an older stamp of it. */
START_TEST(all_hashes_of_a_set_are_visited) {
    struct stamp_set set = stamp_set_create(60, _i == 1, NOW_MS);
    uint32_t seen[100] = { 0 };
    put(&set, 9, 1);
    for (uint64_t hash = 0; hash < 100; hash++)
        put(&set, hash, hash == 9 ? 1 : hash + 1);
    put(&set, 9, 10);
    struct stamp_cursor cursor = { 0 };
    struct stamped_hash found;
    while (stamp_set_next(&set, &cursor, &found)) {
        uint8_t info_hash[INFO_HASH_LEN];
        numbered_id(info_hash, (uint32_t)found.hash);
        REQUIRE(found.stamp == found.hash + 1);
        REQUIRE((found.info_hash != NULL) == (_i == 1));
        REQUIRE(_i == 0 || memcmp(found.info_hash, info_hash, INFO_HASH_LEN) == 0);
        seen[found.hash]++;
    }
    for (size_t i = 0; i < COUNT_OF(seen); i++)
        REQUIRE(seen[i] == 1);
    stamp_set_free(&set);
}
END_TEST

/* _i: hashes that are added: the set grows, or begins a new generation with as many slots. */
START_TEST(no_hash_is_missed_if_the_set_changes) {
    enum { FIRST = 96, LIMIT = 100 }; /* as many as fit into 128 slots */
    const uint64_t last = _i == 0 ? FIRST + 1 : FIRST + LIMIT;
    struct stamp_set set = stamp_set_create(LIMIT, false, NOW_MS);
    bool seen[FIRST + LIMIT] = { false };
    struct stamp_cursor cursor = { 0 };
    struct stamped_hash found;
    for (uint64_t hash = 0; hash < FIRST; hash++)
        put(&set, hash, 1);
    for (int i = 0; i < FIRST / 2; i++) {
        REQUIRE(stamp_set_next(&set, &cursor, &found));
        seen[found.hash] = true;
    }
    for (uint64_t hash = FIRST; hash < last; hash++)
        put(&set, hash, 1);
    while (stamp_set_next(&set, &cursor, &found))
        seen[found.hash] = true;
    for (uint64_t hash = 0; hash < last; hash++)
        REQUIRE(seen[hash]);
    stamp_set_free(&set);
}
END_TEST

UNIT_SUITE(cluster_stamp) {
    Suite *suite = suite_create("cluster_stamp");
    TCase *stamp = tcase_create("stamp");
    tcase_add_test(stamp, stamp_has_time_and_node);
    tcase_add_test(stamp, next_stamp_is_greater_than_the_highest);
    tcase_add_test(stamp, two_nodes_never_draw_the_same_stamp);
    suite_add_tcase(suite, stamp);

    TCase *clock = tcase_create("clock");
    tcase_add_test(clock, clock_follows_the_engine);
    tcase_add_test(clock, clock_reports_a_jump);
    tcase_add_test(clock, clock_never_goes_back);
    suite_add_tcase(suite, clock);

    TCase *sets = tcase_create("sets");
    tcase_add_test(sets, set_keeps_what_was_counted_here);
    tcase_add_test(sets, set_keeps_the_last_stamp_of_a_hash);
    tcase_add_test(sets, hash_is_kept_for_one_to_two_lifetimes);
    tcase_add_test(sets, full_set_drops_the_older_half);
    tcase_add_loop_test(sets, all_hashes_of_a_set_are_visited, 0, 2);
    tcase_add_loop_test(sets, no_hash_is_missed_if_the_set_changes, 0, 2);
    suite_add_tcase(suite, sets);
    return suite;
}
