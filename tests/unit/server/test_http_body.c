#include "server/http_body.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { ALLOWED = 100000, MORE = 200000, SHORT = HTTP_BODY_DISCARD_MAX };

static struct http_body body;
static struct http_body_budget budget;
static uint8_t sent[MORE];

static void set_up(void) {
    body = (struct http_body){ 0 };
    atomic_store(&budget.used, 0);
    atomic_store(&budget.max, MORE);
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7 + i / 256);
}

static void tear_down(void) {
    http_body_clear(&body);
    ck_assert_uint_eq(atomic_load(&budget.used), 0);
}

/* False if the body rejected a part. */
static bool send_all(size_t len, size_t piece) {
    for (size_t at = 0; at < len; at += piece) {
        if (!http_body_add(&body, sent + at, len - at < piece ? len - at : piece))
            return false;
    }
    return true;
}

static const size_t pieces[] = { 1, 1000, 4096, ALLOWED };

START_TEST(allowed_body_is_kept_whole) {
    ck_assert_int_eq(http_body_begin(&body, ALLOWED, ALLOWED, false, &budget), HTTP_BODY_READ);
    ck_assert(send_all(ALLOWED, pieces[_i]));
    ck_assert(!body.too_large);
    assert_bytes((struct bytes){ body.data, body.len }, (struct bytes){ sent, ALLOWED });
    ck_assert_uint_le(body.capacity, ALLOWED);
}
END_TEST

START_TEST(nothing_is_allocated_before_it_comes) {
    ck_assert_int_eq(http_body_begin(&body, ALLOWED, ALLOWED, false, &budget), HTTP_BODY_READ);
    ck_assert_ptr_null(body.data);
    ck_assert(http_body_add(&body, sent, 10));
    ck_assert_uint_lt(body.capacity, ALLOWED);
}
END_TEST

START_TEST(longer_body_is_read_and_thrown_away) {
    ck_assert_int_eq(http_body_begin(&body, MORE, ALLOWED, false, &budget), HTTP_BODY_READ);
    ck_assert(send_all(MORE, pieces[_i]));
    ck_assert(body.too_large);
    ck_assert_ptr_null(body.data);
}
END_TEST

START_TEST(chunked_body_is_kept_as_far_as_allowed) {
    ck_assert_int_eq(http_body_begin(&body, HTTP_BODY_LEN_UNKNOWN, ALLOWED, false, &budget),
                     HTTP_BODY_READ);
    ck_assert(send_all(ALLOWED, pieces[_i]));
    ck_assert(!body.too_large && body.len == ALLOWED);
    ck_assert(http_body_add(&body, sent, 1));
    ck_assert(body.too_large && body.len == 0);
    ck_assert_ptr_null(body.data);
}
END_TEST

START_TEST(long_body_is_rejected_at_once_for_expect_continue) {
    ck_assert_int_eq(http_body_begin(&body, MORE, ALLOWED, true, &budget), HTTP_BODY_REJECT);
    ck_assert(body.too_large);
    http_body_clear(&body);
    ck_assert_int_eq(http_body_begin(&body, ALLOWED, ALLOWED, true, &budget), HTTP_BODY_READ);
}
END_TEST

START_TEST(short_body_is_read_and_dropped_if_none_is_allowed) {
    ck_assert_int_eq(http_body_begin(&body, SHORT, 0, false, &budget), HTTP_BODY_READ);
    ck_assert(send_all(SHORT, 1000));
    ck_assert(body.too_large);
    ck_assert_ptr_null(body.data);
    ck_assert(!http_body_add(&body, sent, 1));
}
END_TEST

START_TEST(long_body_is_rejected_if_none_is_allowed) {
    ck_assert_int_eq(http_body_begin(&body, SHORT + 1, 0, false, &budget), HTTP_BODY_REJECT);
    http_body_clear(&body);
    ck_assert_int_eq(http_body_begin(&body, HTTP_BODY_LEN_UNKNOWN, 0, false, &budget),
                     HTTP_BODY_REJECT);
}
END_TEST

/* Other bodies use most of the budget. */
START_TEST(body_beyond_the_budget_is_read_and_thrown_away) {
    atomic_store(&budget.used, MORE - ALLOWED + 1);
    ck_assert_int_eq(http_body_begin(&body, ALLOWED, ALLOWED, false, &budget), HTTP_BODY_READ);
    ck_assert(send_all(ALLOWED, pieces[_i]));
    ck_assert(body.over_budget && !body.too_large);
    ck_assert_ptr_null(body.data);
    ck_assert_uint_eq(atomic_load(&budget.used), MORE - ALLOWED + 1);
    atomic_store(&budget.used, 0);
}
END_TEST

START_TEST(budget_is_used_for_as_long_as_the_body_is_there) {
    http_body_begin(&body, HTTP_BODY_LEN_UNKNOWN, ALLOWED, false, &budget);
    ck_assert(send_all(ALLOWED, pieces[_i]));
    ck_assert_uint_eq(atomic_load(&budget.used), ALLOWED);
    ck_assert(http_body_add(&body, sent, 1));
    ck_assert_uint_eq(atomic_load(&budget.used), 0);
}
END_TEST

UNIT_SUITE(http_body) {
    Suite *suite = suite_create("http_body");
    TCase *tests = tcase_create("http_body");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, allowed_body_is_kept_whole, 0, LOOPS_OF(pieces));
    tcase_add_test(tests, nothing_is_allocated_before_it_comes);
    tcase_add_loop_test(tests, longer_body_is_read_and_thrown_away, 0, LOOPS_OF(pieces));
    tcase_add_loop_test(tests, chunked_body_is_kept_as_far_as_allowed, 0, LOOPS_OF(pieces));
    tcase_add_test(tests, long_body_is_rejected_at_once_for_expect_continue);
    tcase_add_test(tests, short_body_is_read_and_dropped_if_none_is_allowed);
    tcase_add_test(tests, long_body_is_rejected_if_none_is_allowed);
    tcase_add_loop_test(tests, body_beyond_the_budget_is_read_and_thrown_away, 0, LOOPS_OF(pieces));
    tcase_add_loop_test(tests, budget_is_used_for_as_long_as_the_body_is_there, 0,
                        LOOPS_OF(pieces));
    suite_add_tcase(suite, tests);
    return suite;
}
