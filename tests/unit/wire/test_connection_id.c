#include "wire/connection_id.h"

#include "base/random.h"
#include "support.h"

enum { HOUR_S = 3600, NOW_S = 1000000 };

static const struct hash_key key = { .half = { 0x1234, 0x5678 } };
static const struct hash_key other_key = { .half = { 0x1234, 0x5679 } };

static uint64_t make_at(const char *address, uint64_t now_s) {
    const struct endpoint peer = endpoint_at(address, 6881);
    return connection_id_make(&key, &peer, 1000 * now_s);
}

static bool valid_at(const char *address, uint64_t now_s, uint32_t lifetime_s, uint64_t id) {
    const struct endpoint peer = endpoint_at(address, 6881);
    return connection_id_valid(&key, &peer, 1000 * now_s, lifetime_s, id);
}

static const char *const addresses[] = { "192.0.2.1", "2001:db8::1", "0.0.0.0", "::" };

START_TEST(fresh_id_is_valid) {
    const uint64_t id = make_at(addresses[_i], NOW_S);
    ck_assert(valid_at(addresses[_i], NOW_S, HOUR_S, id));
    ck_assert(valid_at(addresses[_i], NOW_S, 1, id));
}
END_TEST

static const uint32_t lifetimes[] = { 1, 31, 32, 33, 120, HOUR_S, CONNECTION_ID_LIFETIME_MAX_S };

START_TEST(id_is_valid_for_its_lifetime_from_any_window) {
    const uint32_t lifetime_s = lifetimes[_i];
    for (uint64_t made_s = NOW_S; made_s < NOW_S + 2 * CONNECTION_ID_WINDOW_S; made_s++) {
        const uint64_t id = make_at("192.0.2.1", made_s);
        ck_assert(valid_at("192.0.2.1", made_s + lifetime_s, lifetime_s, id));
        ck_assert(valid_at("192.0.2.1", made_s + lifetime_s / 2, lifetime_s, id));
        const uint64_t late_s = made_s + lifetime_s + 2 * CONNECTION_ID_WINDOW_S;
        ck_assert(!valid_at("192.0.2.1", late_s, lifetime_s, id));
        ck_assert(!valid_at("192.0.2.1", late_s + 10 * lifetime_s, lifetime_s, id));
    }
}
END_TEST

START_TEST(id_expires_at_most_one_window_later) {
    const uint32_t lifetime_s = 10 * CONNECTION_ID_WINDOW_S;
    for (uint64_t made_s = NOW_S; made_s < NOW_S + CONNECTION_ID_WINDOW_S; made_s++) {
        const uint64_t id = make_at("192.0.2.1", made_s);
        const uint64_t late_s = made_s + lifetime_s + CONNECTION_ID_WINDOW_S;
        ck_assert(!valid_at("192.0.2.1", late_s, lifetime_s, id));
    }
}
END_TEST

START_TEST(id_from_the_future_is_invalid) {
    const uint64_t id = make_at("192.0.2.1", NOW_S);
    ck_assert(!valid_at("192.0.2.1", NOW_S - CONNECTION_ID_WINDOW_S, HOUR_S, id));
    ck_assert(!valid_at("192.0.2.1", 0, HOUR_S, id));
}
END_TEST

START_TEST(id_never_comes_back_as_windows_wrap_round) {
    const uint64_t id = make_at("192.0.2.1", NOW_S);
    const uint64_t turn_s = 65536ULL * CONNECTION_ID_WINDOW_S;
    for (uint64_t turn = 1; turn < 10; turn++)
        ck_assert(!valid_at("192.0.2.1", NOW_S + turn * turn_s, HOUR_S, id));
}
END_TEST

START_TEST(ids_work_over_the_wrap_of_their_windows) {
    const uint64_t wrap_s = 65536ULL * CONNECTION_ID_WINDOW_S;
    const uint64_t id = make_at("192.0.2.1", wrap_s - 5);
    ck_assert(valid_at("192.0.2.1", wrap_s + 60, HOUR_S, id));
    ck_assert(!valid_at("192.0.2.1", wrap_s + HOUR_S + 100, HOUR_S, id));
}
END_TEST

START_TEST(ids_work_from_the_first_second_on) {
    const uint64_t id = make_at("192.0.2.1", 0);
    ck_assert(valid_at("192.0.2.1", 0, HOUR_S, id));
    ck_assert(valid_at("192.0.2.1", HOUR_S, HOUR_S, id));
    ck_assert(!valid_at("192.0.2.1", 0, HOUR_S, 0));
}
END_TEST

