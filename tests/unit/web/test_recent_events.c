#include "web/views/recent_events.h"

#include <stdio.h>
#include <string.h>

#include "support.h"

enum { PAGE = 200 };

static struct recent_events *events;
static struct recent_event list[PAGE];

static unsigned woken;

static void count_wake(void *context) {
    (void)context;
    woken++;
}

static void create(void) {
    events = recent_events_create(ADDRESS_FULL, 1);
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
    ck_assert_uint_eq(recent_events_read(events, 0, list, PAGE), 6);
    ck_assert_int_eq(list[0].change.kind, CHANGE_PEER_JOINED);
    ck_assert_int_eq(list[5].change.kind, CHANGE_PEER_MOVED);
    ck_assert_uint_eq(list[5].id, 6);
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
    ck_assert_uint_eq(recent_events_before(events, PAGE), 50);
    ck_assert_uint_eq(recent_events_read(events, 100000, list, PAGE), PAGE);
    ck_assert_uint_eq(list[PAGE - 1].id, PAGE + 50);
}
END_TEST

START_TEST(oldest_go_when_there_are_too_many) {
    add_events(CHANGE_PEER_JOINED, 3 * RECENT_EVENTS_KEPT);
    ck_assert_uint_eq(recent_events_read(events, 1, list, PAGE), PAGE);
    ck_assert_uint_eq(list[0].id, 2 * RECENT_EVENTS_KEPT + 1);
    ck_assert(list[0].after_gap);
    recent_events_read(events, 2 * RECENT_EVENTS_KEPT, list, PAGE);
    ck_assert(!list[0].after_gap);
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

static struct refused_client refused(const char *address, uint32_t count) {
    return (struct refused_client){
        .address = endpoint_at(address, 0),
        .result = ANNOUNCE_BANNED,
        .count = count,
        .detail = "too loud",
    };
}

static void refuse(const char *address, uint32_t count) {
    const struct refused_client client = refused(address, count);
    recent_events_add_refused(events, &client, 1);
}

START_TEST(refused_announces_of_an_address_are_one_event) {
    add_events(CHANGE_PEER_JOINED, 2);
    refuse("192.0.2.1", 5);
    refuse("192.0.2.1", 7);
    ck_assert_uint_eq(recent_events_read(events, 0, list, PAGE), 2);
    recent_events_tick(events, 12);
    add_events(CHANGE_PEER_LEFT, 1);
    ck_assert_uint_eq(recent_events_read(events, 0, list, PAGE), 4);
    ck_assert(list[2].refused && !list[3].refused);
    ck_assert_uint_eq(list[2].count, 12);
    ck_assert_uint_eq(list[2].id, 3);
    ck_assert_uint_eq(list[3].id, 4);
    ck_assert_str_eq(list[2].detail, "too loud");
    ck_assert_uint_eq(recent_events_refused(events), 12);
    /* Not a new event at once, but its count grows. */
    refuse("192.0.2.1", 1);
    recent_events_tick(events, 13);
    ck_assert_uint_eq(recent_events_read(events, 4, list, PAGE), 0);
    ck_assert_uint_eq(recent_events_read(events, 2, list, PAGE), 2);
    ck_assert_uint_eq(list[0].count, 13);
}
END_TEST

START_TEST(flood_of_refused_clients_leaves_the_other_events) {
    add_events(CHANGE_PEER_JOINED, 20);
    for (int i = 0; i < 3 * REFUSED_CLIENTS_KEPT; i++) {
        char address[ENDPOINT_TEXT_LEN];
        snprintf(address, sizeof address, "10.1.%d.%d", i / 200, i % 200);
        refuse(address, 1);
    }
    recent_events_tick(events, 3 * REFUSED_CLIENTS_KEPT);
    ck_assert_uint_eq(recent_events_read(events, 0, list, PAGE), 20 + REFUSED_EVENTS_PER_CALL);
    recent_events_tick(events, 3 * REFUSED_CLIENTS_KEPT);
    ck_assert_uint_eq(recent_events_read(events, 0, list, PAGE), 20 + 2 * REFUSED_EVENTS_PER_CALL);
    for (size_t i = 0; i < 20; i++)
        ck_assert(!list[i].refused);
    for (size_t i = 21; i < 20 + 2 * REFUSED_EVENTS_PER_CALL; i++)
        ck_assert(list[i].refused && list[i].id == list[i - 1].id + 1);
}
END_TEST

START_TEST(refused_clients_are_found_by_address) {
    static struct recent_event found[REFUSED_CLIENTS_KEPT];
    const struct endpoint address = endpoint_at("192.0.2.1", 6881);
    const struct endpoint other = endpoint_at("192.0.2.3", 0);
    refuse("192.0.2.1", 5);
    refuse("192.0.2.2", 5);
    ck_assert_uint_eq(recent_events_refused_clients(events, NULL, found, PAGE), 2);
    ck_assert_uint_eq(recent_events_refused_clients(events, NULL, found, 1), 1);
    ck_assert_uint_eq(recent_events_refused_clients(events, &address, found, PAGE), 1);
    ck_assert_uint_eq(found[0].count, 5);
    ck_assert_uint_eq(recent_events_refused_clients(events, &other, found, PAGE), 0);
}
END_TEST

START_TEST(reader_from_an_earlier_run_sees_that_events_are_missing) {
    const struct change change = { .kind = CHANGE_PEER_JOINED };
    struct recent_events *later = recent_events_create(ADDRESS_FULL, 5000);
    ck_assert_ptr_nonnull(later);
    ck_assert_uint_eq(recent_events_read(later, 0, list, PAGE), 0);
    ck_assert_uint_eq(recent_events_before(later, PAGE), 4999);
    ck_assert_uint_eq(recent_events_read(later, 12, list, PAGE), 0);
    recent_events_add(later, &change, 1);
    ck_assert_uint_eq(recent_events_read(later, 12, list, PAGE), 1);
    ck_assert_uint_eq(list[0].id, 5000);
    ck_assert(list[0].after_gap);
    ck_assert_uint_eq(recent_events_read(later, 4999, list, PAGE), 1);
    ck_assert(!list[0].after_gap);
    ck_assert_uint_eq(recent_events_read(later, 5000, list, PAGE), 0);
    recent_events_delete(later);
}
END_TEST

START_TEST(listeners_are_woken_while_they_are_listed) {
    struct recent_events_listener first = { .wake = count_wake };
    struct recent_events_listener second = { .wake = count_wake };
    recent_events_listen(events, &first);
    recent_events_listen(events, &second);
    woken = 0;
    add_events(CHANGE_PEER_JOINED, 1);
    ck_assert_uint_eq(woken, 2);
    recent_events_unlisten(events, &first);
    recent_events_wake(events);
    ck_assert_uint_eq(woken, 3);
    recent_events_unlisten(events, &second);
    add_events(CHANGE_PEER_JOINED, 1);
    ck_assert_uint_eq(woken, 3);
}
END_TEST

START_TEST(addresses_are_kept_with_the_precision_that_is_set) {
    const struct change change = { .kind = CHANGE_PEER_JOINED,
                                   .peer = endpoint_at("192.0.2.77", 6881) };
    struct recent_events *reduced = recent_events_create(ADDRESS_NETWORK, 1);
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
    tcase_add_test(tcase, refused_announces_of_an_address_are_one_event);
    tcase_add_test(tcase, flood_of_refused_clients_leaves_the_other_events);
    tcase_add_test(tcase, refused_clients_are_found_by_address);
    tcase_add_test(tcase, reader_gets_what_followed);
    tcase_add_test(tcase, reader_from_an_earlier_run_sees_that_events_are_missing);
    tcase_add_test(tcase, listeners_are_woken_while_they_are_listed);
    tcase_add_test(tcase, reader_without_a_valid_position_gets_the_newest);
    tcase_add_test(tcase, oldest_go_when_there_are_too_many);
    tcase_add_test(tcase, pages_follow_each_other_without_a_gap);
    suite_add_tcase(suite, tcase);
    return suite;
}
