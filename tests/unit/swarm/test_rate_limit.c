#include "swarm/rate_limit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "support.h"

enum { NOW_MS = 1000000, CROWD = 200000, BURST = 20, THREADS = 4, TAKES = 20000 };

static const struct hash_key key = { .half = { 9, 10 } };
static struct rate_limit *rates;

static void create_rates(void) {
    rates = rate_limit_create(&key);
    ck_assert_ptr_nonnull(rates);
}

static void delete_rates(void) {
    rate_limit_delete(rates);
}

static bool take(const char *address, uint32_t per_s, uint32_t burst, uint64_t now_ms) {
    const struct endpoint endpoint = endpoint_at(address, 0);
    return rate_limit_take(rates, &endpoint, per_s, burst, now_ms);
}

/* How many of `tries` requests at one moment are allowed. */
static uint32_t allowed(const char *address, uint32_t tries, uint32_t per_s, uint64_t now_ms) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < tries; i++)
        count += take(address, per_s, BURST, now_ms);
    return count;
}

START_TEST(burst_is_allowed_and_no_more) {
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, NOW_MS), BURST);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, NOW_MS), 0);
}
END_TEST

START_TEST(bucket_fills_by_the_rate_and_not_beyond_the_burst) {
    allowed("192.0.2.1", BURST, 5, NOW_MS);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, NOW_MS + 199), 0);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, NOW_MS + 200), 1);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, NOW_MS + 1200), 5);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, NOW_MS + 60000), BURST);
}
END_TEST

START_TEST(refused_requests_cost_no_token) {
    uint32_t got = 0;
    allowed("192.0.2.1", BURST, 5, NOW_MS);
    for (uint32_t ms = 1; ms <= 10000; ms++)
        got += take("192.0.2.1", 5, BURST, NOW_MS + ms);
    ck_assert_uint_eq(got, 50);
}
END_TEST

START_TEST(each_address_has_a_bucket_of_its_own) {
    allowed("192.0.2.1", BURST, 5, NOW_MS);
    ck_assert_uint_eq(allowed("192.0.2.2", 100, 5, NOW_MS), BURST);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, NOW_MS), 0);
}
END_TEST

START_TEST(ipv6_addresses_share_the_bucket_of_their_64) {
    allowed("2001:db8:0:1::1", BURST, 5, NOW_MS);
    ck_assert_uint_eq(allowed("2001:db8:0:1:ffff::2", 100, 5, NOW_MS), 0);
    ck_assert_uint_eq(allowed("2001:db8:0:2::1", 100, 5, NOW_MS), BURST);
}
END_TEST

/* Requests of `count` /64s from `first` on that are allowed; each has a bucket of its own. */
static uint32_t allowed_of_64s(uint32_t first, uint32_t count, uint64_t now_ms) {
    uint32_t sum = 0;
    for (uint32_t i = first; i < first + count; i++) {
        char text[ENDPOINT_TEXT_LEN];
        snprintf(text, sizeof text, "2001:db8:7:%x::1", i);
        sum += allowed(text, BURST, 5, now_ms);
    }
    return sum;
}

START_TEST(larger_ipv6_networks_have_a_bucket_of_several_64s) {
    ck_assert_uint_eq(allowed_of_64s(0, 10, NOW_MS), 4 * BURST);
    ck_assert_uint_eq(allowed_of_64s(10, 10, NOW_MS + 1000), 4 * 5);
    for (uint32_t i = 1; i <= 3; i++)
        ck_assert_uint_eq(allowed_of_64s(0x100 * i, 10, NOW_MS + 1000), 4 * BURST);
    ck_assert_uint_eq(allowed_of_64s(0x400, 10, NOW_MS + 1000), 16 * BURST - 4 * 5 - 3 * 4 * BURST);
    ck_assert_uint_eq(allowed_of_64s(0x500, 10, NOW_MS + 1000), 0);
    ck_assert_uint_eq(allowed("2001:db8:8::1", 100, 5, NOW_MS + 1000), BURST);
    ck_assert_uint_eq(allowed_of_64s(0x600, 10, NOW_MS + 2000), 16 * 5);
}
END_TEST

START_TEST(largest_burst_fits_the_buckets_of_all_networks) {
    ck_assert(take("2001:db8::1", 1000000, 1000000, NOW_MS));
    ck_assert(take("2001:db8::1", 1000000, 1000000, NOW_MS + 1000000));
}
END_TEST

START_TEST(port_makes_no_difference) {
    allowed("192.0.2.1", BURST, 5, NOW_MS);
    const struct endpoint other_port = endpoint_at("192.0.2.1", 999);
    ck_assert(!rate_limit_take(rates, &other_port, 5, BURST, NOW_MS));
}
END_TEST

START_TEST(smaller_burst_holds_at_once) {
    take("192.0.2.1", 5, 1000000, NOW_MS);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, NOW_MS), BURST);
}
END_TEST

START_TEST(largest_rate_and_burst_do_not_overflow) {
    uint32_t got = 0;
    for (uint32_t i = 0; i < 1100000; i++)
        got += take("192.0.2.1", 1000000, 1000000, NOW_MS);
    ck_assert_uint_eq(got, 1000000);
    got = 0;
    for (uint32_t i = 0; i < 1100000; i++)
        got += take("192.0.2.1", 1000000, 1000000, NOW_MS + 40ULL * 24 * 3600 * 1000);
    ck_assert_uint_eq(got, 1000000);
}
END_TEST

