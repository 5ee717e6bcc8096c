#include "store/packed_change.h"

#include "support.h"

enum { NOW_S = 1700000000 };

static struct change full_change(enum change_kind kind, uint8_t family) {
    struct change change = {
        .kind = kind,
        .peer = numbered_endpoint(family, 5),
        .key = 0xfedcba98,
        .left = LEFT_UNKNOWN,
        .interval_s = PACKED_INTERVAL_MAX_S,
        .age_s = 5000,
        .downloaded = UINT32_MAX,
        .passkey_tag = UINT64_MAX,
    };
    numbered_id(change.info_hash, 1);
    numbered_id(change.peer_id, 2);
    return change;
}

static struct change torrent_of(struct change change, enum change_kind kind) {
    change.kind = kind;
    change.peer = (struct endpoint){ .family = FAMILY_NONE };
    return change;
}

/* Writes a change and reads all of it again. Returns the number of read changes. */
static size_t read_back(const struct change *change, struct change *found, size_t max) {
    uint8_t packed[PACKED_CHANGE_MAX];
    struct bytes rest = { .data = packed, .len = packed_change_write(packed, change, NOW_S) };
    size_t count = 0;
    for (; rest.len > 0; count++) {
        ck_assert_uint_lt(count, max);
        ck_assert(packed_change_read(&rest, NOW_S, &found[count]));
    }
    return count;
}

static void assert_peer(const struct change *found, const struct change *expected) {
    ck_assert_int_eq(found->kind, CHANGE_PEER_JOINED);
    ck_assert_mem_eq(found->info_hash, expected->info_hash, INFO_HASH_LEN);
    ck_assert(endpoint_equal(&found->peer, &expected->peer));
    ck_assert_mem_eq(found->peer_id, expected->peer_id, PEER_ID_LEN);
    ck_assert_uint_eq(found->key, expected->key);
    ck_assert_uint_eq(found->left, expected->left);
    ck_assert_int_eq(found->paused, expected->paused);
    ck_assert_int_eq(found->counted, expected->counted);
    ck_assert_uint_eq(found->interval_s, expected->interval_s);
    ck_assert_uint_eq(found->age_s, expected->age_s);
    ck_assert_uint_eq(found->passkey_tag, expected->passkey_tag);
}

/* Each bit of the number decides about one field. */
START_TEST(peer_is_read_as_it_was_written) {
    struct change found[1];
    struct change change = full_change(_i & 1 ? CHANGE_PEER_JOINED : CHANGE_PEER_UPDATED,
                                       _i & 2 ? FAMILY_V6 : FAMILY_V4);
    change.left = _i & 4 ? 0 : LEFT_UNKNOWN;
    change.paused = _i & 8;
    change.counted = _i & 16;
    change.passkey_tag = _i & 32 ? 0 : UINT64_MAX;
    ck_assert_uint_eq(read_back(&change, found, 1), 1);
    assert_peer(found, &change);
}
END_TEST

START_TEST(completion_is_a_peer_and_a_torrent_with_peers) {
    struct change found[2];
    const struct change change = full_change(CHANGE_PEER_COMPLETED, FAMILY_V6);
    ck_assert_uint_eq(read_back(&change, found, 2), 2);
    assert_peer(found, &change);
    ck_assert_int_eq(found[1].kind, CHANGE_TORRENT);
    ck_assert_uint_eq(found[1].peer.family, FAMILY_NONE);
    ck_assert_mem_eq(found[1].info_hash, change.info_hash, INFO_HASH_LEN);
    ck_assert_uint_eq(found[1].downloaded, change.downloaded);
    ck_assert_uint_eq(found[1].age_s, 0);
}
END_TEST

static const enum change_kind goings[] = { CHANGE_PEER_LEFT, CHANGE_PEER_EXPIRED,
                                           CHANGE_PEER_MOVED };

START_TEST(peer_that_goes_is_read_as_left) {
    struct change found[1];
    const struct change change = full_change(goings[_i], FAMILY_V4);
    ck_assert_uint_eq(read_back(&change, found, 1), 1);
    ck_assert_int_eq(found->kind, CHANGE_PEER_LEFT);
    ck_assert(endpoint_equal(&found->peer, &change.peer));
    ck_assert_mem_eq(found->info_hash, change.info_hash, INFO_HASH_LEN);
}
END_TEST

static const enum change_kind torrent_kinds[] = { CHANGE_TORRENT, CHANGE_TORRENT_FORGOTTEN,
                                                  CHANGE_TORRENT_LOST };

START_TEST(torrent_is_read_as_it_was_written) {
    struct change found[1];
    const struct change change =
        torrent_of(full_change(CHANGE_TORRENT, FAMILY_V4), torrent_kinds[_i]);
    ck_assert_uint_eq(read_back(&change, found, 1), 1);
    ck_assert_int_eq(found->kind, change.kind);
    ck_assert_mem_eq(found->info_hash, change.info_hash, INFO_HASH_LEN);
    ck_assert_uint_eq(found->peer.family, FAMILY_NONE);
    if (change.kind == CHANGE_TORRENT) {
        ck_assert_uint_eq(found->downloaded, change.downloaded);
        ck_assert_uint_eq(found->age_s, change.age_s);
    }
}
END_TEST

