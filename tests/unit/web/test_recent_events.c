#include "web/views/recent_events.h"

#include <string.h>

#include "support.h"

enum { PAGE = 200 };

static struct recent_events *events;
static struct recent_event list[PAGE];

static void create(void) {
    events = recent_events_create(ADDRESS_FULL);
    ck_assert_ptr_nonnull(events);
}

static void delete (void) {
    recent_events_delete(events);
}

static void add_events(enum change_kind kind, size_t times) {
    const struct change change = { .kind = kind };
    for (size_t i = 0; i < times; i++)
        recent_events_add(events, &change, 1);
}

START_TEST(changes_of_peers_are_events_and_nothing_else_is) {
    static const struct change changes[] = {
        { .kind = CHANGE_PEER_JOINED },       { .kind = CHANGE_PEER_UPDATED },
        { .kind = CHANGE_PEER_COMPLETED },    { .kind = CHANGE_PEER_LEFT },
        { .kind = CHANGE_PEER_EXPIRED },      { .kind = CHANGE_PEER_MOVED },
        { .kind = CHANGE_PEER_CONFIRMED },    { .kind = CHANGE_TORRENT },
        { .kind = CHANGE_TORRENT_FORGOTTEN },
    };
    recent_events_add(events, changes, COUNT_OF(changes));
    ck_assert_uint_eq(recent_events_read(events, 0, list, PAGE), 5);
    ck_assert_int_eq(list[0].change.kind, CHANGE_PEER_JOINED);
    ck_assert_int_eq(list[4].change.kind, CHANGE_PEER_MOVED);
    ck_assert_uint_eq(list[4].id, 5);
    ck_assert_int_gt(list[0].at_ms, 0);
}
END_TEST

START_TEST(reader_gets_what_followed) {
    add_events(CHANGE_PEER_JOINED, 5);
    ck_assert_uint_eq(recent_events_read(events, 3, list, PAGE), 2);
    ck_assert_uint_eq(list[0].id, 4);
    ck_assert_uint_eq(recent_events_read(events, 5, list, PAGE), 0);
    add_events(CHANGE_PEER_LEFT, 1);
    ck_assert_uint_eq(recent_events_read(events, 5, list, PAGE), 1);
    ck_assert_int_eq(list[0].change.kind, CHANGE_PEER_LEFT);
}
END_TEST

START_TEST(reader_without_a_valid_position_gets_the_newest) {
    ck_assert_uint_eq(recent_events_read(events, 0, list, PAGE), 0);
    ck_assert_uint_eq(recent_events_read(events, 7, list, PAGE), 0);
    add_events(CHANGE_PEER_JOINED, PAGE + 50);
    ck_assert_uint_eq(recent_events_read(events, 0, list, PAGE), PAGE);
    ck_assert_uint_eq(list[PAGE - 1].id, PAGE + 50);
    ck_assert_uint_eq(recent_events_read(events, 100000, list, PAGE), PAGE);
    ck_assert_uint_eq(list[PAGE - 1].id, PAGE + 50);
}
END_TEST

START_TEST(oldest_go_when_there_are_too_many) {
    add_events(CHANGE_PEER_JOINED, 3 * RECENT_EVENTS_KEPT);
    ck_assert_uint_eq(recent_events_read(events, 1, list, PAGE), PAGE);
    ck_assert_uint_eq(list[0].id, 2 * RECENT_EVENTS_KEPT + 1);
}
END_TEST

START_TEST(pages_follow_each_other_without_a_gap) {
    add_events(CHANGE_PEER_JOINED, RECENT_EVENTS_KEPT);
    uint64_t after = 1;
    for (size_t seen = 1; seen < RECENT_EVENTS_KEPT;) {
        const size_t count = recent_events_read(events, after, list, PAGE);
        ck_assert_uint_gt(count, 0);
        ck_assert_uint_eq(list[0].id, after + 1);
        after = list[count - 1].id;
        seen += count;
    }
    ck_assert_uint_eq(after, RECENT_EVENTS_KEPT);
}
END_TEST

START_TEST(addresses_are_kept_with_the_precision_that_is_set) {
    const struct change change = { .kind = CHANGE_PEER_JOINED,
                                   .peer = endpoint_at("192.0.2.77", 6881) };
    struct recent_events *reduced = recent_events_create(ADDRESS_NETWORK);
    ck_assert_ptr_nonnull(reduced);
    recent_events_add(reduced, &change, 1);
    ck_assert_uint_eq(recent_events_read(reduced, 0, list, PAGE), 1);
    const struct endpoint network = endpoint_at("192.0.2.0", 0);
    ck_assert(endpoint_equal(&list[0].change.peer, &network));
    recent_events_delete(reduced);
}
END_TEST

UNIT_SUITE(recent_events) {
    Suite *suite = suite_create("recent_events");
    TCase *tcase = tcase_create("recent_events");
    tcase_add_checked_fixture(tcase, create, delete);
    tcase_add_test(tcase, changes_of_peers_are_events_and_nothing_else_is);
    tcase_add_test(tcase, addresses_are_kept_with_the_precision_that_is_set);
    tcase_add_test(tcase, reader_gets_what_followed);
    tcase_add_test(tcase, reader_without_a_valid_position_gets_the_newest);
    tcase_add_test(tcase, oldest_go_when_there_are_too_many);
    tcase_add_test(tcase, pages_follow_each_other_without_a_gap);
    suite_add_tcase(suite, tcase);
    return suite;
}
