#include "dht/reply_limit.h"

#include "support.h"

enum { PER_S = 100, PER_ADDRESS_PER_S = 5, NOW_MS = 1000000 };

static struct reply_limit *create_limit(void) {
    const struct hash_key key = { .half = { 1, 2 } };
    struct reply_limit *limit = reply_limit_create(PER_S, PER_ADDRESS_PER_S, &key);
    ck_assert_ptr_nonnull(limit);
    return limit;
}

static uint32_t take_all(struct reply_limit *limit, const struct endpoint *address,
                         uint64_t now_ms) {
    uint32_t taken = 0;
    while (taken < 10000 && reply_limit_take(limit, address, now_ms))
        taken++;
    return taken;
}

START_TEST(address_has_a_burst_and_a_rate) {
    struct reply_limit *limit = create_limit();
    const struct endpoint address = numbered_endpoint(FAMILY_V4, 1);
    ck_assert_uint_eq(take_all(limit, &address, NOW_MS), 4 * PER_ADDRESS_PER_S);
    ck_assert_uint_eq(take_all(limit, &address, NOW_MS + 199), 0);
    ck_assert_uint_eq(take_all(limit, &address, NOW_MS + 200), 1);
    ck_assert_uint_eq(take_all(limit, &address, NOW_MS + 1200), PER_ADDRESS_PER_S);
    ck_assert_uint_eq(take_all(limit, &address, NOW_MS + 100000), 4 * PER_ADDRESS_PER_S);
    reply_limit_delete(limit);
}
END_TEST

START_TEST(other_port_is_the_same_address) {
    struct reply_limit *limit = create_limit();
    struct endpoint address = numbered_endpoint(FAMILY_V4, 1);
    take_all(limit, &address, NOW_MS);
    endpoint_set_port(&address, 1);
    ck_assert_uint_eq(take_all(limit, &address, NOW_MS), 0);
    reply_limit_delete(limit);
}
END_TEST

START_TEST(all_addresses_share_a_limit) {
    struct reply_limit *limit = create_limit();
    uint32_t taken = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        const struct endpoint address = numbered_endpoint(FAMILY_V4, i);
        taken += reply_limit_take(limit, &address, NOW_MS);
    }
    ck_assert_uint_eq(taken, 2 * PER_S);
    const struct endpoint address = numbered_endpoint(FAMILY_V4, 20000);
    ck_assert_uint_eq(take_all(limit, &address, NOW_MS + 30), 3);
    reply_limit_delete(limit);
}
END_TEST

UNIT_SUITE(reply_limit) {
    Suite *suite = suite_create("reply_limit");
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, address_has_a_burst_and_a_rate);
    tcase_add_test(limits, other_port_is_the_same_address);
    tcase_add_test(limits, all_addresses_share_a_limit);
    suite_add_tcase(suite, limits);
    return suite;
}
