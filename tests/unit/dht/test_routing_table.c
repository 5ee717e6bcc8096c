#include "dht/routing_table.h"

#include <string.h>

#include "support.h"

enum { NOW_S = 1000, OWN_BITS = 12 };

static struct routing_table table;

static void empty_table(void) {
    static const uint8_t id[NODE_ID_LEN];
    routing_table_init(&table, FAMILY_V4, id);
}

/* A node in a private network whose id shares `bits` bits with ours, which is zero. */
static struct node_contact contact_of(uint32_t number, unsigned bits) {
    struct node_contact contact = { .endpoint = endpoint_at("10.0.0.0", 6881) };
    store_u32(contact.endpoint.wire, load_u32(contact.endpoint.wire) + number);
    contact.id[bits / 8] = (uint8_t)(0x80 >> bits % 8);
    store_u32(contact.id + NODE_ID_LEN - 4, number);
    return contact;
}

static void add(uint32_t number, unsigned bits, uint32_t now_s) {
    const struct node_contact contact = contact_of(number, bits);
    routing_table_replied(&table, &contact, now_s);
}

static const struct bucket *bucket_at(unsigned bits) {
    return &table.buckets[bits];
}

static void let_fail(uint32_t number, int times) {
    const struct node_contact contact = contact_of(number, OWN_BITS);
    for (int i = 0; i < times; i++)
        routing_table_failed(&table, &contact.endpoint);
}

static bool is_in(const struct table_node *nodes, size_t count, uint32_t number) {
    const struct node_contact contact = contact_of(number, OWN_BITS);
    for (size_t i = 0; i < count; i++) {
        if (endpoint_equal(&nodes[i].contact.endpoint, &contact.endpoint))
            return true;
    }
    return false;
}

static void fill_bucket(uint32_t now_s) {
    empty_table();
    for (uint32_t i = 0; i < BUCKET_LEN; i++)
        add(i, OWN_BITS, now_s);
}

START_TEST(nodes_are_kept_in_the_bucket_of_their_shared_bits) {
    empty_table();
    for (unsigned bits = 0; bits < 100; bits++)
        add(bits, bits, NOW_S);
    for (unsigned bits = 0; bits < TABLE_BUCKETS - 1; bits++)
        ck_assert_uint_eq(bucket_at(bits)->count, 1);
    ck_assert_uint_eq(bucket_at(TABLE_BUCKETS - 1)->count, BUCKET_LEN);
}
END_TEST

START_TEST(node_that_finds_its_bucket_full_is_a_replacement) {
    fill_bucket(NOW_S);
    add(100, OWN_BITS, NOW_S);
    const struct bucket *bucket = bucket_at(OWN_BITS);
    ck_assert_uint_eq(bucket->count, BUCKET_LEN);
    ck_assert(!is_in(bucket->nodes, BUCKET_LEN, 100));
    ck_assert(is_in(bucket->spares, bucket->spare_count, 100));
}
END_TEST

START_TEST(bad_node_is_replaced_by_the_latest_replacement) {
    fill_bucket(NOW_S);
    add(100, OWN_BITS, NOW_S);
    add(101, OWN_BITS, NOW_S);
    const struct bucket *bucket = bucket_at(OWN_BITS);
    let_fail(3, TABLE_FAILS_MAX - 1);
    ck_assert(is_in(bucket->nodes, BUCKET_LEN, 3));
    let_fail(3, 1);
    ck_assert(!is_in(bucket->nodes, BUCKET_LEN, 3));
    ck_assert(is_in(bucket->nodes, BUCKET_LEN, 101));
    ck_assert_uint_eq(bucket->spare_count, 1);
}
END_TEST

START_TEST(bad_node_without_replacement_stays_until_another_replies) {
    fill_bucket(NOW_S);
    const struct bucket *bucket = bucket_at(OWN_BITS);
    let_fail(3, TABLE_FAILS_MAX);
    ck_assert(is_in(bucket->nodes, BUCKET_LEN, 3));
    ck_assert_uint_eq(routing_table_good(&table, NOW_S), BUCKET_LEN - 1);
    add(100, OWN_BITS, NOW_S);
    ck_assert(is_in(bucket->nodes, BUCKET_LEN, 100));
    ck_assert(!is_in(bucket->nodes, BUCKET_LEN, 3));
}
END_TEST

