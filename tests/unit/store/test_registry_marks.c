/* Marks of the registry in the database. */
#include <sqlite3.h>

#include "base/clock.h"
#include "registry_support.h"
#include "store/registry_rows.h"
#include "store/store.h"
#include "support.h"
#include "swarm/registry_cluster.h"

static struct directory directory;
static char error[ERROR_LEN];
static struct store *store;
static struct registry *registry;

static void start(void) {
    store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    registry = registry_create();
    ck_assert_ptr_nonnull(registry);
    registry_share(registry);
    registry_set_node(registry, 7, (uint64_t)clock_unix_ms() - clock_now_ms());
    ck_assert_msg(store_load_registry(store, registry), "%s", store_failure(store));
}

static void stop(void) {
    registry_delete(registry);
    store_close(store);
}

static void create_database(void) {
    directory = directory_create();
    start();
}

static void remove_database(void) {
    stop();
    directory_remove(&directory);
}

static struct registry_edit *begin_edit(void) {
    struct registry_edit *edit = registry_edit_begin(registry);
    ck_assert_ptr_nonnull(edit);
    return edit;
}

static void write_edit(struct registry_edit *edit) {
    char reason[ERROR_LEN];
    registry_edit_submit(edit);
    store_sync_registry(store, clock_now_ms());
    ck_assert_int_eq(registry_edit_state(edit, reason), REGISTRY_WRITTEN);
    registry_edit_release(edit);
}

static void put(const struct registry_row *row) {
    struct registry_edit *edit = begin_edit();
    ck_assert(registry_edit_put(edit, row));
    write_edit(edit);
}

static void remove_row(const struct registry_row *row) {
    bool found;
    struct registry_edit *edit = begin_edit();
    ck_assert(registry_edit_remove(edit, row, &found) && found);
    write_edit(edit);
}

static struct registry_mark mark_of(const struct registry_row *row) {
    struct registry_mark mark;
    ck_assert(registry_find_mark(registry, row, &mark));
    return mark;
}

static struct registry_row row_of(enum registry_kind kind) {
    struct endpoint address;
    const uint8_t digest[SHA256_LEN] = { 3 };
    struct registry_row row = { .kind = kind, .info_hash = { 3 } };
    if (kind == REGISTRY_PASSKEY) {
        row = test_passkey_row(digest, "alice");
    } else if (kind == REGISTRY_BAN) {
        row = test_ban_row("2001:db8::/32", "flooding");
    } else if (kind == REGISTRY_MACHINE) {
        ck_assert(endpoint_parse_address("192.0.2.1", &address));
        row = registry_machine(&address);
    }
    return row;
}

START_TEST(marks_are_there_again_after_a_restart) {
    struct registry_mark before[REGISTRY_STORED_KINDS];
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++) {
        const struct registry_row row = row_of((enum registry_kind)kind);
        put(&row);
        if (kind % 2 == 0)
            remove_row(&row);
        before[kind] = mark_of(&row);
    }
    stop();
    start();
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++) {
        const struct registry_row row = row_of((enum registry_kind)kind);
        const struct registry_mark mark = mark_of(&row);
        ck_assert_uint_ne(mark.stamp, 0);
        ck_assert_uint_eq(mark.stamp, before[kind].stamp);
        ck_assert_uint_eq(mark.restriction, before[kind].restriction);
        ck_assert_int_eq(mark.restricts, before[kind].restricts);
        ck_assert_int_eq(mark.removed, kind % 2 == 0);
        ck_assert(!mark.aside);
    }
}
END_TEST

