#include "swarm/address_counts.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "support.h"

enum { ADDRESSES = 4000, STEPS = 100000, THREADS = 8, ROUNDS = 20000, SHARED = 50 };

static const struct hash_key key = { .half = { 7, 8 } };
static struct address_counts *counts;

static void create_counts(void) {
    counts = address_counts_create(&key);
    ck_assert_ptr_nonnull(counts);
}

static void delete_counts(void) {
    address_counts_delete(counts);
}

static uint32_t count_at(const char *address) {
    const struct endpoint endpoint = endpoint_at(address, 1);
    return address_counts_of(counts, &endpoint);
}

static void add_at(const char *address, uint16_t port) {
    const struct endpoint endpoint = endpoint_at(address, port);
    address_counts_add(counts, &endpoint);
}

START_TEST(peers_of_an_address_count_together_whatever_their_ports) {
    ck_assert_uint_eq(count_at("192.0.2.1"), 0);
    add_at("192.0.2.1", 1000);
    add_at("192.0.2.1", 1001);
    add_at("192.0.2.2", 1000);
    ck_assert_uint_eq(count_at("192.0.2.1"), 2);
    ck_assert_uint_eq(count_at("192.0.2.2"), 1);
    ck_assert_uint_eq(count_at("192.0.2.3"), 0);
}
END_TEST

START_TEST(ipv6_addresses_count_by_their_64) {
    add_at("2001:db8:0:1::1", 1);
    add_at("2001:db8:0:1:ffff:ffff:ffff:ffff", 2);
    add_at("2001:db8:0:2::1", 1);
    ck_assert_uint_eq(count_at("2001:db8:0:1:abcd::"), 2);
    ck_assert_uint_eq(count_at("2001:db8:0:2::"), 1);
    ck_assert_uint_eq(count_at("2001:db8::"), 0);
}
END_TEST

static struct endpoint in_64(uint32_t number) {
    char text[ENDPOINT_TEXT_LEN];
    snprintf(text, sizeof text, "2001:db8:7:%x::1", number);
    return endpoint_at(text, 1);
}

static bool reach(const char *address, uint32_t max) {
    const struct endpoint endpoint = endpoint_at(address, 1);
    return address_counts_reach(counts, &endpoint, max);
}

START_TEST(limit_holds_fourfold_for_a_56_and_sixteenfold_for_a_48) {
    enum { MAX = 2 };
    for (uint32_t i = 0; i < 4 * MAX; i++) {
        ck_assert(!reach("2001:db8:7:ff::", MAX));
        const struct endpoint peer = in_64(i);
        address_counts_add(counts, &peer);
    }
    ck_assert(reach("2001:db8:7:ff::", MAX));
    ck_assert(!reach("2001:db8:7:ff::", MAX + 1));
    ck_assert(!reach("2001:db8:7:100::", MAX));
    for (uint32_t i = 0x100; i < 0x100 + 12 * MAX; i++) {
        ck_assert(!reach("2001:db8:7:fffe::", MAX));
        const struct endpoint peer = in_64(0x10 * i);
        address_counts_add(counts, &peer);
    }
    ck_assert(reach("2001:db8:7:fffe::", MAX));
    ck_assert(!reach("2001:db8:8::", MAX));
    const struct endpoint leaver = in_64(0x1000);
    address_counts_remove(counts, &leaver);
    ck_assert(!reach("2001:db8:7:fffe::", MAX));
}
END_TEST

START_TEST(limit_of_ipv4_holds_for_single_addresses) {
    for (uint32_t i = 1; i < 100; i++) {
        char text[ENDPOINT_TEXT_LEN];
        snprintf(text, sizeof text, "192.0.2.%u", i);
        add_at(text, 1);
    }
    ck_assert(!reach("192.0.2.1", 2));
    add_at("192.0.2.1", 2);
    ck_assert(reach("192.0.2.1", 2));
}
END_TEST

