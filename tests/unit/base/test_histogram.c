#include "base/histogram.h"

#include "support.h"

static struct histogram_counts counts_of(const struct histogram *histogram) {
    struct histogram_counts counts = { 0 };
    histogram_collect(histogram, &counts);
    return counts;
}

START_TEST(bounds_rise) {
    for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
        ck_assert_uint_gt(histogram_bounds_ns[i], histogram_bounds_ns[i - 1]);
}
END_TEST

START_TEST(duration_at_a_bound_belongs_to_it_and_one_above_to_the_next) {
    for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
        struct histogram histogram = { 0 };
        histogram_add(&histogram, histogram_bounds_ns[i], 1);
        histogram_add(&histogram, histogram_bounds_ns[i] + 1, 2);
        const struct histogram_counts counts = counts_of(&histogram);
        ck_assert_uint_eq(counts.counts[i], 1);
        ck_assert_uint_eq(counts.counts[i + 1], 2);
    }
}
END_TEST

START_TEST(things_are_counted_by_the_batch) {
    struct histogram histogram = { 0 };
    histogram_add(&histogram, 7000, 10);
    histogram_add(&histogram, 0, 1);
    const struct histogram_counts counts = counts_of(&histogram);
    ck_assert_uint_eq(counts.counts[0], 1);
    ck_assert_uint_eq(counts.counts[1], 10);
    ck_assert_uint_eq(counts.sum_ns, 70000);
}
END_TEST

START_TEST(several_are_summed_up) {
    struct histogram one = { 0 };
    struct histogram other = { 0 };
    histogram_add(&one, 1000, 1);
    histogram_add(&other, 2000, 1);
    histogram_add(&other, UINT64_C(3600000000000), 1);
    struct histogram_counts sum = { 0 };
    histogram_collect(&one, &sum);
    histogram_collect(&other, &sum);
    ck_assert_uint_eq(sum.counts[0], 2);
    ck_assert_uint_eq(sum.counts[HISTOGRAM_BOUNDS], 1);
    ck_assert_uint_eq(sum.sum_ns, UINT64_C(3600000003000));
}
END_TEST

UNIT_SUITE(histogram) {
    Suite *suite = suite_create("histogram");
    TCase *counts = tcase_create("counts");
    tcase_add_test(counts, bounds_rise);
    tcase_add_test(counts, duration_at_a_bound_belongs_to_it_and_one_above_to_the_next);
    tcase_add_test(counts, things_are_counted_by_the_batch);
    tcase_add_test(counts, several_are_summed_up);
    suite_add_tcase(suite, counts);
    return suite;
}
