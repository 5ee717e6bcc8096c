#include "base/radix_sort.h"

#include <stdlib.h>

#include "base/random.h"
#include "support.h"

enum { MANY = 2000 };

static struct radix_item items[MANY];
static struct radix_item spare[MANY];

/* Whether the items are sorted, equal keys by position. */
static bool is_sorted(size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (items[i - 1].key > items[i].key ||
            (items[i - 1].key == items[i].key && items[i - 1].position > items[i].position))
            return false;
    }
    return true;
}

static void fill(size_t count, unsigned shift, uint64_t values) {
    struct random random = { .state = 42 };
    for (size_t i = 0; i < count; i++)
        items[i] = (struct radix_item){ random_next(&random) % values << shift, (uint32_t)i };
}

static const struct {
    uint64_t values;
    unsigned shift;
} ranges[] = { { 2, 0 },          { 300, 0 }, { 70000, 0 },       { 200, 40 },
               { UINT64_MAX, 0 }, { 1, 0 },   { UINT32_MAX, 13 }, { 2, 63 } };

START_TEST(keys_of_every_size_are_sorted) {
    for (size_t count = 0; count <= MANY; count = 3 * count + 1) {
        fill(count, ranges[_i].shift, ranges[_i].values);
        radix_sort(items, spare, count);
        ck_assert(is_sorted(count));
    }
}
END_TEST

START_TEST(second_sort_keeps_the_order_of_the_first_among_equals) {
    fill(MANY, 0, UINT64_MAX);
    radix_sort(items, spare, MANY);
    for (size_t i = 0; i < MANY; i++)
        items[i] = (struct radix_item){ items[i].position % 3, (uint32_t)i };
    radix_sort(items, spare, MANY);
    ck_assert(is_sorted(MANY));
}
END_TEST

START_TEST(everything_is_still_there) {
    bool seen[MANY] = { false };
    fill(MANY, 8, 1000);
    radix_sort(items, spare, MANY);
    for (size_t i = 0; i < MANY; i++) {
        REQUIRE(!seen[items[i].position]);
        seen[items[i].position] = true;
    }
}
END_TEST

UNIT_SUITE(radix_sort) {
    Suite *suite = suite_create("radix_sort");
    TCase *tcase = tcase_create("radix_sort");
    tcase_add_loop_test(tcase, keys_of_every_size_are_sorted, 0, LOOPS_OF(ranges));
    tcase_add_test(tcase, second_sort_keeps_the_order_of_the_first_among_equals);
    tcase_add_test(tcase, everything_is_still_there);
    suite_add_tcase(suite, tcase);
    return suite;
}