/* Times are kept in 32 bits, which wrap round every 49 days. */
START_TEST(bucket_fills_on_where_its_clock_wraps_round) {
    const uint64_t wrap_ms = 1ULL << 32;
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, wrap_ms - 100), BURST);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, wrap_ms - 1), 0);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, wrap_ms + 100), 1);
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, wrap_ms + 1100), 5);
}
END_TEST

START_TEST(address_that_was_away_for_weeks_is_served) {
    static const uint32_t days[] = { 1, 24, 26, 49, 50, 99, 100, 365 };
    const uint64_t day_ms = 24ULL * 3600 * 1000;
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        delete_rates();
        create_rates();
        ck_assert_uint_eq(allowed("192.0.2.1", BURST, 5, NOW_MS), BURST);
        const uint64_t back_ms = NOW_MS + days[i] * day_ms;
        ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, back_ms), BURST);
        ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, back_ms + 1000), 5);
    }
}
END_TEST

/* Each thread has read the clock at another moment. */
START_TEST(clock_that_is_a_little_behind_fills_no_bucket) {
    allowed("192.0.2.1", BURST, 5, NOW_MS);
    for (uint32_t behind_ms = 1; behind_ms <= 1000; behind_ms++) {
        REQUIRE(!take("192.0.2.1", 5, BURST, NOW_MS - behind_ms));
        REQUIRE(!take("192.0.2.1", 5, BURST, NOW_MS));
    }
    ck_assert_uint_eq(allowed("192.0.2.1", 100, 5, NOW_MS + 200), 1);
}
END_TEST

static void crowd_comes(uint32_t first, uint32_t count, uint64_t now_ms) {
    for (uint32_t i = first; i < first + count; i++) {
        const struct endpoint endpoint = numbered_endpoint(FAMILY_V4, i);
        REQUIRE(rate_limit_take(rates, &endpoint, 1, 1, now_ms));
    }
}

START_TEST(newcomers_find_room_and_the_longest_unused_bucket_goes) {
    ck_assert(take("192.0.2.1", 1, 1, NOW_MS));
    ck_assert(!take("192.0.2.1", 1, 1, NOW_MS));
    crowd_comes(0, CROWD, NOW_MS + 1);
    ck_assert(take("192.0.2.1", 1, 1, NOW_MS + 2));
}
END_TEST

START_TEST(bucket_in_use_stays_however_many_newcomers_there_are) {
    ck_assert(take("192.0.2.1", 1, 1, NOW_MS));
    for (uint32_t i = 0; i < CROWD / 1000; i++) {
        crowd_comes(i * 1000, 1000, NOW_MS + i);
        REQUIRE(!take("192.0.2.1", 1, 1, NOW_MS + i + 1));
    }
}
END_TEST

/* A thread with an older clock must not take another's new bucket for the oldest one. */
START_TEST(clock_slightly_behind_removes_no_peer) {
    for (uint32_t i = 0; i < CROWD / 1000; i++) {
        ck_assert_int_eq(take("192.0.2.1", 1, 1, NOW_MS + i + 2), i == 0);
        crowd_comes(i * 1000, 1000, NOW_MS + i);
    }
}
END_TEST

static _Atomic uint32_t taken;

static void *take_a_lot(void *argument) {
    (void)argument;
    for (int i = 0; i < TAKES; i++)
        atomic_fetch_add(&taken, take("192.0.2.1", 1, 1000, NOW_MS));
    return NULL;
}

START_TEST(threads_share_one_bucket) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_a_lot, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(taken, 1000);
}
END_TEST

START_TEST(no_rates_are_deleted_without_harm) {
    rate_limit_delete(NULL);
}
END_TEST

UNIT_SUITE(request_rates) {
    Suite *suite = suite_create("request_rates");
    TCase *bucket = tcase_create("bucket");
    tcase_add_checked_fixture(bucket, create_rates, delete_rates);
    tcase_add_test(bucket, burst_is_allowed_and_no_more);
    tcase_add_test(bucket, bucket_fills_by_the_rate_and_not_beyond_the_burst);
    tcase_add_test(bucket, refused_requests_cost_no_token);
    tcase_add_test(bucket, each_address_has_a_bucket_of_its_own);
    tcase_add_test(bucket, ipv6_addresses_share_the_bucket_of_their_64);
    tcase_add_test(bucket, larger_ipv6_networks_have_a_bucket_of_several_64s);
    tcase_add_test(bucket, largest_burst_fits_the_buckets_of_all_networks);
    tcase_add_test(bucket, port_makes_no_difference);
    tcase_add_test(bucket, smaller_burst_holds_at_once);
    tcase_add_test(bucket, largest_rate_and_burst_do_not_overflow);
    tcase_add_test(bucket, no_rates_are_deleted_without_harm);
    suite_add_tcase(suite, bucket);

    TCase *clock = tcase_create("clock");
    tcase_add_checked_fixture(clock, create_rates, delete_rates);
    tcase_add_test(clock, bucket_fills_on_where_its_clock_wraps_round);
    tcase_add_test(clock, address_that_was_away_for_weeks_is_served);
    tcase_add_test(clock, clock_that_is_a_little_behind_fills_no_bucket);
    suite_add_tcase(suite, clock);

    TCase *table = tcase_create("table");
    tcase_add_checked_fixture(table, create_rates, delete_rates);
    tcase_add_test(table, newcomers_find_room_and_the_longest_unused_bucket_goes);
    tcase_add_test(table, bucket_in_use_stays_however_many_newcomers_there_are);
    tcase_add_test(table, clock_slightly_behind_removes_no_peer);
    tcase_add_test(table, threads_share_one_bucket);
    suite_add_tcase(suite, table);
    return suite;
}
