/* Which rows are copied from a damaged database to a new one. */
#include "store/database_salvage.h"

#include <stdio.h>
#include <sys/stat.h>

#include "store/schema.h"
#include "support.h"

enum { HISTORY_SAMPLES = 120000 };

static sqlite3 *from;
static sqlite3 *to;
static bool complete;

static void run(sqlite3 *db, const char *sql) {
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(db));
}

static sqlite3 *open_database(void) {
    char error[ERROR_LEN];
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert(schema_migrate(db, schema_steps, schema_version, error) == SCHEMA_GOOD);
    return db;
}

static void open_both(void) {
    from = open_database();
    to = open_database();
    run(from, "INSERT INTO listed (info_hash, name, added_s) VALUES (randomblob(20), 'good', 1)");
}

static void close_both(void) {
    ck_assert_int_eq(sqlite3_close(from), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(to), SQLITE_OK);
}

static int count(const char *table) {
    char sql[64];
    sqlite3_stmt *row;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    ck_assert_int_eq(sqlite3_prepare_v2(to, sql, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    const int rows = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    return rows;
}

START_TEST(sound_database_is_carried_over_whole) {
    run(from, "INSERT INTO sample VALUES (10, 10, 1, 1, 1, 1, 1, 1, 1, 1)");
    run(from, "INSERT INTO blocked VALUES (randomblob(20), 'law', 1)");
    run(from, "INSERT INTO passkey VALUES (randomblob(32), 'bob', 1)");
    run(from, "INSERT INTO ban VALUES ('192.0.2.0/24', '', 0, 1)");
    ck_assert(schema_is_blank(to));
    ck_assert(database_salvage(from, to, &complete));
    ck_assert(complete);
    ck_assert_int_eq(count("listed"), 1);
    ck_assert_int_eq(count("blocked"), 1);
    ck_assert_int_eq(count("passkey"), 1);
    ck_assert_int_eq(count("ban"), 1);
    ck_assert_int_eq(count("sample"), 1);
    ck_assert(!schema_is_blank(to));
}
END_TEST

START_TEST(table_that_an_older_version_has_not_is_no_loss) {
    run(from, "DROP TABLE blocked");
    ck_assert(database_salvage(from, to, &complete));
    ck_assert(complete);
    ck_assert_int_eq(count("listed"), 1);
    ck_assert_int_eq(count("blocked"), 0);
}
END_TEST

/* Simulates damage: a NOT NULL column holds NULL. */
START_TEST(invalid_row_is_skipped) {
    run(from, "DROP TABLE sample");
    run(from,
        "CREATE TABLE sample (period_s, at_s, samples, torrents, peers, seeders, leechers,"
        " announces_per_s, upload_rate, download_rate)");
    run(from,
        "INSERT INTO sample VALUES (10, 10, 1, NULL, 1, 1, 1, 1, 1, 1),"
        " (10, 20, 1, 1, 1, 1, 1, 1, 1, 1)");
    ck_assert(database_salvage(from, to, &complete));
    ck_assert(!complete);
    ck_assert_int_eq(count("listed"), 1);
    ck_assert_int_eq(count("sample"), 1);
}
END_TEST

static void add_samples(int count) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO sample SELECT 10, i, 1, 1, 1, 1, 1, 1, 1, 1 FROM n",
             count);
    run(from, sql);
}

START_TEST(registry_needs_no_room_for_the_history) {
    add_samples(10000);
    run(to, "PRAGMA max_page_count = 40");
    ck_assert(database_salvage(from, to, &complete));
    ck_assert(!complete);
    ck_assert_int_eq(count("listed"), 1);
    ck_assert_int_lt(count("sample"), 10000);
}
END_TEST

/* SQLite merges the -wal into the file if it has 1000 pages when a transaction ends; here these are
 * half a MiB. */
START_TEST(history_of_any_size_needs_little_log) {
    const struct directory directory = directory_create();
    char path[sizeof directory.path + 16];
    char error[ERROR_LEN];
    struct stat file, log;
    snprintf(path, sizeof path, "%s/skep.db", directory.path);
    ck_assert_int_eq(sqlite3_close(to), SQLITE_OK);
    ck_assert_int_eq(sqlite3_open(path, &to), SQLITE_OK);
    run(to, "PRAGMA page_size = 512");
    run(to, "PRAGMA journal_mode = WAL");
    ck_assert(schema_migrate(to, schema_steps, schema_version, error) == SCHEMA_GOOD);
    add_samples(HISTORY_SAMPLES);
    ck_assert(database_salvage(from, to, &complete));
    ck_assert(complete);
    ck_assert_int_eq(count("sample"), HISTORY_SAMPLES);
    ck_assert_int_eq(stat(path, &file), 0);
    snprintf(path, sizeof path, "%s/skep.db-wal", directory.path);
    ck_assert_int_eq(stat(path, &log), 0);
    ck_assert_int_gt(file.st_size, 2 << 20);
    ck_assert_int_lt(log.st_size, 1 << 20);
    run(to, "PRAGMA journal_mode = DELETE");
    directory_remove(&directory);
}
END_TEST

UNIT_SUITE(database_salvage) {
    Suite *suite = suite_create("database_salvage");

    TCase *rows = tcase_create("rows");
    tcase_add_checked_fixture(rows, open_both, close_both);
    tcase_add_test(rows, sound_database_is_carried_over_whole);
    tcase_add_test(rows, table_that_an_older_version_has_not_is_no_loss);
    tcase_add_test(rows, invalid_row_is_skipped);
    tcase_add_test(rows, registry_needs_no_room_for_the_history);
    tcase_add_test(rows, history_of_any_size_needs_little_log);
    suite_add_tcase(suite, rows);
    return suite;
}
