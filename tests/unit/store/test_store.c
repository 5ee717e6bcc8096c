#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

enum { RESTORED_MAX = 2000 };

static struct directory directory;
static char error[ERROR_LEN];
static struct store *store;

static void open_store(void) {
    store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
}

static void create_store(void) {
    directory = directory_create();
    open_store();
}

static void remove_store(void) {
    store_close(store);
    directory_remove(&directory);
}

static void reopen(void) {
    store_close(store);
    open_store();
}

static struct change peer_change(enum change_kind kind, uint32_t number) {
    struct change change = {
        .kind = kind,
        .peer = numbered_endpoint(number % 2 == 0 ? FAMILY_V4 : FAMILY_V6, number),
        .key = UINT32_MAX - number,
        .left = number,
    };
    numbered_id(change.info_hash, number % 7);
    numbered_id(change.peer_id, number);
    return change;
}

static struct change torrent_change(enum change_kind kind, uint32_t torrent, uint32_t downloaded) {
    struct change change = { .kind = kind, .downloaded = downloaded };
    numbered_id(change.info_hash, torrent);
    return change;
}

static void apply(struct change change) {
    ck_assert_msg(store_apply(store, &change, 1), "%s", store_failure(store));
}

static void merge(void) {
    ck_assert_msg(store_merge_log(store, STORE_RANGES), "%s", store_failure(store));
    ck_assert_msg(store_commit(store), "%s", store_failure(store));
}

/* Each test runs with changes that stay in the log, and with changes that are in the rows. */
static bool merges_at_once;

static void commit(void) {
    ck_assert_msg(store_commit(store), "%s", store_failure(store));
    if (merges_at_once)
        merge();
}

static void create_store_with_log(void) {
    merges_at_once = false;
    create_store();
}

static void create_store_with_rows(void) {
    merges_at_once = true;
    create_store();
}

static struct {
    size_t count;
    size_t max;
    struct change list[RESTORED_MAX];
} restored;

/* Stops at `max`; then no call may follow. */
static bool note(void *context, const struct change *changes, size_t count) {
    (void)context;
    ck_assert_uint_lt(restored.count, restored.max);
    for (size_t i = 0; i < count && restored.count < restored.max; i++)
        restored.list[restored.count++] = changes[i];
    return restored.count < restored.max;
}

static size_t restore(size_t max) {
    restored.count = 0;
    restored.max = max;
    ck_assert(store_restore(store, 1, note, NULL));
    return restored.count;
}

static size_t restore_all(void) {
    return restore(RESTORED_MAX);
}

/* The restored change of a peer, or of a torrent if `peer` has no family. */
static const struct change *find(const struct change *wanted) {
    for (size_t i = 0; i < restored.count; i++) {
        const struct change *found = &restored.list[i];
        if (memcmp(found->info_hash, wanted->info_hash, INFO_HASH_LEN) == 0 &&
            endpoint_equal(&found->peer, &wanted->peer))
            return found;
    }
    return NULL;
}

static void assert_restored(const struct change *expected) {
    const struct change *found = find(expected);
    ck_assert_ptr_nonnull(found);
    ck_assert_int_eq(found->kind, CHANGE_PEER_JOINED);
    ck_assert_mem_eq(found->peer_id, expected->peer_id, PEER_ID_LEN);
    ck_assert_uint_eq(found->key, expected->key);
    ck_assert_uint_eq(found->left, expected->left);
    ck_assert_int_eq(found->paused, expected->paused);
    ck_assert_int_eq(found->counted, expected->counted);
}

START_TEST(fresh_store_is_empty) {
    ck_assert_uint_eq(restore_all(), 0);
    ck_assert_uint_eq(store_pending(store), 0);
    commit();
}
END_TEST

START_TEST(committed_peers_are_there_again) {
    for (uint32_t i = 0; i < 500; i++)
        apply(peer_change(CHANGE_PEER_JOINED, i));
    ck_assert_uint_eq(store_pending(store), 500);
    commit();
    ck_assert_uint_eq(store_pending(store), 0);
    reopen();
    ck_assert_uint_eq(restore_all(), 500);
    for (uint32_t i = 0; i < 500; i++) {
        const struct change expected = peer_change(CHANGE_PEER_JOINED, i);
        assert_restored(&expected);
    }
}
END_TEST

