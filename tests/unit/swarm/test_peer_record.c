/* What a peer's record keeps of one announce and makes of two. */
#include "swarm/peer_record.h"

#include "support.h"

enum { NOW_S = 1000, TTL_S = 240, KIB = 1024 };

#define MIB (UINT64_C(1024) * KIB)
#define KIB_MAX ((UINT64_C(1) << 40) - 1)
#define RATE_MAX ((UINT64_C(1) << 24) - 1)

static struct announce_request request_of(uint64_t uploaded, uint64_t downloaded) {
    struct announce_request request = {
        .peer = numbered_endpoint(FAMILY_V4, 1),
        .uploaded = uploaded,
        .downloaded = downloaded,
        .left = 7,
        .key = 5,
    };
    numbered_id(request.peer_id, 1);
    return request;
}

static struct peer_record record_of(uint64_t uploaded, uint64_t downloaded, uint32_t now_s) {
    const struct announce_request request = request_of(uploaded, downloaded);
    return peer_record_announced(&request, &request.peer, now_s, TTL_S);
}

/* What the second announce leaves, `elapsed_s` after the first. */
static struct peer_record after(const struct peer_record *first, uint64_t uploaded,
                                uint64_t downloaded, uint32_t elapsed_s) {
    struct peer_record second = record_of(uploaded, downloaded, NOW_S + elapsed_s);
    peer_record_copy_history(&second, first, elapsed_s);
    return second;
}

static void assert_rates(const struct peer_record *record, uint64_t upload, uint64_t download) {
    ck_assert_uint_eq(record->upload_rate, upload);
    ck_assert_uint_eq(record->download_rate, download);
}

START_TEST(first_announce_has_totals_and_no_rate) {
    const struct peer_record record = record_of(3 * KIB + 1, 5 * KIB - 1, NOW_S);
    ck_assert_uint_eq(record.uploaded_kib, 3);
    ck_assert_uint_eq(record.downloaded_kib, 4);
    ck_assert_uint_eq(record.joined_s, NOW_S);
    ck_assert_uint_eq(record.ttl_s, TTL_S);
    ck_assert_uint_eq(record.left, 7);
    ck_assert_uint_eq(record.key, 5);
    assert_rates(&record, 0, 0);
}
END_TEST

START_TEST(rate_is_what_was_moved_by_the_time_it_took) {
    const struct peer_record first = record_of(MIB, 0, NOW_S);
    const struct peer_record second = after(&first, 3 * MIB, 600 * MIB, 60);
    assert_rates(&second, 2 * KIB / 60, 600 * KIB / 60);
    ck_assert_uint_eq(second.joined_s, NOW_S);
}
END_TEST

START_TEST(idle_peer_has_no_rate_any_more) {
    const struct peer_record first = record_of(0, 0, NOW_S);
    const struct peer_record second = after(&first, 60 * MIB, 60 * MIB, 60);
    const struct peer_record third = after(&second, 60 * MIB, 60 * MIB, 60);
    assert_rates(&second, KIB, KIB);
    assert_rates(&third, 0, 0);
}
END_TEST

START_TEST(total_that_went_back_has_no_rate) {
    const struct peer_record first = record_of(100 * MIB, 100 * MIB, NOW_S);
    const struct peer_record second = after(&first, 99 * MIB, 160 * MIB, 60);
    assert_rates(&second, 0, KIB);
    const struct peer_record third = after(&second, 159 * MIB, 0, 60);
    assert_rates(&third, KIB, 0);
}
END_TEST

START_TEST(another_client_has_no_rate_and_no_past) {
    const struct peer_record first = record_of(0, 0, NOW_S);
    struct peer_record other = record_of(60 * MIB, 60 * MIB, NOW_S + 60);
    numbered_id(other.peer_id, 2);
    peer_record_copy_history(&other, &first, 60);
    assert_rates(&other, 0, 0);
    ck_assert_uint_eq(other.joined_s, NOW_S + 60);
}
END_TEST

START_TEST(announces_of_the_same_second_keep_the_rate) {
    const struct peer_record first = record_of(0, 0, NOW_S);
    const struct peer_record second = after(&first, 60 * MIB, 120 * MIB, 60);
    const struct peer_record third = after(&second, 61 * MIB, 121 * MIB, 0);
    assert_rates(&third, KIB, 2 * KIB);
    ck_assert_uint_eq(third.uploaded_kib, 61 * KIB);
}
END_TEST

START_TEST(announces_soon_after_one_another_change_the_rate_by_little) {
    const struct peer_record first = record_of(0, 0, NOW_S);
    const struct peer_record second = after(&first, 60 * MIB, 120 * MIB, 60);
    const struct peer_record third = after(&second, 62 * MIB, 120 * MIB, 2);
    assert_rates(&third, KIB, 2 * KIB * 8 / 10);
    const struct peer_record fourth = after(&third, 72 * MIB, 120 * MIB, RATE_SPAN_S);
    assert_rates(&fourth, KIB, 0);
}
END_TEST