START_TEST(change_by_another_program_has_no_stamp_and_keeps_the_known_restriction) {
    bool found;
    uint64_t stamps[REGISTRY_STORED_KINDS];
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++) {
        const struct registry_row row = row_of((enum registry_kind)kind);
        put(&row);
        stamps[kind] = mark_of(&row).stamp;
    }
    stop();
    struct registry_rows *rows = registry_rows_open(directory.database, 1000, error);
    ck_assert_msg(rows != NULL, "%s", error);
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++) {
        const struct registry_row row = row_of((enum registry_kind)kind);
        ck_assert(registry_rows_remove(rows, &row, &found) && found);
    }
    registry_rows_close(rows);
    start();
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++) {
        const struct registry_row row = row_of((enum registry_kind)kind);
        const bool restricted = registry_restricts(row.kind, false);
        ck_assert_uint_eq(mark_of(&row).stamp, 0);
        ck_assert_uint_eq(mark_of(&row).restriction, restricted ? stamps[kind] : 0);
    }
    ck_assert(registry_adopt_removals(registry));
    ck_assert_uint_gt(
        mark_of(&(struct registry_row){ .kind = REGISTRY_BLOCK, .info_hash = { 3 } }).stamp,
        stamps[REGISTRY_BLOCK]);
}
END_TEST

static void set_all_aside(enum registry_kind kind) {
    bool any;
    for (int part = 0; part < REGISTRY_PARTS; part++)
        ck_assert(registry_adopt(registry, kind, part, SET_ASIDE, &any));
    store_sync_registry(store, clock_now_ms());
}

START_TEST(entry_that_is_set_aside_stays_in_the_database_only) {
    struct registry_row row = row_of(REGISTRY_PASSKEY);
    const uint8_t digest[SHA256_LEN] = { 9 };
    const struct registry_row other = test_passkey_row(digest, "alice");
    stop();
    struct registry_rows *rows = registry_rows_open(directory.database, 1000, error);
    ck_assert_msg(rows != NULL, "%s", error);
    ck_assert(registry_rows_put(rows, &row, (struct bytes){ .len = 0 }));
    registry_rows_close(rows);
    start();
    ck_assert_uint_eq(registry_count(registry, REGISTRY_PASSKEY), 1);
    set_all_aside(REGISTRY_PASSKEY);
    put(&other); /* its label is free */
    stop();
    start();
    ck_assert_uint_eq(registry_count(registry, REGISTRY_PASSKEY), 1);
    ck_assert_uint_eq(registry_count_aside(registry, REGISTRY_PASSKEY), 1);
    ck_assert(!registry_find(registry, &row));
    row = row_of(REGISTRY_PASSKEY);
    put(&row);
    ck_assert_uint_eq(registry_count_aside(registry, REGISTRY_PASSKEY), 0);
}
END_TEST

START_TEST(identity_is_stored_with_the_next_change) {
    uint64_t secret[2] = { 0 }, stored[2];
    bool existed;
    registry_set_identity(
        registry, &(struct registry_identity){ .known = true, .secret = { 5, 6 }, .seen_s = 77 });
    write_edit(begin_edit());
    ck_assert(
        store_exchange_secret(store, "cluster secret", secret, stored, sizeof stored, &existed));
    ck_assert(existed && stored[0] == 5 && stored[1] == 6);
    ck_assert(
        store_exchange_secret(store, "cluster seen", secret, stored, sizeof stored[0], &existed));
    ck_assert(existed && stored[0] == 77);
}
END_TEST

START_TEST(marks_of_old_removals_leave_the_database) {
    const struct registry_row row = row_of(REGISTRY_TORRENT);
    const struct registry_row kept = row_of(REGISTRY_PASSKEY);
    struct registry_mark mark;
    put(&row);
    put(&kept);
    remove_row(&row);
    registry_forget_removed(registry, UINT64_MAX / 2);
    write_edit(begin_edit());
    stop();
    start();
    ck_assert(!registry_find_mark(registry, &row, &mark));
    ck_assert(registry_find_mark(registry, &kept, &mark));
}
END_TEST