static uint32_t network_at(const char *address) {
    const struct endpoint endpoint = endpoint_at(address, 1);
    return address_counts_of_network(counts, &endpoint);
}

START_TEST(networks_are_counted_as_24_and_48) {
    add_at("192.0.2.1", 1);
    add_at("192.0.2.255", 1);
    add_at("192.0.3.1", 1);
    add_at("2001:db8:7:1::1", 1);
    add_at("2001:db8:7:ffff::1", 1);
    add_at("2001:db8:8:1::1", 1);
    ck_assert_uint_eq(network_at("192.0.2.77"), 2);
    ck_assert_uint_eq(network_at("2001:db8:7:7::"), 2);
    ck_assert_uint_eq(network_at("192.0.4.1"), 0);
    ck_assert_uint_eq(network_at("2001:db8:9::"), 0);
}
END_TEST

static struct endpoint random_peer(struct random *random) {
    struct endpoint peer = { .family = random_below(random, 2) == 0 ? FAMILY_V4 : FAMILY_V6 };
    for (size_t i = 0; i < address_len(peer.family); i++)
        peer.wire[i] = (uint8_t)random_below(random, 256);
    peer.wire[0] |= 0x80;
    return peer;
}

START_TEST(large_network_stands_out_among_many_small_ones) {
    enum { CROWD = 300000, LARGE = 3000, ERROR = 25 };
    struct random random = { .state = 1 };
    for (uint32_t i = 0; i < CROWD; i++) {
        const struct endpoint peer = random_peer(&random);
        address_counts_add(counts, &peer);
    }
    for (uint32_t i = 0; i < LARGE; i++)
        add_at("192.0.2.1", 1);
    const uint32_t found = network_at("192.0.2.200");
    ck_assert_uint_ge(found, LARGE - ERROR);
    ck_assert_uint_le(found, LARGE + ERROR);
    uint32_t most = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        const struct endpoint peer = random_peer(&random);
        const uint32_t count = address_counts_of_network(counts, &peer);
        most = count > most ? count : most;
    }
    ck_assert_uint_le(most, ERROR);
    random.state = 1;
    for (uint32_t i = 0; i < CROWD; i++) {
        const struct endpoint peer = random_peer(&random);
        address_counts_remove(counts, &peer);
    }
    ck_assert_uint_eq(network_at("192.0.2.200"), LARGE);
    ck_assert_uint_eq(network_at("192.0.3.1"), 0);
}
END_TEST

START_TEST(families_with_the_same_bytes_are_counted_apart) {
    add_at("32.1.13.184", 1);
    ck_assert_uint_eq(count_at("2001:db8::"), 0);
}
END_TEST

START_TEST(removing_what_is_not_there_does_no_harm) {
    const struct endpoint nobody = endpoint_at("192.0.2.9", 1);
    address_counts_remove(counts, &nobody);
    add_at("192.0.2.9", 1);
    address_counts_remove(counts, &nobody);
    address_counts_remove(counts, &nobody);
    ck_assert_uint_eq(count_at("192.0.2.9"), 0);
    add_at("192.0.2.9", 1);
    ck_assert_uint_eq(count_at("192.0.2.9"), 1);
}
END_TEST

START_TEST(counting_ends_at_its_maximum) {
    const struct endpoint crowd = endpoint_at("192.0.2.1", 1);
    for (uint32_t i = 0; i < ADDRESS_COUNT_MAX + 100; i++)
        address_counts_add(counts, &crowd);
    ck_assert_uint_eq(address_counts_of(counts, &crowd), ADDRESS_COUNT_MAX);
    address_counts_remove(counts, &crowd);
    ck_assert_uint_eq(address_counts_of(counts, &crowd), ADDRESS_COUNT_MAX - 1);
    for (uint32_t i = 0; i < ADDRESS_COUNT_MAX + 100; i++)
        address_counts_remove(counts, &crowd);
    ck_assert_uint_eq(address_counts_of(counts, &crowd), 0);
}
END_TEST

