#include "dht/node_id.h"

#include "base/bytes.h"
#include "support.h"

static void id_from_hex(uint8_t id[static NODE_ID_LEN], const char *hex) {
    ck_assert(hex_decode(bytes_of(hex), id, NODE_ID_LEN));
}

/* The examples of BEP 42. */
static const struct {
    const char *address;
    const char *id;
} examples[] = {
    { "124.31.75.21", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401" },
    { "21.75.31.124", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256" },
    { "65.23.51.170", "a5d43220bc8f112a3d426c84764f8c2a1150e616" },
    { "84.124.73.14", "1b0321dd1bb1fe518101ceef99462b947a01ff41" },
    { "43.213.53.83", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a" },
};

START_TEST(examples_of_bep_42_are_valid_for_their_address_only) {
    uint8_t id[NODE_ID_LEN];
    id_from_hex(id, examples[_i].id);
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        const struct endpoint address = endpoint_at(examples[i].address, 6881);
        ck_assert_int_eq(node_id_valid(id, &address), i == (size_t)_i);
    }
}
END_TEST

START_TEST(only_the_first_21_bits_and_the_last_three_are_bound) {
    const struct endpoint address = endpoint_at(examples[0].address, 6881);
    for (unsigned bit = 0; bit < NODE_ID_BITS; bit++) {
        uint8_t id[NODE_ID_LEN];
        id_from_hex(id, examples[0].id);
        id[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        const bool bound = bit < 21 || bit >= NODE_ID_BITS - 3;
        ck_assert_int_eq(node_id_valid(id, &address), !bound);
    }
}
END_TEST

static const char *const public_addresses[] = { "8.8.8.8", "172.32.0.1", "192.169.0.1",
                                                "2001:4860::1", "fec0::1" };

START_TEST(made_ids_are_valid_and_differ) {
    const struct endpoint address = endpoint_at(public_addresses[_i], 1);
    struct random random = { .state = 5 };
    uint8_t last[NODE_ID_LEN] = { 0 };
    ck_assert(!node_id_exempt(&address));
    for (int n = 0; n < 100; n++) {
        uint8_t id[NODE_ID_LEN];
        node_id_make(id, &address, &random);
        ck_assert(node_id_valid(id, &address));
        ck_assert_mem_ne(id, last, NODE_ID_LEN);
        memcpy(last, id, NODE_ID_LEN);
    }
}
END_TEST

START_TEST(id_of_ipv6_is_bound_to_the_upper_half_of_the_address) {
    struct random random = { .state = 5 };
    const struct endpoint address = endpoint_at("2001:4860:1:2::3", 1);
    const struct endpoint neighbour = endpoint_at("2001:4860:1:2::4", 1);
    const struct endpoint other = endpoint_at("2001:4860:1:3::3", 1);
    uint8_t id[NODE_ID_LEN];
    node_id_make(id, &address, &random);
    ck_assert(node_id_valid(id, &neighbour));
    ck_assert(!node_id_valid(id, &other));
}
END_TEST

static const char *const private_addresses[] = { "10.1.2.3",   "127.0.0.1",   "172.16.0.1",
                                                 "172.31.9.9", "192.168.1.1", "169.254.1.1",
                                                 "fd00::1",    "fe80::1",     "::1" };

START_TEST(private_addresses_may_have_any_id) {
    const struct endpoint address = endpoint_at(private_addresses[_i], 1);
    const uint8_t id[NODE_ID_LEN] = { 1 };
    ck_assert(node_id_exempt(&address));
    ck_assert(node_id_valid(id, &address));
}
END_TEST

START_TEST(shared_bits_count_from_the_first_bit) {
    const uint8_t zeros[NODE_ID_LEN] = { 0 };
    ck_assert_uint_eq(node_id_shared_bits(zeros, zeros), NODE_ID_BITS);
    for (unsigned bit = 0; bit < NODE_ID_BITS; bit++) {
        uint8_t id[NODE_ID_LEN] = { 0 };
        id[bit / 8] = (uint8_t)(0xff >> bit % 8);
        ck_assert_uint_eq(node_id_shared_bits(zeros, id), bit);
        ck_assert_uint_eq(node_id_shared_bits(id, zeros), bit);
    }
}
END_TEST

START_TEST(ids_are_compared_by_their_distance_to_the_target) {
    const uint8_t target[NODE_ID_LEN] = { 0x80 };
    const uint8_t near[NODE_ID_LEN] = { 0xc0 };
    const uint8_t far[NODE_ID_LEN] = { 0x00 };
    ck_assert_int_lt(node_id_compare(target, near, far), 0);
    ck_assert_int_gt(node_id_compare(target, far, near), 0);
    ck_assert_int_lt(node_id_compare(target, target, near), 0);
    ck_assert_int_eq(node_id_compare(target, near, near), 0);
}
END_TEST

UNIT_SUITE(node_id) {
    Suite *suite = suite_create("node_id");
    TCase *bound = tcase_create("bound");
    tcase_add_loop_test(bound, examples_of_bep_42_are_valid_for_their_address_only, 0,
                        LOOPS_OF(examples));
    tcase_add_test(bound, only_the_first_21_bits_and_the_last_three_are_bound);
    tcase_add_loop_test(bound, made_ids_are_valid_and_differ, 0, LOOPS_OF(public_addresses));
    tcase_add_test(bound, id_of_ipv6_is_bound_to_the_upper_half_of_the_address);
    tcase_add_loop_test(bound, private_addresses_may_have_any_id, 0, LOOPS_OF(private_addresses));
    suite_add_tcase(suite, bound);

    TCase *distance = tcase_create("distance");
    tcase_add_test(distance, shared_bits_count_from_the_first_bit);
    tcase_add_test(distance, ids_are_compared_by_their_distance_to_the_target);
    suite_add_tcase(suite, distance);
    return suite;
}
