#include "server/http_counters.h"

#include <string.h>

#include "support.h"

static struct http_counters counters;

static const struct {
    uint64_t took_ns;
    size_t bucket;
} times[] = {
    { 0, 0 },
    { 10000, 0 },
    { 10001, 1 },
    { 25000, 1 },
    { 1000000, 6 },
    { 1000000000, HTTP_LATENCY_BOUNDS - 1 },
    { 1000000001, HTTP_LATENCY_BOUNDS },
    { UINT64_MAX, HTTP_LATENCY_BOUNDS },
};

START_TEST(time_falls_below_the_first_bound_that_holds_it) {
    memset(&counters, 0, sizeof counters);
    http_counters_add(&counters, HTTP_KIND_API, times[_i].took_ns);
    for (size_t i = 0; i <= HTTP_LATENCY_BOUNDS; i++)
        ck_assert_uint_eq(counters.latency[HTTP_KIND_API].counts[i], i == times[_i].bucket);
    ck_assert_uint_eq(counters.latency[HTTP_KIND_API].sum_ns, times[_i].took_ns);
    ck_assert_uint_eq(counters.latency[HTTP_KIND_PAGE].sum_ns, 0);
}
END_TEST

START_TEST(bounds_ascend_from_10_us_to_1_s) {
    ck_assert_uint_eq(http_latency_bounds_us[0], 10);
    ck_assert_uint_eq(http_latency_bounds_us[HTTP_LATENCY_BOUNDS - 1], 1000000);
    for (size_t i = 1; i < HTTP_LATENCY_BOUNDS; i++)
        ck_assert_uint_lt(http_latency_bounds_us[i - 1], http_latency_bounds_us[i]);
}
END_TEST

START_TEST(each_kind_has_a_name_of_its_own) {
    for (int i = 0; i < HTTP_KINDS; i++) {
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(http_kind_name((enum http_kind)i), http_kind_name((enum http_kind)j));
    }
}
END_TEST

Suite *http_counters_suite(void) {
    Suite *suite = suite_create("http_counters");
    TCase *tests = tcase_create("http_counters");
    tcase_add_loop_test(tests, time_falls_below_the_first_bound_that_holds_it, 0, LOOPS_OF(times));
    tcase_add_test(tests, bounds_ascend_from_10_us_to_1_s);
    tcase_add_test(tests, each_kind_has_a_name_of_its_own);
    suite_add_tcase(suite, tests);
    return suite;
}
