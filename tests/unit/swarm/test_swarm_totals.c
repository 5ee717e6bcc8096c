#include "swarm/swarm_totals.h"

#include "tracker_support.h"

static struct tracker *tracker;
static struct swarm_totals *totals;

static void create(void) {
    const struct tracker_options options = test_options();
    tracker = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(tracker);
    totals = swarm_totals_create(tracker, START_MS);
    ck_assert_ptr_nonnull(totals);
}

static void delete (void) {
    swarm_totals_delete(totals);
    tracker_delete(tracker);
}

static void announce(uint32_t times) {
    const struct announce_request request = test_leecher(1);
    for (uint32_t i = 0; i < times; i++)
        test_put(tracker, &request, START_MS);
}

static void tick_from(uint32_t first_s, uint32_t last_s) {
    for (uint32_t s = first_s; s <= last_s; s++)
        swarm_totals_tick(totals, START_MS + 1000 * (uint64_t)s);
}

START_TEST(rate_is_that_of_the_last_ten_seconds) {
    announce(50);
    ck_assert_double_eq(swarm_totals_read(totals, START_MS).announces_per_s, 0);
    ck_assert_double_eq_tol(swarm_totals_read(totals, START_MS + 5000).announces_per_s, 10, 0.01);
    tick_from(1, 10);
    ck_assert_double_eq_tol(swarm_totals_read(totals, START_MS + 10000).announces_per_s, 5, 0.01);
    tick_from(11, 11);
    ck_assert_double_eq(swarm_totals_read(totals, START_MS + 11000).announces_per_s, 0);
    announce(20);
    ck_assert_double_eq_tol(swarm_totals_read(totals, START_MS + 11000).announces_per_s, 2, 0.01);
    ck_assert_uint_eq(swarm_totals_read(totals, START_MS + 11000).announces, 70);
}
END_TEST

START_TEST(totals_are_summed_up_over_all_torrents) {
    for (uint32_t i = 0; i < 30; i++) {
        struct announce_request request = i < 10 ? test_seeder(i) : test_leecher(i);
        numbered_id(request.info_hash, i % 7);
        test_put(tracker, &request, START_MS);
    }
    const struct totals sum = swarm_totals_read(totals, START_MS);
    ck_assert_uint_eq(sum.torrents_active, 7);
    ck_assert_uint_eq(sum.torrents_idle, 0);
    ck_assert_uint_eq(sum.seeders_v4 + sum.seeders_v6, 10);
    ck_assert_uint_eq(sum.leechers_v4 + sum.leechers_v6, 20);
}
END_TEST

START_TEST(clients_in_both_families_count_once_in_the_totals) {
    for (uint32_t i = 0; i < 6; i++) {
        struct announce_request request = i < 2 ? test_seeder(i) : test_leecher(i);
        test_put(tracker, &request, START_MS);
        request.peer = numbered_endpoint(FAMILY_V6, i);
        test_put(tracker, &request, START_MS);
    }
    const struct totals sum = swarm_totals_read(totals, START_MS);
    ck_assert_uint_eq(totals_seeders(&sum), 2);
    ck_assert_uint_eq(totals_leechers(&sum), 4);
    ck_assert_uint_eq(sum.seeders_v4 + sum.leechers_v4, 6);
    ck_assert_uint_eq(sum.seeders_v6 + sum.leechers_v6, 6);
}
END_TEST

START_TEST(totals_are_cached_for_a_second) {
    ck_assert_uint_eq(swarm_totals_read(totals, START_MS).torrents_active, 0);
    announce(1);
    ck_assert_uint_eq(swarm_totals_read(totals, START_MS + 999).torrents_active, 0);
    ck_assert_uint_eq(swarm_totals_read(totals, START_MS + 1000).torrents_active, 1);
}
END_TEST

UNIT_SUITE(swarm_totals) {
    Suite *suite = suite_create("swarm_totals");
    TCase *tcase = tcase_create("swarm_totals");
    tcase_add_checked_fixture(tcase, create, delete);
    tcase_add_test(tcase, rate_is_that_of_the_last_ten_seconds);
    tcase_add_test(tcase, totals_are_summed_up_over_all_torrents);
    tcase_add_test(tcase, clients_in_both_families_count_once_in_the_totals);
    tcase_add_test(tcase, totals_are_cached_for_a_second);
    suite_add_tcase(suite, tcase);
    return suite;
}
