#include "probe/probe_quota.h"

#include <stdio.h>

#include "support.h"

enum { INTERVAL_MS = 1000, MANY = 5000 };

static const struct probe_quota_limits QUOTA = {
    .peers_max = 2,
    .probes_max = 2,
    .interval_ms = INTERVAL_MS,
};

static struct probe_quota *quota;

static void begin(void) {
    quota = probe_quota_create(&(struct hash_key){ { 1, 2 } });
    ck_assert_ptr_nonnull(quota);
}

static void end(void) {
    probe_quota_delete(quota);
}

static bool enter(const char *address, struct probe_quota_share *share) {
    const struct endpoint peer = endpoint_at(address, 6881);
    return probe_quota_enter(quota, &peer, &QUOTA, share);
}

static uint32_t count_entries(void) {
    return queue_table_count(&quota->table, PROBE_QUOTA_USED) +
           queue_table_count(&quota->table, PROBE_QUOTA_UNUSED);
}

static bool spend(const struct probe_quota_share *share, uint64_t now_ms) {
    return probe_quota_spend(quota, share, &QUOTA, now_ms);
}

START_TEST(address_has_its_number_of_peers) {
    struct probe_quota_share first, second, third;
    ck_assert(enter("10.0.0.1", &first));
    ck_assert(enter("10.0.0.1", &second));
    ck_assert(!enter("10.0.0.1", &third));
    ck_assert(enter("10.0.0.2", &third));
    probe_quota_leave(quota, &first);
    ck_assert(enter("10.0.0.1", &first));
}
END_TEST

START_TEST(probes_are_counted_for_the_interval) {
    struct probe_quota_share share;
    ck_assert(enter("10.0.0.1", &share));
    ck_assert(spend(&share, 100));
    ck_assert(spend(&share, 100 + INTERVAL_MS - 1));
    ck_assert(!spend(&share, 100 + INTERVAL_MS - 1));
    ck_assert(spend(&share, 100 + INTERVAL_MS));
    ck_assert(spend(&share, 100 + INTERVAL_MS));
    ck_assert(!spend(&share, 100 + INTERVAL_MS));
}
END_TEST

START_TEST(probes_are_remembered_beyond_the_last_peer) {
    struct probe_quota_share share;
    ck_assert(enter("10.0.0.1", &share));
    ck_assert(spend(&share, 100) && spend(&share, 100));
    probe_quota_leave(quota, &share);
    probe_quota_expire(quota, &QUOTA, 100 + INTERVAL_MS - 1);
    ck_assert(enter("10.0.0.1", &share));
    ck_assert(!spend(&share, 100 + INTERVAL_MS - 1));
}
END_TEST

START_TEST(unused_entries_expire) {
    struct probe_quota_share share;
    ck_assert(enter("10.0.0.1", &share));
    ck_assert(enter("fd00::1", &share) && spend(&share, 100));
    ck_assert_uint_eq(count_entries(), 3);
    probe_quota_leave(quota, &share);
    ck_assert_uint_eq(count_entries(), 3);
    probe_quota_expire(quota, &QUOTA, 100 + INTERVAL_MS);
    ck_assert_uint_eq(count_entries(), 1);
}
END_TEST

START_TEST(entry_without_probes_goes_with_its_last_peer) {
    struct probe_quota_share share;
    ck_assert(enter("fd00::1", &share));
    probe_quota_leave(quota, &share);
    ck_assert_uint_eq(count_entries(), 0);
}
END_TEST

START_TEST(refused_v6_peer_leaves_no_trace) {
    struct probe_quota_share share;
    char text[ENDPOINT_TEXT_LEN];
    uint32_t entered = 0;
    for (uint32_t i = 1; i <= MANY; i++) {
        snprintf(text, sizeof text, "fd00::%x", i);
        entered += enter(text, &share);
    }
    ck_assert_uint_eq(entered, 2 * PROBE_QUOTA_PER_NETWORK);
    ck_assert_uint_eq(count_entries(), entered + 1);
}
END_TEST

START_TEST(v4_address_and_v6_network_of_equal_bytes_differ) {
    struct probe_quota_share v4, v6;
    ck_assert(enter("10.0.0.1", &v4));
    ck_assert(enter("a00:1::", &v6));
    ck_assert_uint_eq(count_entries(), 3);
}
END_TEST

UNIT_SUITE(probe_quota) {
    Suite *suite = suite_create("probe_quota");
    TCase *tests = tcase_create("limits");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, address_has_its_number_of_peers);
    tcase_add_test(tests, probes_are_counted_for_the_interval);
    tcase_add_test(tests, probes_are_remembered_beyond_the_last_peer);
    tcase_add_test(tests, unused_entries_expire);
    tcase_add_test(tests, entry_without_probes_goes_with_its_last_peer);
    tcase_add_test(tests, refused_v6_peer_leaves_no_trace);
    tcase_add_test(tests, v4_address_and_v6_network_of_equal_bytes_differ);
    suite_add_tcase(suite, tests);
    return suite;
}