START_TEST(what_a_restart_does_not_need_is_not_written) {
    static const enum change_kind kinds[] = { CHANGE_PEER_CONFIRMED, CHANGE_PEER_REFRESHED,
                                              CHANGE_PEER_ABSENT };
    uint8_t packed[PACKED_CHANGE_MAX];
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct change change = full_change(kinds[i], FAMILY_V4);
        ck_assert_uint_eq(packed_change_write(packed, &change, NOW_S), 0);
    }
    struct change torrent = torrent_of(full_change(CHANGE_TORRENT, FAMILY_V4), CHANGE_TORRENT);
    torrent.downloaded = 0;
    ck_assert_uint_eq(packed_change_write(packed, &torrent, NOW_S), 0);
}
END_TEST

START_TEST(too_long_interval_is_cut) {
    struct change found[1];
    struct change change = full_change(CHANGE_PEER_JOINED, FAMILY_V4);
    change.interval_s = UINT32_MAX;
    ck_assert_uint_eq(read_back(&change, found, 1), 1);
    ck_assert_uint_eq(found->interval_s, PACKED_INTERVAL_MAX_S);
}
END_TEST

START_TEST(age_grows_with_the_time_and_is_0_if_unknown) {
    uint8_t packed[PACKED_CHANGE_MAX];
    struct change found;
    const struct change change = full_change(CHANGE_PEER_JOINED, FAMILY_V4);
    const size_t len = packed_change_write(packed, &change, NOW_S);
    struct bytes rest = { .data = packed, .len = len };
    ck_assert(packed_change_read(&rest, NOW_S + 100, &found));
    ck_assert_uint_eq(found.age_s, change.age_s + 100);
    rest = (struct bytes){ .data = packed, .len = len };
    ck_assert(packed_change_read(&rest, NOW_S - change.age_s - 1, &found));
    ck_assert_uint_eq(found.age_s, 0);
    const int64_t beyond[] = { 0, change.age_s, INT64_C(1) << 40 };
    for (size_t i = 0; i < COUNT_OF(beyond); i++) {
        rest = (struct bytes){ .data = packed,
                               .len = packed_change_write(packed, &change, beyond[i]) };
        ck_assert(packed_change_read(&rest, NOW_S, &found));
        ck_assert_uint_eq(found.age_s, 0);
    }
}
END_TEST

START_TEST(change_that_is_cut_off_is_invalid) {
    static const enum change_kind kinds[] = { CHANGE_PEER_JOINED, CHANGE_PEER_LEFT, CHANGE_TORRENT,
                                              CHANGE_TORRENT_LOST };
    uint8_t packed[PACKED_CHANGE_MAX];
    struct change found;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct change change = full_change(kinds[i], FAMILY_V4);
        const size_t len = packed_change_write(packed, &change, NOW_S);
        for (size_t cut = 0; cut < len; cut++) {
            struct bytes rest = { .data = packed, .len = cut };
            ck_assert(!packed_change_read(&rest, NOW_S, &found));
        }
    }
}
END_TEST

enum { KIND_AT = 0, PORT_AT = 25, INTERVAL_AT = 51 };

static const struct {
    size_t at;
    uint8_t bytes[2];
    size_t len;
} mistakes[] = { { KIND_AT, { 0 }, 1 },
                 { KIND_AT, { 6 }, 1 },
                 { PORT_AT, { 0, 0 }, 2 },
                 { INTERVAL_AT, { 0x80, 0 }, 2 } };

START_TEST(invalid_value_is_refused) {
    uint8_t packed[PACKED_CHANGE_MAX];
    struct change found;
    const struct change change = full_change(CHANGE_PEER_JOINED, FAMILY_V4);
    struct bytes rest = { .data = packed, .len = packed_change_write(packed, &change, NOW_S) };
    memcpy(packed + mistakes[_i].at, mistakes[_i].bytes, mistakes[_i].len);
    ck_assert(!packed_change_read(&rest, NOW_S, &found));
}
END_TEST

UNIT_SUITE(packed_change) {
    Suite *suite = suite_create("packed_change");
    TCase *tcase = tcase_create("codec");
    tcase_add_loop_test(tcase, peer_is_read_as_it_was_written, 0, 64);
    tcase_add_test(tcase, completion_is_a_peer_and_a_torrent_with_peers);
    tcase_add_loop_test(tcase, peer_that_goes_is_read_as_left, 0, LOOPS_OF(goings));
    tcase_add_loop_test(tcase, torrent_is_read_as_it_was_written, 0, LOOPS_OF(torrent_kinds));
    tcase_add_test(tcase, what_a_restart_does_not_need_is_not_written);
    tcase_add_test(tcase, too_long_interval_is_cut);
    tcase_add_test(tcase, age_grows_with_the_time_and_is_0_if_unknown);
    tcase_add_test(tcase, change_that_is_cut_off_is_invalid);
    tcase_add_loop_test(tcase, invalid_value_is_refused, 0, LOOPS_OF(mistakes));
    suite_add_tcase(suite, tcase);
    return suite;
}