static sqlite3 *lock_database(void) {
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(directory.database, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

/* Another program's transaction ends with a change, so that the registry is loaded again. */
static void commit_change(sqlite3 *db) {
    const char *statements = "UPDATE registry_version SET version = version + 1; COMMIT";
    ck_assert_int_eq(sqlite3_exec(db, statements, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(merged_change_is_written_once_the_database_can_be_written) {
    enum { TRIES = 3, PAUSE_MS = 6000 };
    const struct registry_row row = row_of(REGISTRY_TORRENT);
    const struct registry_row removed = row_of(REGISTRY_PASSKEY);
    const struct registry_mark mark = { .stamp = UINT64_MAX / 2 };
    const struct registry_mark removal = { .stamp = UINT64_MAX / 2, .removed = true };
    const uint64_t now_ms = clock_now_ms();
    put(&removed);
    sqlite3 *other = lock_database();
    ck_assert(registry_merge(registry, &row, &mark));
    ck_assert(registry_merge(registry, &removed, &removal));
    for (uint64_t i = 0; i < TRIES; i++)
        store_sync_registry(store, now_ms + i * PAUSE_MS);
    ck_assert_uint_eq(registry_count_queued(registry), 2);
    commit_change(other);
    store_sync_registry(store, now_ms + TRIES * PAUSE_MS);
    ck_assert_uint_eq(registry_count_queued(registry), 0);
    for (int i = 0; i < 2; i++) {
        struct registry_row found = row;
        ck_assert(registry_find(registry, &found));
        ck_assert_uint_eq(mark_of(&row).stamp, mark.stamp);
        ck_assert_uint_eq(registry_count(registry, REGISTRY_PASSKEY), 0);
        stop();
        start();
    }
}
END_TEST

START_TEST(own_change_fails_without_the_merged_ones) {
    enum { PAUSE_MS = 6000 };
    char reason[ERROR_LEN];
    struct registry_row row = row_of(REGISTRY_TORRENT);
    const struct registry_row own = row_of(REGISTRY_PASSKEY);
    const struct registry_mark mark = { .stamp = UINT64_MAX / 2 };
    const uint64_t now_ms = clock_now_ms();
    sqlite3 *other = lock_database();
    ck_assert(registry_merge(registry, &row, &mark));
    struct registry_edit *edit = begin_edit();
    ck_assert(registry_edit_put(edit, &own));
    registry_edit_submit(edit);
    store_sync_registry(store, now_ms);
    store_sync_registry(store, now_ms + PAUSE_MS);
    ck_assert_int_eq(registry_edit_state(edit, reason), REGISTRY_LOCKED);
    registry_edit_release(edit);
    ck_assert_uint_eq(registry_count(registry, REGISTRY_PASSKEY), 0);
    ck_assert(registry_find(registry, &row));
    ck_assert_uint_eq(registry_count_queued(registry), 1);
    commit_change(other);
}
END_TEST

START_TEST(marks_leave_the_database_after_a_failed_write) {
    enum { PAUSE_MS = 6000 };
    const struct registry_row row = row_of(REGISTRY_TORRENT);
    struct registry_mark mark;
    const uint64_t now_ms = clock_now_ms();
    put(&row);
    remove_row(&row);
    registry_forget_marks(registry);
    sqlite3 *other = lock_database();
    registry_touch(registry);
    store_sync_registry(store, now_ms);
    store_sync_registry(store, now_ms + PAUSE_MS);
    ck_assert_ptr_null(registry_queued(registry));
    ck_assert_uint_eq(registry_forgotten(registry), UINT64_MAX);
    commit_change(other);
    write_edit(begin_edit());
    ck_assert_uint_eq(registry_forgotten(registry), 0);
    stop();
    start();
    ck_assert(!registry_find_mark(registry, &row, &mark));
}
END_TEST

UNIT_SUITE(registry_marks) {
    Suite *suite = suite_create("registry_marks");
    TCase *tcase = tcase_create("database");
    tcase_add_checked_fixture(tcase, create_database, remove_database);
    tcase_add_test(tcase, marks_are_there_again_after_a_restart);
    tcase_add_test(tcase, change_by_another_program_has_no_stamp_and_keeps_the_known_restriction);
    tcase_add_test(tcase, entry_that_is_set_aside_stays_in_the_database_only);
    tcase_add_test(tcase, identity_is_stored_with_the_next_change);
    tcase_add_test(tcase, marks_of_old_removals_leave_the_database);
    tcase_add_test(tcase, merged_change_is_written_once_the_database_can_be_written);
    tcase_add_test(tcase, own_change_fails_without_the_merged_ones);
    tcase_add_test(tcase, marks_leave_the_database_after_a_failed_write);
    suite_add_tcase(suite, tcase);
    return suite;
}
