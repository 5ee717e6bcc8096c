#include "base/random.h"

#include <string.h>

#include "support.h"

START_TEST(numbers_stay_below_their_bound) {
    static const uint32_t bounds[] = { 1, 2, 3, 7, 256, 1000003, 0x80000000, UINT32_MAX };
    struct random random = { .state = 1 };
    for (size_t i = 0; i < COUNT_OF(bounds); i++) {
        for (int n = 0; n < 1000; n++)
            REQUIRE(random_below(&random, bounds[i]) < bounds[i]);
    }
}
END_TEST

START_TEST(bound_of_one_leaves_only_zero) {
    struct random random = { .state = 7 };
    for (int n = 0; n < 100; n++)
        ck_assert_uint_eq(random_below(&random, 1), 0);
}
END_TEST

static const uint32_t cell_counts[] = { 2, 3, 10, 37, 100, 256 };

START_TEST(numbers_below_a_bound_are_equally_likely) {
    uint32_t counts[256] = { 0 };
    const uint32_t cells = cell_counts[_i];
    struct random random = { .state = 42 };
    for (int n = 0; n < 200000; n++)
        counts[random_below(&random, cells)]++;
    ck_assert(looks_uniform(counts, cells));
}
END_TEST

START_TEST(bits_are_set_half_the_time) {
    uint32_t set[64] = { 0 };
    struct random random = { .state = 3 };
    for (int n = 0; n < 10000; n++) {
        const uint64_t bits = random_next(&random);
        for (int bit = 0; bit < 64; bit++)
            set[bit] += (uint32_t)(bits >> bit & 1);
    }
    for (int bit = 0; bit < 64; bit++) {
        ck_assert_uint_gt(set[bit], 4700);
        ck_assert_uint_lt(set[bit], 5300);
    }
}
END_TEST

START_TEST(same_seed_repeats_itself) {
    struct random a = { .state = 99 };
    struct random b = { .state = 99 };
    struct random other = { .state = 100 };
    bool differs = false;
    for (int n = 0; n < 100; n++) {
        const uint64_t number = random_next(&a);
        ck_assert_uint_eq(number, random_next(&b));
        differs = differs || number != random_next(&other);
    }
    ck_assert(differs);
}
END_TEST

START_TEST(secrets_are_not_the_same_twice) {
    uint8_t a[32] = { 0 };
    uint8_t b[32] = { 0 };
    ck_assert(random_secret(a, sizeof a));
    ck_assert(random_secret(b, sizeof b));
    ck_assert_mem_ne(a, b, sizeof a);
    ck_assert(random_secret(a, 0));
}
END_TEST

START_TEST(secret_stays_inside_its_buffer) {
    uint8_t space[2000];
    memset(space, '#', sizeof space);
    ck_assert(random_secret(space, sizeof space - 16));
    for (size_t i = sizeof space - 16; i < sizeof space; i++)
        ck_assert_uint_eq(space[i], '#');
}
END_TEST

UNIT_SUITE(random) {
    Suite *suite = suite_create("random");
    TCase *numbers = tcase_create("numbers");
    tcase_add_test(numbers, numbers_stay_below_their_bound);
    tcase_add_test(numbers, bound_of_one_leaves_only_zero);
    tcase_add_loop_test(numbers, numbers_below_a_bound_are_equally_likely, 0,
                        LOOPS_OF(cell_counts));
    tcase_add_test(numbers, bits_are_set_half_the_time);
    tcase_add_test(numbers, same_seed_repeats_itself);
    suite_add_tcase(suite, numbers);

    TCase *secrets = tcase_create("secrets");
    tcase_add_test(secrets, secrets_are_not_the_same_twice);
    tcase_add_test(secrets, secret_stays_inside_its_buffer);
    suite_add_tcase(suite, secrets);
    return suite;
}
