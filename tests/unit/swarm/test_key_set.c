#include "swarm/key_set.h"

#include <string.h>

#include "base/random.h"
#include "support.h"

enum { KEYS = 3000, STEPS = 6000, KEY_LEN_MAX = 32 };

static const struct hash_key hash_key = { .half = { 5, 6 } };
static const size_t key_lengths[] = { 4, 18, 20, 32 };
static struct key_set set;

static void create_set(void) {
    key_set_init(&set, ID_LEN, &hash_key);
}

static void free_set(void) {
    key_set_free(&set);
}

static void add(uint32_t number) {
    uint8_t key[ID_LEN];
    numbered_id(key, number);
    REQUIRE(key_set_add(&set, key));
}

static bool has(uint32_t number) {
    uint8_t key[ID_LEN];
    numbered_id(key, number);
    return key_set_contains(&set, key);
}

START_TEST(empty_set_has_nothing) {
    ck_assert(!has(1));
    ck_assert_uint_eq(set.count, 0);
}
END_TEST

START_TEST(key_that_is_added_again_is_there_once) {
    add(1);
    add(1);
    ck_assert(has(1));
    ck_assert(!has(2));
    ck_assert_uint_eq(set.count, 1);
}
END_TEST

START_TEST(key_of_zeros_is_like_any_other) {
    const uint8_t zeros[ID_LEN] = { 0 };
    ck_assert(!key_set_contains(&set, zeros));
    add(1);
    ck_assert(!key_set_contains(&set, zeros));
    ck_assert(key_set_add(&set, zeros));
    ck_assert(key_set_contains(&set, zeros));
}
END_TEST

START_TEST(freed_set_is_empty_and_may_be_filled_again) {
    for (uint32_t i = 0; i < 100; i++)
        add(i);
    key_set_free(&set);
    ck_assert(!has(1));
    add(1);
    ck_assert(has(1));
    ck_assert(!has(2));
}
END_TEST

/* Keys that differ in one place only, at the front or at the end. */
static void make_key(uint8_t key[static KEY_LEN_MAX], size_t len, uint32_t number) {
    memset(key, 0xaa, KEY_LEN_MAX);
    store_u16(number % 2 == 0 ? key : key + len - 2, (uint16_t)number);
}

START_TEST(set_agrees_with_its_model) {
    static bool model[KEYS];
    const size_t len = key_lengths[_i];
    struct random random = { .state = (uint64_t)_i };
    struct key_set tested;
    uint32_t count = 0;
    key_set_init(&tested, len, &hash_key);
    memset(model, 0, sizeof model);
    for (uint32_t step = 0; step < STEPS; step++) {
        uint8_t key[KEY_LEN_MAX];
        const uint32_t number = random_below(&random, KEYS);
        make_key(key, len, number);
        REQUIRE(key_set_contains(&tested, key) == model[number]);
        if (random_below(&random, 2) == 0)
            continue;
        REQUIRE(key_set_add(&tested, key));
        count += !model[number];
        model[number] = true;
        REQUIRE(tested.count == count);
    }
    key_set_free(&tested);
}
END_TEST

UNIT_SUITE(key_set) {
    Suite *suite = suite_create("key_set");
    TCase *keys = tcase_create("keys");
    tcase_add_checked_fixture(keys, create_set, free_set);
    tcase_add_test(keys, empty_set_has_nothing);
    tcase_add_test(keys, key_that_is_added_again_is_there_once);
    tcase_add_test(keys, key_of_zeros_is_like_any_other);
    tcase_add_test(keys, freed_set_is_empty_and_may_be_filled_again);
    tcase_add_loop_test(keys, set_agrees_with_its_model, 0, LOOPS_OF(key_lengths));
    suite_add_tcase(suite, keys);
    return suite;
}