START_TEST(replacements_keep_the_latest_ones) {
    fill_bucket(NOW_S);
    for (uint32_t i = 0; i < BUCKET_LEN + 2; i++)
        add(100 + i, OWN_BITS, NOW_S);
    const struct bucket *bucket = bucket_at(OWN_BITS);
    ck_assert_uint_eq(bucket->spare_count, BUCKET_LEN);
    ck_assert(!is_in(bucket->spares, BUCKET_LEN, 101));
    ck_assert(is_in(bucket->spares, BUCKET_LEN, 102));
}
END_TEST

START_TEST(reply_makes_a_failing_node_good_again) {
    fill_bucket(NOW_S);
    let_fail(3, TABLE_FAILS_MAX);
    add(3, OWN_BITS, NOW_S);
    ck_assert_uint_eq(routing_table_good(&table, NOW_S), BUCKET_LEN);
}
END_TEST

START_TEST(node_that_replies_with_an_id_it_may_not_have_becomes_bad) {
    struct node_contact contact = { .endpoint = endpoint_at("198.51.100.7", 6881) };
    struct random random = { .state = 1 };
    node_id_make(contact.id, &contact.endpoint, &random);
    empty_table();
    routing_table_replied(&table, &contact, NOW_S);
    ck_assert_uint_eq(routing_table_good(&table, NOW_S), 1);
    contact.id[0] ^= 0x80;
    for (int i = 0; i < TABLE_FAILS_MAX; i++)
        routing_table_replied(&table, &contact, NOW_S);
    ck_assert_uint_eq(routing_table_good(&table, NOW_S), 0);
}
END_TEST

START_TEST(quiet_node_is_questionable_until_it_sends_a_query) {
    empty_table();
    add(1, OWN_BITS, NOW_S);
    const struct node_contact contact = contact_of(1, OWN_BITS);
    const uint32_t later_s = NOW_S + TABLE_QUIET_S;
    ck_assert_uint_eq(routing_table_good(&table, later_s - 1), 1);
    ck_assert_uint_eq(routing_table_good(&table, later_s), 0);
    ck_assert(!routing_table_queried(&table, &contact, later_s));
    ck_assert_uint_eq(routing_table_good(&table, later_s), 1);
}
END_TEST

START_TEST(questionable_nodes_are_pinged_and_good_ones_not) {
    empty_table();
    add(1, OWN_BITS, NOW_S);
    add(2, OWN_BITS, NOW_S + 10);
    const uint32_t later_s = NOW_S + TABLE_QUIET_S;
    ck_assert_ptr_null(routing_table_to_ping(&table, later_s - 1));
    const struct table_node *next = routing_table_to_ping(&table, later_s);
    const struct node_contact contact = contact_of(1, OWN_BITS);
    ck_assert_ptr_nonnull(next);
    ck_assert(endpoint_equal(&next->contact.endpoint, &contact.endpoint));
    ck_assert_ptr_null(routing_table_to_ping(&table, later_s));
    ck_assert_ptr_nonnull(routing_table_to_ping(&table, later_s + 10));
}
END_TEST

START_TEST(bad_node_is_pinged_seldom) {
    empty_table();
    add(1, OWN_BITS, NOW_S);
    let_fail(1, TABLE_FAILS_MAX);
    ck_assert_ptr_nonnull(routing_table_to_ping(&table, NOW_S));
    ck_assert_ptr_null(routing_table_to_ping(&table, NOW_S + 599));
    ck_assert_ptr_nonnull(routing_table_to_ping(&table, NOW_S + 600));
}
END_TEST

