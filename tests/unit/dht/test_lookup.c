#include "dht/lookup.h"

#include <string.h>

#include "support.h"

#define START_MS 5000ULL

static struct lookup lookup;

/* The target is zero: a lower distance is closer. */
static struct node_contact contact_of(uint8_t distance) {
    struct node_contact contact = { .id = { distance }, .endpoint = endpoint_at("10.0.0.1", 6881) };
    contact.endpoint.wire[3] = distance;
    return contact;
}

static void start_lookup(void) {
    static const uint8_t target[NODE_ID_LEN];
    lookup_init(&lookup, 1, FAMILY_V4, target, START_MS);
}

static void add(uint8_t distance, uint8_t source) {
    const struct node_contact contact = contact_of(distance);
    lookup_add(&lookup, &contact, source);
}

/* Distance of the node that is asked next; 0: none. */
static uint8_t next_at(uint64_t after_ms) {
    const struct candidate *next = lookup_next(&lookup, START_MS + after_ms);
    return next == NULL ? 0 : next->contact.id[0];
}

static uint8_t reply(uint8_t distance) {
    const struct node_contact contact = contact_of(distance);
    return lookup_replied(&lookup, &contact);
}

static void time_out(uint8_t distance) {
    const struct node_contact contact = contact_of(distance);
    lookup_failed(&lookup, &contact.endpoint);
}

START_TEST(three_closest_are_asked_at_once) {
    start_lookup();
    for (uint8_t distance = 9; distance > 0; distance--)
        add(distance, 0);
    for (uint8_t distance = 1; distance <= LOOKUP_PARALLEL; distance++)
        ck_assert_uint_eq(next_at(0), distance);
    ck_assert_uint_eq(next_at(0), 0);
    reply(2);
    ck_assert_uint_eq(next_at(0), 4);
    ck_assert_uint_eq(next_at(0), 0);
}
END_TEST

START_TEST(slow_node_frees_its_place_and_may_still_reply) {
    start_lookup();
    for (uint8_t distance = 1; distance <= 5; distance++)
        add(distance, 0);
    for (int i = 0; i < LOOKUP_PARALLEL; i++)
        next_at(0);
    ck_assert_uint_eq(lookup_due_ms(&lookup), START_MS + LOOKUP_SLOW_MS);
    ck_assert_uint_eq(next_at(LOOKUP_SLOW_MS - 1), 0);
    ck_assert_uint_eq(next_at(LOOKUP_SLOW_MS), 4);
    reply(1);
    ck_assert_uint_eq(lookup.candidates[0].state, CANDIDATE_REPLIED);
}
END_TEST

START_TEST(id_that_the_address_may_not_have_brings_no_node_closer) {
    const struct node_contact advertised = { .id = { 9 },
                                             .endpoint = endpoint_at("203.0.113.9", 6881) };
    const struct node_contact from = { .endpoint = advertised.endpoint };
    ck_assert(!node_id_valid(from.id, &from.endpoint));
    start_lookup();
    lookup_add(&lookup, &advertised, 0);
    ck_assert_uint_eq(next_at(0), 9);
    lookup_replied(&lookup, &from);
    ck_assert_uint_eq(lookup.candidates[0].state, CANDIDATE_REPLIED);
    ck_assert_uint_eq(lookup.candidates[0].contact.id[0], 9);
}
END_TEST

START_TEST(lookup_is_over_when_the_eight_closest_have_replied) {
    start_lookup();
    for (uint8_t distance = 1; distance <= 20; distance++)
        add(distance, 0);
    for (uint8_t distance = 1; distance <= LOOKUP_CLOSEST; distance++) {
        ck_assert(!lookup_is_over(&lookup, START_MS));
        ck_assert_uint_eq(next_at(0), distance);
        reply(distance);
    }
    ck_assert(lookup_is_over(&lookup, START_MS));
    ck_assert_uint_eq(next_at(0), 0);
}
END_TEST

START_TEST(closer_node_that_a_reply_gives_is_asked_first) {
    start_lookup();
    add(20, 0);
    add(30, 0);
    ck_assert_uint_eq(next_at(0), 20);
    add(5, reply(20));
    ck_assert_uint_eq(next_at(0), 5);
    ck_assert_uint_eq(next_at(0), 30);
}
END_TEST

