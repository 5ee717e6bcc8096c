#include "base/metrics_text.h"

#include <math.h>
#include <string.h>

#include "support.h"

enum { TEXT_MAX = 4096 };

static uint8_t text[TEXT_MAX];

/* Ends the text that `w` wrote to `text`. */
static const char *written(struct writer *w) {
    writer_put(w, "", 1);
    ck_assert(!w->failed);
    return (const char *)text;
}

START_TEST(family_has_help_type_and_value) {
    struct writer w = writer_on(text, TEXT_MAX);
    metrics_text_single(&w, "skep_things_total", METRIC_COUNTER, "Things.", 12345678901);
    ck_assert_str_eq(written(&w),
                     "# HELP skep_things_total Things.\n"
                     "# TYPE skep_things_total counter\n"
                     "skep_things_total 12345678901\n");
}
END_TEST

START_TEST(labels_stand_in_their_order) {
    struct writer w = writer_on(text, TEXT_MAX);
    metrics_text_value(&w, "skep_peers", METRIC_LABELS({ "family", "ipv4" }, { "role", "seeder" }),
                       3);
    metrics_text_value(&w, "skep_peers", METRIC_LABELS({ "family", "ipv6" }), 0.25);
    ck_assert_str_eq(written(&w),
                     "skep_peers{family=\"ipv4\",role=\"seeder\"} 3\n"
                     "skep_peers{family=\"ipv6\"} 0.25\n");
}
END_TEST

START_TEST(labels_values_are_escaped) {
    struct writer w = writer_on(text, TEXT_MAX);
    metrics_text_value(&w, "m", METRIC_LABELS({ "l", "a \"b\" c:\\d\ne" }), 1);
    ck_assert_str_eq(written(&w), "m{l=\"a \\\"b\\\" c:\\\\d\\ne\"} 1\n");
}
END_TEST

START_TEST(help_texts_are_escaped_but_for_their_quotes) {
    struct writer w = writer_on(text, TEXT_MAX);
    metrics_text_family(&w, "m", METRIC_GAUGE, "a \"b\" c:\\d\ne");
    ck_assert_str_eq(written(&w), "# HELP m a \"b\" c:\\\\d\\ne\n# TYPE m gauge\n");
}
END_TEST

START_TEST(numbers_without_end_have_names) {
    struct writer w = writer_on(text, TEXT_MAX);
    metrics_text_value(&w, "m", NULL, INFINITY);
    metrics_text_value(&w, "m", NULL, -INFINITY);
    metrics_text_value(&w, "m", NULL, NAN);
    ck_assert_str_eq(written(&w), "m +Inf\nm -Inf\nm NaN\n");
}
END_TEST

START_TEST(histograms_buckets_add_up) {
    const struct histogram_counts counts = {
        .counts = { [0] = 1, [2] = 3, [HISTOGRAM_BOUNDS] = 1 },
        .sum_ns = 12500000000,
    };
    struct writer w = writer_on(text, TEXT_MAX);
    metrics_text_family(&w, "took_seconds", METRIC_HISTOGRAM, "Time.");
    metrics_text_histogram(&w, "took_seconds", METRIC_LABELS({ "kind", "a" }), &counts);
    const char *all = written(&w);
    ck_assert_ptr_nonnull(strstr(all,
                                 "# TYPE took_seconds histogram\n"
                                 "took_seconds_bucket{kind=\"a\",le=\"5e-06\"} 1\n"
                                 "took_seconds_bucket{kind=\"a\",le=\"1e-05\"} 1\n"
                                 "took_seconds_bucket{kind=\"a\",le=\"2.5e-05\"} 4\n"));
    ck_assert_ptr_nonnull(strstr(all,
                                 "took_seconds_bucket{kind=\"a\",le=\"10\"} 4\n"
                                 "took_seconds_bucket{kind=\"a\",le=\"+Inf\"} 5\n"
                                 "took_seconds_sum{kind=\"a\"} 12.5\n"
                                 "took_seconds_count{kind=\"a\"} 5\n"));
}
END_TEST

START_TEST(histogram_without_labels_has_bounds_alone) {
    const struct histogram_counts counts = { 0 };
    struct writer w = writer_on(text, TEXT_MAX);
    metrics_text_histogram(&w, "m", NULL, &counts);
    const char *all = written(&w);
    ck_assert_ptr_nonnull(strstr(all, "m_bucket{le=\"0.0025\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(all, "m_sum 0\nm_count 0\n"));
}
END_TEST

START_TEST(what_does_not_fit_fails) {
    struct writer w = writer_on(text, 20);
    metrics_text_single(&w, "skep_things_total", METRIC_COUNTER, "Things.", 1);
    ck_assert(w.failed);
}
END_TEST

UNIT_SUITE(metrics) {
    Suite *suite = suite_create("metrics");
    TCase *lines = tcase_create("lines");
    tcase_add_test(lines, family_has_help_type_and_value);
    tcase_add_test(lines, labels_stand_in_their_order);
    tcase_add_test(lines, labels_values_are_escaped);
    tcase_add_test(lines, help_texts_are_escaped_but_for_their_quotes);
    tcase_add_test(lines, numbers_without_end_have_names);
    tcase_add_test(lines, histograms_buckets_add_up);
    tcase_add_test(lines, histogram_without_labels_has_bounds_alone);
    tcase_add_test(lines, what_does_not_fit_fails);
    suite_add_tcase(suite, lines);
    return suite;
}