/* By /64, so that a step of the number is a step of what is counted. */
static struct endpoint numbered(uint32_t number) {
    struct endpoint endpoint = numbered_endpoint(number % 2 == 0 ? FAMILY_V4 : FAMILY_V6, number);
    if (endpoint.family == FAMILY_V6)
        store_u32(endpoint.wire + 4, number);
    return endpoint;
}

START_TEST(counts_agree_with_their_model) {
    static uint32_t model[ADDRESSES];
    memset(model, 0, sizeof model);
    struct random random = { .state = (uint64_t)_i };
    /* The first half of the steps mostly fills, the second mostly empties. */
    for (uint32_t step = 0; step < STEPS; step++) {
        const uint32_t number = random_below(&random, ADDRESSES);
        const struct endpoint peer = numbered(number);
        REQUIRE(address_counts_of(counts, &peer) == model[number]);
        if (random_below(&random, 4) < (step < STEPS / 2 ? 3U : 1U)) {
            address_counts_add(counts, &peer);
            model[number]++;
        } else {
            address_counts_remove(counts, &peer);
            model[number] -= model[number] > 0;
        }
    }
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        const struct endpoint peer = numbered(i);
        REQUIRE(address_counts_of(counts, &peer) == model[i]);
    }
}
END_TEST

static void *add_and_remove(void *argument) {
    struct random random = { .state = (uint64_t)(uintptr_t)argument };
    uint32_t mine[SHARED] = { 0 };
    for (int i = 0; i < ROUNDS; i++) {
        const uint32_t number = random_below(&random, SHARED);
        const struct endpoint peer = numbered(number);
        if (random_below(&random, 2) == 0 && mine[number] > 0) {
            address_counts_remove(counts, &peer);
            mine[number]--;
        } else {
            address_counts_add(counts, &peer);
            mine[number]++;
        }
        REQUIRE(address_counts_of(counts, &peer) >= mine[number]);
    }
    for (uint32_t number = 0; number < SHARED; number++) {
        const struct endpoint peer = numbered(number);
        for (; mine[number] > 0; mine[number]--)
            address_counts_remove(counts, &peer);
    }
    return NULL;
}

START_TEST(many_threads_leave_nothing_behind) {
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_and_remove, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t number = 0; number < SHARED; number++) {
        const struct endpoint peer = numbered(number);
        REQUIRE(address_counts_of(counts, &peer) == 0);
    }
}
END_TEST

START_TEST(no_counts_are_deleted_without_harm) {
    address_counts_delete(NULL);
}
END_TEST

UNIT_SUITE(address_counts) {
    Suite *suite = suite_create("address_counts");
    TCase *counting = tcase_create("counting");
    tcase_add_checked_fixture(counting, create_counts, delete_counts);
    tcase_add_test(counting, peers_of_an_address_count_together_whatever_their_ports);
    tcase_add_test(counting, ipv6_addresses_count_by_their_64);
    tcase_add_test(counting, limit_holds_fourfold_for_a_56_and_sixteenfold_for_a_48);
    tcase_add_test(counting, limit_of_ipv4_holds_for_single_addresses);
    tcase_add_test(counting, networks_are_counted_as_24_and_48);
    tcase_add_test(counting, large_network_stands_out_among_many_small_ones);
    tcase_add_test(counting, families_with_the_same_bytes_are_counted_apart);
    tcase_add_test(counting, removing_what_is_not_there_does_no_harm);
    tcase_add_test(counting, counting_ends_at_its_maximum);
    tcase_add_loop_test(counting, counts_agree_with_their_model, 0, 3);
    tcase_add_test(counting, many_threads_leave_nothing_behind);
    tcase_add_test(counting, no_counts_are_deleted_without_harm);
    suite_add_tcase(suite, counting);
    return suite;
}
