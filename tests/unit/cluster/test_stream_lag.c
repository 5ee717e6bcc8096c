/* How far a node is behind, also after entries were trimmed or the stream was replaced. */
#include "cluster/stream_lag.h"

#include "support.h"

static struct engine_stream stream_of(uint64_t ever_added, uint64_t length) {
    return (struct engine_stream){ .ever_added = ever_added, .length = length };
}

START_TEST(entries_that_were_not_read_are_behind) {
    struct stream_lag lag = { 0 };
    struct engine_stream stream = stream_of(1000, 300);
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, true), 0);
    stream = stream_of(1120, 420);
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 120);
    lag.read += 100;
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 20);
    lag.read += 20;
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 0);
}
END_TEST

START_TEST(trimmed_entries_are_not_behind) {
    struct stream_lag lag = { 0 };
    struct engine_stream stream = stream_of(1000, 300);
    (void)stream_lag_entries(&lag, &stream, true);
    stream = stream_of(5000, 70);
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 70);
    lag.read += 60;
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 10);
    stream = stream_of(5000, 0);
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 0);
}
END_TEST

START_TEST(end_of_the_stream_corrects_the_count) {
    struct stream_lag lag = { 0 };
    struct engine_stream stream = stream_of(1000, 300);
    (void)stream_lag_entries(&lag, &stream, true);
    stream = stream_of(5000, 400);
    lag.read += 100; /* of those that were left; the others were trimmed */
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, true), 0);
    stream = stream_of(5007, 407);
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 7);
}
END_TEST

START_TEST(stream_that_begins_again_is_behind_as_a_whole_at_most) {
    struct stream_lag lag = { .read = 1000000 };
    struct engine_stream stream = stream_of(500, 40);
    stream_lag_begin(&lag, &stream);
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 40);
    lag.read += 50; /* also those added since */
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 0);
    stream = stream_of(0, 0);
    stream_lag_begin(&lag, &stream);
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 0);
    stream = stream_of(3, 9); /* the engine contradicts itself */
    stream_lag_begin(&lag, &stream);
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 3);
}
END_TEST

START_TEST(replaced_stream_is_never_behind_by_more_than_it_has) {
    struct stream_lag lag = { .read = 1000000 };
    const struct engine_stream stream = stream_of(500, 40);
    ck_assert_uint_eq(stream_lag_entries(&lag, &stream, false), 0);
    ck_assert_uint_eq(lag.read, 500);
}
END_TEST

START_TEST(age_is_the_least_that_is_certain) {
    const struct stream_id begin = { 0 };
    const struct stream_id early = { .ms = 5000, .number = 1 };
    const struct stream_id late = { .ms = 7000 };
    ck_assert_uint_eq(stream_lag_ms(early, late, UINT64_MAX), 2000);
    ck_assert_uint_eq(stream_lag_ms(early, late, 9000), 2000);
    ck_assert_uint_eq(stream_lag_ms(early, late, 60), 60);
    ck_assert_uint_eq(stream_lag_ms(begin, late, UINT64_MAX), 0);
    ck_assert_uint_eq(stream_lag_ms(begin, late, 60), 60);
    ck_assert_uint_eq(stream_lag_ms(late, late, 60), 0);
    ck_assert_uint_eq(stream_lag_ms(late, early, 60), 0);
}
END_TEST

UNIT_SUITE(stream_lag) {
    Suite *suite = suite_create("stream_lag");
    TCase *tcase = tcase_create("stream_lag");
    tcase_add_test(tcase, entries_that_were_not_read_are_behind);
    tcase_add_test(tcase, trimmed_entries_are_not_behind);
    tcase_add_test(tcase, end_of_the_stream_corrects_the_count);
    tcase_add_test(tcase, stream_that_begins_again_is_behind_as_a_whole_at_most);
    tcase_add_test(tcase, replaced_stream_is_never_behind_by_more_than_it_has);
    tcase_add_test(tcase, age_is_the_least_that_is_certain);
    suite_add_tcase(suite, tcase);
    return suite;
}