START_TEST(public_address_has_one_node) {
    empty_table();
    struct random random = { .state = 1 };
    struct node_contact first = { .endpoint = endpoint_at("198.51.100.7", 1000) };
    struct node_contact second = { .endpoint = endpoint_at("198.51.100.7", 2000) };
    node_id_make(first.id, &first.endpoint, &random);
    node_id_make(second.id, &second.endpoint, &random);
    routing_table_replied(&table, &first, NOW_S);
    routing_table_replied(&table, &second, NOW_S);
    struct node_contact found[2];
    ck_assert_uint_eq(routing_table_closest(&table, first.id, NULL, found, 2), 1);
    ck_assert_mem_eq(found[0].id, first.id, NODE_ID_LEN);
    for (int i = 0; i < TABLE_FAILS_MAX; i++)
        routing_table_failed(&table, &first.endpoint);
    routing_table_replied(&table, &second, NOW_S);
    ck_assert_uint_eq(routing_table_closest(&table, first.id, NULL, found, 2), 1);
    ck_assert_mem_eq(found[0].id, second.id, NODE_ID_LEN);
}
END_TEST

START_TEST(endpoint_with_another_id_replaces_the_old_one) {
    empty_table();
    struct node_contact contact = contact_of(1, OWN_BITS);
    routing_table_replied(&table, &contact, NOW_S);
    contact.id[0] = 0x80;
    routing_table_replied(&table, &contact, NOW_S);
    ck_assert_uint_eq(bucket_at(OWN_BITS)->count, 0);
    ck_assert_uint_eq(bucket_at(0)->count, 1);
}
END_TEST

START_TEST(private_address_may_have_several_nodes) {
    empty_table();
    struct node_contact contact = contact_of(1, OWN_BITS);
    for (uint16_t port = 1; port <= BUCKET_LEN; port++) {
        endpoint_set_port(&contact.endpoint, port);
        contact.id[NODE_ID_LEN - 1] = (uint8_t)port;
        routing_table_replied(&table, &contact, NOW_S);
    }
    ck_assert_uint_eq(bucket_at(OWN_BITS)->count, BUCKET_LEN);
}
END_TEST

START_TEST(own_and_invalid_ids_are_not_added) {
    empty_table();
    struct node_contact contact = { .endpoint = endpoint_at("10.0.0.1", 6881) };
    routing_table_replied(&table, &contact, NOW_S);
    struct node_contact invalid = contact_of(1, OWN_BITS);
    struct random random = { .state = 1 };
    invalid.endpoint = endpoint_at("198.51.100.7", 6881);
    node_id_make(invalid.id, &invalid.endpoint, &random);
    invalid.id[1] ^= 1;
    routing_table_replied(&table, &invalid, NOW_S);
    ck_assert(!routing_table_queried(&table, &invalid, NOW_S));
    ck_assert_uint_eq(routing_table_good(&table, NOW_S), 0);
}
END_TEST

START_TEST(closest_nodes_are_the_closest_of_all) {
    struct node_contact all[200], found[BUCKET_LEN];
    struct random random = { .state = 5 };
    for (int round = 0; round < 200; round++) {
        uint8_t target[NODE_ID_LEN];
        size_t kept = 0;
        empty_table();
        for (uint32_t i = 0; i < COUNT_OF(all); i++)
            add(i, random_below(&random, 20), NOW_S);
        for (size_t number = 0; number < TABLE_BUCKETS; number++) {
            for (size_t i = 0; i < bucket_at((unsigned)number)->count; i++)
                all[kept++] = table.buckets[number].nodes[i].contact;
        }
        numbered_id(target, random_below(&random, 1U << 31));
        target[0] = (uint8_t)random_below(&random, 4);
        const size_t count = routing_table_closest(&table, target, NULL, found, BUCKET_LEN);
        REQUIRE(count == BUCKET_LEN);
        for (size_t i = 0; i < kept; i++) {
            size_t closer = 0;
            bool given = false;
            for (size_t k = 0; k < kept; k++)
                closer += node_id_compare(target, all[k].id, all[i].id) < 0;
            for (size_t k = 0; k < count; k++)
                given |= memcmp(found[k].id, all[i].id, NODE_ID_LEN) == 0;
            REQUIRE(given == (closer < BUCKET_LEN));
            REQUIRE(!given || memcmp(found[closer].id, all[i].id, NODE_ID_LEN) == 0);
        }
    }
}
END_TEST

