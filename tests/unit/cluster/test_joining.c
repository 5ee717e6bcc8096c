/* Why a node requests a snapshot. */
#include "cluster/joining.h"

#include "support.h"

enum { NOW_MS = 1000000, INTERVAL_S = 120 };

static uint64_t now_ms;

static enum joining_step tick(struct joining *joining, uint32_t passed_ms) {
    now_ms += passed_ms;
    return joining_tick(joining, true, now_ms, INTERVAL_S, now_ms);
}

/* The snapshot of a source has one chunk. */
static enum joining_chunk answer(struct joining *joining, bool whole) {
    const struct chunk_header chunk = { .request = joining->request, .whole = whole, .last = true };
    return joining_note_chunk(joining, &chunk, now_ms);
}

static struct joining start(void) {
    now_ms = NOW_MS;
    return joining_begin(now_ms);
}

/* A node that has received a snapshot of a whole node. */
static struct joining joined(void) {
    struct joining joining = start();
    ck_assert_int_eq(tick(&joining, 10), JOINING_REQUEST);
    ck_assert_int_eq(answer(&joining, true), CHUNK_FIRST_SNAPSHOT);
    ck_assert_int_eq(tick(&joining, 10), JOINING_SEND_LASTING);
    ck_assert_int_eq(tick(&joining, 10), JOINING_WAIT);
    return joining;
}

static void requests_for(struct joining *joining, uint32_t passed_ms, enum snapshot_reason reason) {
    ck_assert_int_eq(tick(joining, passed_ms), JOINING_REQUEST);
    ck_assert_int_eq(joining->requested_for, reason);
}

/* After a pause, since the last snapshot, which ended a moment ago, was not enough. */
static void requests_again(struct joining *joining, enum snapshot_reason reason) {
    ck_assert_int_eq(tick(joining, SNAPSHOT_PAUSE_MS / 2), JOINING_WAIT);
    requests_for(joining, SNAPSHOT_PAUSE_MS / 2, reason);
}

START_TEST(first_request_is_for_the_start) {
    struct joining joining = start();
    ck_assert_ptr_null(snapshot_reason_name(joining.requested_for));
    requests_for(&joining, 10, SNAPSHOT_STARTED);
    ck_assert_str_eq(snapshot_reason_name(joining.requested_for), "started");
    ck_assert_int_eq(answer(&joining, false), CHUNK_PARTIAL);
    requests_again(&joining, SNAPSHOT_STARTED);
}
END_TEST

START_TEST(empty_node_has_joined_once_it_is_served) {
    struct joining joining = start();
    joining.empty = true;
    requests_for(&joining, 10, SNAPSHOT_STARTED);
    ck_assert_int_eq(answer(&joining, false), CHUNK_PARTIAL);
    ck_assert(!joining.joined);
    ck_assert_int_eq(tick(&joining, 10), JOINING_GAVE_UP);
    ck_assert(joining.joined && !joining.whole);
    ck_assert_int_eq(tick(&joining, 10), JOINING_SEND_LASTING);
    requests_again(&joining, SNAPSHOT_STARTED);
    ck_assert_int_eq(answer(&joining, true), CHUNK_FIRST_SNAPSHOT);
    ck_assert(joining.whole);
}
END_TEST

START_TEST(missing_entries_are_the_reason) {
    struct joining joining = joined();
    joining_lost(&joining);
    requests_for(&joining, 10, SNAPSHOT_MISSING);
    ck_assert_int_eq(answer(&joining, true), CHUNK_LAST);
    ck_assert(joining.whole);
    ck_assert_int_eq(tick(&joining, 10), JOINING_WAIT);
    ck_assert_str_eq(snapshot_reason_name(joining.requested_for), "missing");
}
END_TEST

START_TEST(hole_during_a_snapshot_is_the_reason_of_the_next_one) {
    struct joining joining = start();
    requests_for(&joining, 10, SNAPSHOT_STARTED);
    joining_lost(&joining);
    ck_assert_int_eq(joining.requested_for, SNAPSHOT_STARTED);
    ck_assert_int_eq(answer(&joining, true), CHUNK_FIRST_SNAPSHOT);
    ck_assert_int_eq(tick(&joining, 10), JOINING_SEND_LASTING);
    requests_again(&joining, SNAPSHOT_MISSING);
}
END_TEST

START_TEST(full_table_is_the_reason_once_it_has_room) {
    struct joining joining = joined();
    joining_set_room(&joining, false);
    ck_assert_int_eq(tick(&joining, 10), JOINING_WAIT);
    joining_set_room(&joining, true);
    requests_for(&joining, 10, SNAPSHOT_NO_ROOM);
    ck_assert_str_eq(snapshot_reason_name(joining.requested_for), "no_room");
}
END_TEST

START_TEST(node_that_is_whole_by_time_says_so) {
    struct joining joining = start();
    requests_for(&joining, 10, SNAPSHOT_STARTED);
    ck_assert_int_eq(tick(&joining, SNAPSHOT_PATIENCE_MS), JOINING_GAVE_UP);
    ck_assert_int_eq(tick(&joining, 10), JOINING_SEND_LASTING);
    requests_for(&joining, 10, SNAPSHOT_STARTED);
    ck_assert_int_eq(tick(&joining, 1000 * INTERVAL_S), JOINING_WHOLE);
    requests_for(&joining, 10, SNAPSHOT_BY_TIME);
    ck_assert_str_eq(snapshot_reason_name(joining.requested_for), "by_time");
    requests_for(&joining, SNAPSHOT_PATIENCE_MS, SNAPSHOT_BY_TIME);
    ck_assert_int_eq(answer(&joining, true), CHUNK_FIRST_SNAPSHOT);
    joining_lost(&joining);
    requests_for(&joining, 10, SNAPSHOT_MISSING);
}
END_TEST

UNIT_SUITE(joining) {
    Suite *suite = suite_create("joining");
    TCase *tcase = tcase_create("reasons");
    tcase_add_test(tcase, first_request_is_for_the_start);
    tcase_add_test(tcase, empty_node_has_joined_once_it_is_served);
    tcase_add_test(tcase, missing_entries_are_the_reason);
    tcase_add_test(tcase, hole_during_a_snapshot_is_the_reason_of_the_next_one);
    tcase_add_test(tcase, full_table_is_the_reason_once_it_has_room);
    tcase_add_test(tcase, node_that_is_whole_by_time_says_so);
    suite_add_tcase(suite, tcase);
    return suite;
}
