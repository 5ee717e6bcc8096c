#include "server/http_counters.h"

#include <string.h>

#include "support.h"

static struct http_counters counters;

static struct histogram_counts latency_of(enum http_kind kind) {
    struct histogram_counts counts = { 0 };
    histogram_collect(&counters.kinds[kind].latency, &counts);
    return counts;
}

START_TEST(request_counts_for_its_kind_and_result) {
    memset(&counters, 0, sizeof counters);
    http_counters_add(&counters, (struct http_outcome){ HTTP_KIND_API, HTTP_RESULT_REFUSED }, 7000);
    http_counters_add(&counters, (struct http_outcome){ HTTP_KIND_API, HTTP_RESULT_OK }, 1000);
    const struct histogram_counts latency = latency_of(HTTP_KIND_API);
    ck_assert_uint_eq(counters.kinds[HTTP_KIND_API].results[HTTP_RESULT_REFUSED], 1);
    ck_assert_uint_eq(counters.kinds[HTTP_KIND_API].results[HTTP_RESULT_OK], 1);
    ck_assert_uint_eq(counters.kinds[HTTP_KIND_API].results[HTTP_RESULT_FAILED], 0);
    ck_assert_uint_eq(latency.counts[0] + latency.counts[1], 2);
    ck_assert_uint_eq(latency.sum_ns, 8000);
    ck_assert_uint_eq(latency_of(HTTP_KIND_PAGE).sum_ns, 0);
}
END_TEST

START_TEST(status_says_what_became_of_a_request) {
    static const struct {
        unsigned status;
        enum http_result result;
    } cases[] = {
        { 200, HTTP_RESULT_OK },        { 204, HTTP_RESULT_OK },
        { 304, HTTP_RESULT_OK },        { 400, HTTP_RESULT_MALFORMED },
        { 401, HTTP_RESULT_REFUSED },   { 403, HTTP_RESULT_REFUSED },
        { 404, HTTP_RESULT_NOT_FOUND }, { 405, HTTP_RESULT_MALFORMED },
        { 413, HTTP_RESULT_MALFORMED }, { 500, HTTP_RESULT_FAILED },
        { 503, HTTP_RESULT_FAILED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(http_result_of(cases[i].status), cases[i].result);
}
END_TEST

START_TEST(each_kind_has_a_name_of_its_own) {
    for (int i = 0; i < HTTP_KINDS; i++) {
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(http_kind_name((enum http_kind)i), http_kind_name((enum http_kind)j));
    }
}
END_TEST

START_TEST(each_result_has_a_name_of_its_own) {
    for (int i = 0; i < HTTP_RESULTS; i++) {
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(http_result_name((enum http_result)i),
                             http_result_name((enum http_result)j));
    }
}
END_TEST

UNIT_SUITE(http_counters) {
    Suite *suite = suite_create("http_counters");
    TCase *tests = tcase_create("http_counters");
    tcase_add_test(tests, request_counts_for_its_kind_and_result);
    tcase_add_test(tests, status_says_what_became_of_a_request);
    tcase_add_test(tests, each_kind_has_a_name_of_its_own);
    tcase_add_test(tests, each_result_has_a_name_of_its_own);
    suite_add_tcase(suite, tests);
    return suite;
}