enum { TORRENTS = 7, STORED = 70 };

static void apply_all(const struct change *changes, size_t count) {
    ck_assert_msg(store_apply(store, changes, count), "%s", store_failure(store));
}

/* Of the torrent's peers, one leaves, one becomes a seeder, one changes its port, and one stays.
 * The peers of both families are passed in no order. */
START_TEST(lost_torrent_is_replaced_and_the_others_stay) {
    for (uint32_t i = 0; i < STORED; i++)
        apply(peer_change(CHANGE_PEER_JOINED, i));
    apply(torrent_change(CHANGE_TORRENT, 1, 3));
    apply(torrent_change(CHANGE_TORRENT, 0, 4));
    commit();
    struct change state[2 + STORED / TORRENTS] = {
        torrent_change(CHANGE_TORRENT_LOST, 0, 0),
        torrent_change(CHANGE_TORRENT, 0, 9),
    };
    size_t count = 2;
    for (uint32_t i = STORED - TORRENTS; i > 0; i -= TORRENTS)
        state[count++] = peer_change(CHANGE_PEER_JOINED, i);
    state[2].left = 0;
    state[3].peer = numbered_endpoint(FAMILY_V4, 5000);
    apply_all(state, count);
    commit();
    reopen();
    ck_assert_uint_eq(restore_all(), STORED - 1 + 2);
    for (size_t i = 2; i < count; i++)
        assert_restored(&state[i]);
    for (uint32_t i = 0; i < STORED; i++) {
        const struct change peer = peer_change(CHANGE_PEER_JOINED, i);
        if (i % TORRENTS != 0)
            assert_restored(&peer);
    }
    ck_assert_uint_eq(find(&state[1])->downloaded, 9);
    const struct change other = torrent_change(CHANGE_TORRENT, 1, 3);
    ck_assert_uint_eq(find(&other)->downloaded, 3);
}
END_TEST

START_TEST(lost_torrent_that_is_unknown_is_deleted) {
    for (uint32_t i = 0; i < STORED; i++)
        apply(peer_change(CHANGE_PEER_JOINED, i));
    apply(torrent_change(CHANGE_TORRENT, 0, 4));
    const struct change lost = torrent_change(CHANGE_TORRENT_LOST, 0, 0);
    apply_all(&lost, 1);
    commit();
    ck_assert_uint_eq(restore_all(), STORED - STORED / TORRENTS);
    struct change idle[2] = { lost, torrent_change(CHANGE_TORRENT, 1, 8) };
    idle[0] = torrent_change(CHANGE_TORRENT_LOST, 1, 0);
    apply_all(idle, 2);
    commit();
    ck_assert_uint_eq(restore_all(), STORED - 2 * STORED / TORRENTS + 1);
    ck_assert_uint_eq(find(&idle[1])->downloaded, 8);
}
END_TEST

