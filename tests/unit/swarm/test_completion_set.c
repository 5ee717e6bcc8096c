#include "swarm/completion_set.h"

#include "support.h"

enum { LONGEST_S = 1800, NOW_S = 10000 };

static struct completion_set set;

static void create_set(void) {
    set = (struct completion_set){ .began_s = NOW_S };
}

static void delete_set(void) {
    completion_set_free(&set);
}

/* Spread over all 64 bits, as a hash is. */
static uint64_t hash_of(uint64_t number) {
    return number * 0x9e3779b97f4a7c15;
}

static uint32_t count_found(uint64_t first, uint64_t count) {
    uint32_t found = 0;
    for (uint64_t i = first; i < first + count; i++)
        found += completion_set_contains(&set, hash_of(i));
    return found;
}

static void add_all(uint64_t first, uint64_t count) {
    for (uint64_t i = first; i < first + count; i++)
        completion_set_add(&set, hash_of(i));
}

START_TEST(set_contains_what_was_added) {
    ck_assert(!completion_set_contains(&set, 7));
    ck_assert_uint_eq(completion_set_memory(&set), 0);
    add_all(1, 1000);
    add_all(1, 1000);
    ck_assert_uint_eq(set.present.count, 1000);
    ck_assert_uint_eq(count_found(1, 1000), 1000);
    ck_assert_uint_eq(count_found(1001, 1000), 0);
}
END_TEST

START_TEST(hash_of_zero_is_one_like_any_other) {
    ck_assert(!completion_set_contains(&set, 0));
    completion_set_add(&set, 0);
    completion_set_add(&set, 0);
    ck_assert(completion_set_contains(&set, 0));
    ck_assert_uint_eq(set.present.count, 1);
}
END_TEST

START_TEST(hash_is_remembered_for_one_to_two_intervals) {
    completion_set_add(&set, 7);
    completion_set_age(&set, NOW_S + LONGEST_S - 1, LONGEST_S);
    completion_set_add(&set, 8);
    completion_set_age(&set, NOW_S + LONGEST_S, LONGEST_S);
    completion_set_age(&set, NOW_S + 2 * LONGEST_S - 1, LONGEST_S);
    ck_assert(completion_set_contains(&set, 7));
    completion_set_add(&set, 8);
    completion_set_age(&set, NOW_S + 2 * LONGEST_S, LONGEST_S);
    ck_assert(!completion_set_contains(&set, 7));
    ck_assert(completion_set_contains(&set, 8));
    completion_set_age(&set, NOW_S + 3 * LONGEST_S, LONGEST_S);
    ck_assert(!completion_set_contains(&set, 8));
    ck_assert_uint_eq(completion_set_memory(&set), 0);
}
END_TEST

START_TEST(full_set_forgets_the_oldest_and_does_not_grow) {
    for (uint64_t i = 0; i < 10; i++) {
        add_all(1 + i * COMPLETIONS_MAX, COMPLETIONS_MAX);
        ck_assert_uint_le(completion_set_memory(&set), 128 * 1024);
    }
    ck_assert_uint_eq(count_found(1 + 8 * COMPLETIONS_MAX, 2 * COMPLETIONS_MAX),
                      2 * COMPLETIONS_MAX);
    ck_assert_uint_eq(count_found(1, 8 * COMPLETIONS_MAX), 0);
}
END_TEST

UNIT_SUITE(completion_set) {
    Suite *suite = suite_create("completion_set");
    TCase *tcase = tcase_create("set");
    tcase_add_checked_fixture(tcase, create_set, delete_set);
    tcase_add_test(tcase, set_contains_what_was_added);
    tcase_add_test(tcase, hash_of_zero_is_one_like_any_other);
    tcase_add_test(tcase, hash_is_remembered_for_one_to_two_intervals);
    tcase_add_test(tcase, full_set_forgets_the_oldest_and_does_not_grow);
    suite_add_tcase(suite, tcase);
    return suite;
}