START_TEST(rate_is_rounded_to_the_nearest) {
    const struct peer_record first = record_of(0, 0, NOW_S);
    const struct peer_record second = after(&first, 89 * KIB, 90 * KIB, 60);
    assert_rates(&second, 1, 2);
}
END_TEST

START_TEST(what_is_too_large_stays_at_the_most) {
    const struct peer_record first = record_of(0, 0, NOW_S);
    const struct peer_record second = after(&first, UINT64_MAX, UINT64_C(1) << 38, 10);
    ck_assert_uint_eq(second.uploaded_kib, KIB_MAX);
    assert_rates(&second, RATE_MAX, RATE_MAX);
    const struct peer_record third = after(&second, KIB_MAX << 10, UINT64_C(1) << 38, 10);
    ck_assert_uint_eq(third.uploaded_kib, KIB_MAX);
    assert_rates(&third, 0, 0);
    const struct peer_record slower = after(&first, 0, 10 * RATE_MAX * KIB, 10);
    assert_rates(&slower, 0, RATE_MAX);
    const struct peer_record slowest = after(&first, 0, 10 * (RATE_MAX - 1) * KIB, 10);
    assert_rates(&slowest, 0, RATE_MAX - 1);
}
END_TEST

START_TEST(peer_owns_the_address_that_it_announces_from) {
    const struct announce_request request = request_of(0, 0);
    const struct endpoint elsewhere = numbered_endpoint(FAMILY_V4, 2);
    const struct endpoint v6 = numbered_endpoint(FAMILY_V6, 1);
    const struct peer_record own = peer_record_announced(&request, &request.peer, NOW_S, TTL_S);
    const struct peer_record claimed = peer_record_announced(&request, &elsewhere, NOW_S, TTL_S);
    const struct peer_record claimed_v6 = peer_record_announced(&request, &v6, NOW_S, TTL_S);
    ck_assert(peer_record_owns_address(&own));
    ck_assert(!peer_record_owns_address(&claimed));
    ck_assert(!peer_record_owns_address(&claimed_v6));
}
END_TEST

START_TEST(restored_peer_is_as_old_as_it_was_and_owns_nothing_yet) {
    struct change change = { .key = 9, .left = 3, .counted = true, .age_s = 5000 };
    numbered_id(change.peer_id, 1);
    const struct peer_record restored = peer_record_restored(&change, NOW_S, TTL_S);
    ck_assert(!peer_record_owns_address(&restored));
    ck_assert_uint_eq(NOW_S - restored.joined_s, 5000);
    ck_assert_uint_eq(restored.ttl_s, TTL_S);
    ck_assert_uint_eq(restored.left, 3);
    change.paused = true;
    ck_assert(peer_record_restored(&change, NOW_S, TTL_S).flags & PEER_PAUSED);
    change.left = 0;
    ck_assert(!(peer_record_restored(&change, NOW_S, TTL_S).flags & PEER_PAUSED));
    change.interval_s = 100;
    ck_assert_uint_eq(peer_record_restored(&change, NOW_S, TTL_S).ttl_s, 200);
    /* What it moved in its life is not what it moved since the restart. */
    const struct peer_record announced = after(&restored, 500 * MIB, 500 * MIB, 60);
    assert_rates(&announced, 0, 0);
    ck_assert(announced.flags & PEER_COMPLETED_COUNTED);
    ck_assert(peer_record_owns_address(&announced));
    ck_assert_uint_eq(announced.joined_s, restored.joined_s);
    const struct peer_record later = after(&announced, 560 * MIB, 500 * MIB, 60);
    assert_rates(&later, KIB, 0);
}
END_TEST

UNIT_SUITE(peer_record) {
    Suite *suite = suite_create("peer_record");
    TCase *record = tcase_create("record");
    tcase_add_test(record, first_announce_has_totals_and_no_rate);
    tcase_add_test(record, rate_is_what_was_moved_by_the_time_it_took);
    tcase_add_test(record, idle_peer_has_no_rate_any_more);
    tcase_add_test(record, total_that_went_back_has_no_rate);
    tcase_add_test(record, another_client_has_no_rate_and_no_past);
    tcase_add_test(record, announces_of_the_same_second_keep_the_rate);
    tcase_add_test(record, announces_soon_after_one_another_change_the_rate_by_little);
    tcase_add_test(record, rate_is_rounded_to_the_nearest);
    tcase_add_test(record, what_is_too_large_stays_at_the_most);
    tcase_add_test(record, peer_owns_the_address_that_it_announces_from);
    tcase_add_test(record, restored_peer_is_as_old_as_it_was_and_owns_nothing_yet);
    suite_add_tcase(suite, record);
    return suite;
}