START_TEST(nodes_of_an_unproven_source_are_tried_one_at_a_time) {
    start_lookup();
    add(100, 0);
    next_at(0);
    const uint8_t source = reply(100);
    for (uint8_t distance = 1; distance <= 8; distance++)
        add(distance, source);
    ck_assert_uint_eq(next_at(0), 1);
    ck_assert_uint_eq(next_at(0), 0);
    reply(1);
    for (uint8_t distance = 2; distance <= 4; distance++)
        ck_assert_uint_eq(next_at(0), distance);
}
END_TEST

/* The honest ones are farther away. */
START_TEST(source_of_false_nodes_is_passed_over) {
    start_lookup();
    for (uint8_t distance = 100; distance < 108; distance++)
        add(distance, 0);
    ck_assert_uint_eq(next_at(0), 100);
    const uint8_t source = reply(100);
    for (uint8_t distance = 1; distance <= 8; distance++)
        add(distance, source);
    ck_assert_uint_eq(next_at(0), 1);
    time_out(1);
    ck_assert_uint_eq(next_at(0), 2);
    time_out(2);
    ck_assert_uint_eq(next_at(0), 101);
    add(3, reply(101));
    ck_assert_uint_eq(next_at(0), 3);
}
END_TEST

START_TEST(passed_over_nodes_are_asked_if_there_are_few_others) {
    start_lookup();
    add(100, 0);
    next_at(0);
    const uint8_t source = reply(100);
    for (uint8_t distance = 1; distance <= 4; distance++)
        add(distance, source);
    for (uint8_t distance = 1; distance <= 4; distance++) {
        ck_assert(!lookup_is_over(&lookup, START_MS));
        ck_assert_uint_eq(next_at(0), distance);
        time_out(distance);
    }
    ck_assert(lookup_is_over(&lookup, START_MS));
}
END_TEST

START_TEST(farthest_candidate_is_dropped) {
    start_lookup();
    for (uint8_t distance = 200; distance > 100; distance--)
        add(distance, 0);
    ck_assert_uint_eq(lookup.count, LOOKUP_CANDIDATES);
    for (uint8_t i = 0; i < LOOKUP_CANDIDATES; i++)
        ck_assert_uint_eq(lookup.candidates[i].contact.id[0], 101 + i);
    add(250, 0);
    ck_assert_uint_eq(lookup.count, LOOKUP_CANDIDATES);
    ck_assert_uint_eq(lookup.sources[0].candidates[CANDIDATE_NEW], LOOKUP_CANDIDATES);
}
END_TEST

START_TEST(node_without_id_is_asked_last_and_sorted_by_its_reply) {
    start_lookup();
    struct node_contact contact = contact_of(1);
    contact.endpoint.wire[3] = 99;
    lookup_add_unknown(&lookup, &contact.endpoint);
    add(200, 0);
    ck_assert_uint_eq(next_at(0), 200);
    ck_assert_uint_eq(next_at(0), 0xff);
    lookup_replied(&lookup, &contact);
    ck_assert_uint_eq(lookup.candidates[0].contact.id[0], 1);
    ck_assert_uint_eq(lookup.candidates[0].state, CANDIDATE_REPLIED);
}
END_TEST

START_TEST(lookup_ends_after_its_time) {
    start_lookup();
    add(1, 0);
    next_at(0);
    ck_assert(!lookup_is_over(&lookup, START_MS + LOOKUP_TIME_MAX_MS - 1));
    ck_assert(lookup_is_over(&lookup, START_MS + LOOKUP_TIME_MAX_MS));
}
END_TEST

UNIT_SUITE(lookup) {
    Suite *suite = suite_create("lookup");
    TCase *order = tcase_create("order");
    tcase_add_test(order, three_closest_are_asked_at_once);
    tcase_add_test(order, closer_node_that_a_reply_gives_is_asked_first);
    tcase_add_test(order, slow_node_frees_its_place_and_may_still_reply);
    tcase_add_test(order, node_without_id_is_asked_last_and_sorted_by_its_reply);
    tcase_add_test(order, farthest_candidate_is_dropped);
    tcase_add_test(order, id_that_the_address_may_not_have_brings_no_node_closer);
    suite_add_tcase(suite, order);

    TCase *sources = tcase_create("sources");
    tcase_add_test(sources, nodes_of_an_unproven_source_are_tried_one_at_a_time);
    tcase_add_test(sources, source_of_false_nodes_is_passed_over);
    tcase_add_test(sources, passed_over_nodes_are_asked_if_there_are_few_others);
    suite_add_tcase(suite, sources);

    TCase *end = tcase_create("end");
    tcase_add_test(end, lookup_is_over_when_the_eight_closest_have_replied);
    tcase_add_test(end, lookup_ends_after_its_time);
    suite_add_tcase(suite, end);
    return suite;
}