START_TEST(node_that_fails_is_not_given_to_others) {
    empty_table();
    add(1, OWN_BITS, NOW_S);
    const struct node_contact contact = contact_of(1, OWN_BITS);
    const struct endpoint receiver = endpoint_at("10.0.0.9", 1);
    struct node_contact found[1];
    ck_assert_uint_eq(routing_table_closest(&table, contact.id, &receiver, found, 1), 1);
    ck_assert_uint_eq(routing_table_closest(&table, contact.id, &contact.endpoint, found, 1), 0);
    let_fail(1, 1);
    ck_assert_uint_eq(routing_table_closest(&table, contact.id, &receiver, found, 1), 0);
    ck_assert_uint_eq(routing_table_closest(&table, contact.id, NULL, found, 1), 1);
}
END_TEST

START_TEST(each_used_bucket_is_refreshed_once_in_15_minutes) {
    empty_table();
    add(1, OWN_BITS, NOW_S);
    for (unsigned bits = 0; bits <= OWN_BITS; bits++) {
        uint8_t id[NODE_ID_LEN];
        memset(id, 0xa5, sizeof id);
        ck_assert(routing_table_to_refresh(&table, id, NOW_S));
        ck_assert_uint_eq(node_id_shared_bits(id, table.id), bits);
        ck_assert_uint_eq(id[NODE_ID_LEN - 1], 0xa5);
    }
    uint8_t id[NODE_ID_LEN] = { 0 };
    ck_assert(!routing_table_to_refresh(&table, id, NOW_S));
    ck_assert(!routing_table_to_refresh(&table, id, NOW_S + TABLE_QUIET_S - 1));
    ck_assert(routing_table_to_refresh(&table, id, NOW_S + TABLE_QUIET_S));
}
END_TEST

START_TEST(nodes_move_to_other_buckets_with_another_id) {
    fill_bucket(NOW_S);
    const uint8_t id[NODE_ID_LEN] = { 0x80 };
    routing_table_set_id(&table, id);
    ck_assert_uint_eq(bucket_at(OWN_BITS)->count, 0);
    ck_assert_uint_eq(bucket_at(0)->count, BUCKET_LEN);
    ck_assert_uint_eq(routing_table_good(&table, NOW_S), BUCKET_LEN);
}
END_TEST

UNIT_SUITE(routing_table) {
    Suite *suite = suite_create("routing_table");
    TCase *buckets = tcase_create("buckets");
    tcase_add_test(buckets, nodes_are_kept_in_the_bucket_of_their_shared_bits);
    tcase_add_test(buckets, node_that_finds_its_bucket_full_is_a_replacement);
    tcase_add_test(buckets, bad_node_is_replaced_by_the_latest_replacement);
    tcase_add_test(buckets, bad_node_without_replacement_stays_until_another_replies);
    tcase_add_test(buckets, replacements_keep_the_latest_ones);
    tcase_add_test(buckets, reply_makes_a_failing_node_good_again);
    tcase_add_test(buckets, node_that_replies_with_an_id_it_may_not_have_becomes_bad);
    tcase_add_test(buckets, nodes_move_to_other_buckets_with_another_id);
    suite_add_tcase(suite, buckets);

    TCase *nodes = tcase_create("nodes");
    tcase_add_test(nodes, public_address_has_one_node);
    tcase_add_test(nodes, endpoint_with_another_id_replaces_the_old_one);
    tcase_add_test(nodes, private_address_may_have_several_nodes);
    tcase_add_test(nodes, own_and_invalid_ids_are_not_added);
    tcase_add_test(nodes, closest_nodes_are_the_closest_of_all);
    tcase_add_test(nodes, node_that_fails_is_not_given_to_others);
    suite_add_tcase(suite, nodes);

    TCase *upkeep = tcase_create("upkeep");
    tcase_add_test(upkeep, quiet_node_is_questionable_until_it_sends_a_query);
    tcase_add_test(upkeep, questionable_nodes_are_pinged_and_good_ones_not);
    tcase_add_test(upkeep, bad_node_is_pinged_seldom);
    tcase_add_test(upkeep, each_used_bucket_is_refreshed_once_in_15_minutes);
    suite_add_tcase(suite, upkeep);
    return suite;
}