START_TEST(id_is_invalid_for_another_address) {
    const uint64_t id = make_at("192.0.2.1", NOW_S);
    ck_assert(!valid_at("192.0.2.2", NOW_S, HOUR_S, id));
    ck_assert(!valid_at("2001:db8::1", NOW_S, HOUR_S, id));
    const uint64_t v6_id = make_at("2001:db8::1", NOW_S);
    ck_assert(!valid_at("2001:db8::2", NOW_S, HOUR_S, v6_id));
}
END_TEST

START_TEST(port_may_change) {
    const struct endpoint before = endpoint_at("192.0.2.1", 1);
    const struct endpoint after = endpoint_at("192.0.2.1", 65535);
    const uint64_t id = connection_id_make(&key, &before, 1000ULL * NOW_S);
    ck_assert(connection_id_valid(&key, &after, 1000ULL * NOW_S, HOUR_S, id));
}
END_TEST

START_TEST(another_key_makes_another_id) {
    const struct endpoint peer = endpoint_at("192.0.2.1", 1);
    const uint64_t id = connection_id_make(&key, &peer, 1000ULL * NOW_S);
    ck_assert(!connection_id_valid(&other_key, &peer, 1000ULL * NOW_S, HOUR_S, id));
}
END_TEST

START_TEST(id_with_any_bit_turned_is_invalid) {
    const uint64_t id = make_at("192.0.2.1", NOW_S);
    for (int bit = 0; bit < 64; bit++)
        ck_assert(!valid_at("192.0.2.1", NOW_S, HOUR_S, id ^ 1ULL << bit));
}
END_TEST

START_TEST(forged_ids_are_invalid) {
    struct random random = { .state = 9 };
    const struct endpoint peer = endpoint_at("192.0.2.1", 1);
    for (int n = 0; n < 200000; n++) {
        /* Half of them name the present window. */
        uint64_t id = random_next(&random);
        if (n % 2 == 0)
            id = id >> 16 | (uint64_t)(NOW_S / CONNECTION_ID_WINDOW_S & 0xffff) << 48;
        REQUIRE(!connection_id_valid(&key, &peer, 1000ULL * NOW_S, HOUR_S, id));
    }
    ck_assert(!valid_at("192.0.2.1", NOW_S, HOUR_S, 0x41727101980));
    ck_assert(!valid_at("192.0.2.1", NOW_S, HOUR_S, UINT64_MAX));
}
END_TEST

START_TEST(ids_change_with_time_and_address) {
    const uint64_t id = make_at("192.0.2.1", NOW_S);
    ck_assert_uint_ne(id, make_at("192.0.2.1", NOW_S + CONNECTION_ID_WINDOW_S));
    ck_assert_uint_ne(id, make_at("192.0.2.2", NOW_S));
    ck_assert_uint_ne(id << 16, make_at("192.0.2.1", NOW_S + CONNECTION_ID_WINDOW_S) << 16);
}
END_TEST

UNIT_SUITE(connection_id) {
    Suite *suite = suite_create("connection_id");
    TCase *time = tcase_create("time");
    tcase_add_loop_test(time, fresh_id_is_valid, 0, LOOPS_OF(addresses));
    tcase_add_loop_test(time, id_is_valid_for_its_lifetime_from_any_window, 0, LOOPS_OF(lifetimes));
    tcase_add_test(time, id_expires_at_most_one_window_later);
    tcase_add_test(time, id_from_the_future_is_invalid);
    tcase_add_test(time, id_never_comes_back_as_windows_wrap_round);
    tcase_add_test(time, ids_work_over_the_wrap_of_their_windows);
    tcase_add_test(time, ids_work_from_the_first_second_on);
    suite_add_tcase(suite, time);

    TCase *forgery = tcase_create("forgery");
    tcase_add_test(forgery, id_is_invalid_for_another_address);
    tcase_add_test(forgery, port_may_change);
    tcase_add_test(forgery, another_key_makes_another_id);
    tcase_add_test(forgery, id_with_any_bit_turned_is_invalid);
    tcase_add_test(forgery, forged_ids_are_invalid);
    tcase_add_test(forgery, ids_change_with_time_and_address);
    suite_add_tcase(suite, forgery);
    return suite;
}