static void run_by_hand(const char *sql) {
    sqlite3 *db = NULL;
    store_close(store);
    ck_assert_int_eq(sqlite3_open(directory.database, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    open_store();
}

/* Of a row of the second torrent; those that only a start notices come first, and those that only a
 * merge notices last. */
static const char *const invalid_rows[] = {
    "first = CAST(x'11' || substr(first, 2) AS BLOB)",
    "first = 'text'",
    "entries = 'text'",
    "entries = x''",
    "entries = x'00' || substr(entries, 2)", /* an unknown kind */
    "entries = substr(entries, 1, length(entries) - 1)",
    "entries = CAST(x'04' || substr(entries, 2, 20) AS BLOB)", /* no state */
    "entries = CAST(substr(entries, 1, 1) || x'e0' || substr(entries, 3) AS BLOB)",
    "entries = CAST(entries || zeroblob(2000) AS BLOB)",
    "first = x'f0'",
};

enum { MERGE_NOTICES_FROM = 2, START_NOTICES_BELOW = 8 };

static struct change change_in_range(uint8_t range) {
    struct change change = peer_change(CHANGE_PEER_JOINED, 2);
    change.info_hash[0] = (uint8_t)(range << 4);
    return change;
}

static void spoil_row(const char *how) {
    char sql[128];
    apply(change_in_range(1));
    apply(change_in_range(15));
    commit();
    merge();
    snprintf(sql, sizeof sql, "UPDATE swarm SET %s WHERE first >= x'f0'", how);
    run_by_hand(sql);
}

/* The rest of the file is kept, in a new one. */
START_TEST(invalid_row_is_left_out) {
    spoil_row(invalid_rows[_i]);
    ck_assert_uint_eq(restore_all(), 1);
    ck_assert(store_is_stale(store));
}
END_TEST

START_TEST(invalid_row_leads_to_a_rewrite_when_changes_are_merged) {
    spoil_row(invalid_rows[_i]);
    struct change change = change_in_range(15);
    change.left++;
    apply(change);
    ck_assert(store_commit(store));
    ck_assert(!store_merge_log(store, STORE_RANGES));
    ck_assert_msg(strstr(store_failure(store), "invalid rows") != NULL, "%s", store_failure(store));
    ck_assert(store_refresh(store));
    ck_assert(store_is_stale(store));
    ck_assert(store_clear(store));
    apply(change);
    commit();
    merge();
    ck_assert_uint_eq(restore_all(), 1);
    assert_restored(&change);
}
END_TEST

START_TEST(extreme_values_survive) {
    struct change change = peer_change(CHANGE_PEER_JOINED, 1);
    change.left = LEFT_UNKNOWN;
    change.key = UINT32_MAX;
    change.paused = change.counted = true;
    memset(change.peer_id, 0, PEER_ID_LEN);
    memset(change.info_hash, 0xff, INFO_HASH_LEN);
    apply(change);
    commit();
    reopen();
    ck_assert_uint_eq(restore_all(), 1);
    assert_restored(&change);
}
END_TEST

START_TEST(peers_are_as_old_as_they_were) {
    struct change old = peer_change(CHANGE_PEER_JOINED, 1);
    old.age_s = 5000;
    apply(old);
    struct change young = peer_change(CHANGE_PEER_UPDATED, 2);
    young.age_s = 0;
    apply(young);
    commit();
    reopen();
    ck_assert_uint_eq(restore_all(), 2);
    ck_assert_uint_ge(find(&old)->age_s, 5000);
    ck_assert_uint_le(find(&old)->age_s, 5060);
    ck_assert_uint_le(find(&young)->age_s, 60);
}
END_TEST

/* 0 in an older database; in the future if the clock was ahead. */
START_TEST(peers_of_an_unlikely_age_are_new) {
    const char *const unlikely[] = { "00000000", "ffffffff" };
    for (size_t i = 0; i < COUNT_OF(unlikely); i++) {
        char sql[128];
        apply(peer_change(CHANGE_PEER_JOINED, 1));
        commit();
        merge();
        snprintf(sql, sizeof sql,
                 "UPDATE swarm SET entries ="
                 " CAST(substr(entries, 1, 65) || x'%s' || substr(entries, 70) AS BLOB)",
                 unlikely[i]);
        run_by_hand(sql);
        ck_assert_uint_eq(restore_all(), 1);
        ck_assert_uint_eq(restored.list[0].age_s, 0);
    }
}
END_TEST

START_TEST(uncommitted_changes_are_lost) {
    apply(peer_change(CHANGE_PEER_JOINED, 1));
    commit();
    apply(peer_change(CHANGE_PEER_JOINED, 2));
    reopen();
    ck_assert_uint_eq(restore_all(), 1);
    ck_assert_uint_eq(restored.list[0].left, 1);
}
END_TEST

START_TEST(later_change_of_a_peer_counts) {
    struct change change = peer_change(CHANGE_PEER_JOINED, 1);
    apply(change);
    change.kind = CHANGE_PEER_UPDATED;
    change.left = 0;
    change.paused = true;
    apply(change);
    commit();
    ck_assert_uint_eq(restore_all(), 1);
    assert_restored(&change);
}
END_TEST

START_TEST(run_of_changes_that_starts_in_the_past_ends_in_the_present) {
    const struct change run[] = { peer_change(CHANGE_PEER_JOINED, 1),
                                  peer_change(CHANGE_PEER_LEFT, 1),
                                  peer_change(CHANGE_PEER_JOINED, 2) };
    for (int round = 0; round < 3; round++)
        ck_assert(store_apply(store, run, COUNT_OF(run)));
    commit();
    ck_assert_uint_eq(restore_all(), 1);
    assert_restored(&run[2]);
}
END_TEST

static const enum change_kind goings[] = { CHANGE_PEER_LEFT, CHANGE_PEER_EXPIRED,
                                           CHANGE_PEER_MOVED };

START_TEST(peer_that_goes_is_forgotten) {
    const struct change stays = peer_change(CHANGE_PEER_JOINED, 2);
    apply(peer_change(CHANGE_PEER_JOINED, 1));
    apply(stays);
    commit();
    apply(peer_change(goings[_i], 1));
    apply(peer_change(goings[_i], 3));
    commit();
    reopen();
    ck_assert_uint_eq(restore_all(), 1);
    assert_restored(&stays);
}
END_TEST

START_TEST(completed_peer_stores_its_torrents_count) {
    struct change change = peer_change(CHANGE_PEER_COMPLETED, 1);
    change.counted = true;
    change.downloaded = 41;
    apply(change);
    change.downloaded = 42;
    apply(change);
    commit();
    reopen();
    ck_assert_uint_eq(restore_all(), 2);
    assert_restored(&change);
    change.peer = (struct endpoint){ 0 };
    const struct change *torrent = find(&change);
    ck_assert_ptr_nonnull(torrent);
    ck_assert_int_eq(torrent->kind, CHANGE_TORRENT);
    ck_assert_uint_eq(torrent->downloaded, 42);
}
END_TEST

START_TEST(old_peer_that_completes_leaves_no_idle_torrent) {
    struct change change = peer_change(CHANGE_PEER_COMPLETED, 1);
    change.downloaded = 1;
    change.age_s = 5000;
    apply(change);
    commit();
    ck_assert_uint_eq(restore_all(), 2);
    ck_assert_int_eq(restored.list[0].kind, CHANGE_TORRENT);
    ck_assert_uint_lt(restored.list[0].age_s, 100);
}
END_TEST

START_TEST(idle_torrent_is_as_idle_as_before) {
    struct change change = torrent_change(CHANGE_TORRENT, 5, 9);
    change.age_s = 5000;
    apply(change);
    commit();
    ck_assert_uint_eq(restore_all(), 1);
    ck_assert_uint_ge(restored.list[0].age_s, 5000);
    ck_assert_uint_lt(restored.list[0].age_s, 5100);
}
END_TEST

START_TEST(confirmed_peer_is_not_stored) {
    apply(peer_change(CHANGE_PEER_CONFIRMED, 1));
    commit();
    ck_assert_uint_eq(restore_all(), 0);
}
END_TEST

START_TEST(torrents_come_before_peers) {
    apply(peer_change(CHANGE_PEER_JOINED, 1));
    apply(torrent_change(CHANGE_TORRENT, 5, UINT32_MAX));
    commit();
    ck_assert_uint_eq(restore_all(), 2);
    ck_assert_int_eq(restored.list[0].kind, CHANGE_TORRENT);
    ck_assert_uint_eq(restored.list[0].downloaded, UINT32_MAX);
    ck_assert_uint_eq(restored.list[0].peer.family, FAMILY_NONE);
}
END_TEST

START_TEST(forgotten_torrent_is_gone) {
    apply(torrent_change(CHANGE_TORRENT, 5, 9));
    apply(torrent_change(CHANGE_TORRENT, 6, 9));
    apply(torrent_change(CHANGE_TORRENT_FORGOTTEN, 5, 0));
    commit();
    reopen();
    ck_assert_uint_eq(restore_all(), 1);
}
END_TEST

START_TEST(cleared_store_is_rewritten) {
    for (uint32_t i = 0; i < 100; i++)
        apply(peer_change(CHANGE_PEER_JOINED, i));
    apply(torrent_change(CHANGE_TORRENT, 5, 9));
    commit();
    ck_assert(store_clear(store));
    apply(peer_change(CHANGE_PEER_JOINED, 7));
    commit();
    reopen();
    ck_assert_uint_eq(restore_all(), 1);
}
END_TEST

START_TEST(uncommitted_clear_is_lost) {
    apply(peer_change(CHANGE_PEER_JOINED, 1));
    commit();
    ck_assert(store_clear(store));
    reopen();
    ck_assert_uint_eq(restore_all(), 1);
}
END_TEST

START_TEST(restore_stops_if_the_callback_fails) {
    for (uint32_t i = 0; i < 10; i++)
        apply(peer_change(CHANGE_PEER_JOINED, i));
    apply(torrent_change(CHANGE_TORRENT, 50, 9));
    commit();
    ck_assert_uint_eq(restore(3), 3);
}
END_TEST

START_TEST(second_store_on_the_same_file_is_refused) {
    apply(peer_change(CHANGE_PEER_JOINED, 1));
    ck_assert_ptr_null(store_open(directory.database, error));
    ck_assert_ptr_nonnull(strstr(error, "using it"));
    ck_assert_ptr_nonnull(strstr(error, directory.database));
    commit();
    reopen();
    ck_assert_uint_eq(restore_all(), 1);
}
END_TEST

static void add_content_tests(TCase *content) {
    tcase_add_test(content, fresh_store_is_empty);
    tcase_add_test(content, committed_peers_are_there_again);
    tcase_add_test(content, extreme_values_survive);
    tcase_add_test(content, peers_are_as_old_as_they_were);
    tcase_add_test(content, peers_of_an_unlikely_age_are_new);
    tcase_add_test(content, uncommitted_changes_are_lost);
    tcase_add_test(content, later_change_of_a_peer_counts);
    tcase_add_test(content, run_of_changes_that_starts_in_the_past_ends_in_the_present);
    tcase_add_loop_test(content, peer_that_goes_is_forgotten, 0, LOOPS_OF(goings));
    tcase_add_test(content, completed_peer_stores_its_torrents_count);
    tcase_add_test(content, old_peer_that_completes_leaves_no_idle_torrent);
    tcase_add_test(content, idle_torrent_is_as_idle_as_before);
    tcase_add_test(content, confirmed_peer_is_not_stored);
    tcase_add_test(content, torrents_come_before_peers);
    tcase_add_test(content, forgotten_torrent_is_gone);
    tcase_add_test(content, cleared_store_is_rewritten);
    tcase_add_loop_test(content, invalid_row_is_left_out, 0, START_NOTICES_BELOW);
    tcase_add_loop_test(content, invalid_row_leads_to_a_rewrite_when_changes_are_merged,
                        MERGE_NOTICES_FROM, COUNT_OF(invalid_rows));
    tcase_add_test(content, lost_torrent_is_replaced_and_the_others_stay);
    tcase_add_test(content, lost_torrent_that_is_unknown_is_deleted);
    tcase_add_test(content, uncommitted_clear_is_lost);
    tcase_add_test(content, restore_stops_if_the_callback_fails);
    tcase_add_test(content, second_store_on_the_same_file_is_refused);
}

UNIT_SUITE(store) {
    Suite *suite = suite_create("store");
    TCase *log = tcase_create("log");
    tcase_add_checked_fixture(log, create_store_with_log, remove_store);
    add_content_tests(log);
    suite_add_tcase(suite, log);

    TCase *rows = tcase_create("rows");
    tcase_add_checked_fixture(rows, create_store_with_rows, remove_store);
    add_content_tests(rows);
    suite_add_tcase(suite, rows);
    return suite;
}
