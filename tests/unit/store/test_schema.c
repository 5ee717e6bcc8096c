/* Migration of a database, with steps made for the test. */
#include "store/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/packed_change.h"
#include "store/swarm_key.h"
#include "support.h"

static const char *const steps[] = {
    "CREATE TABLE animal (name TEXT); INSERT INTO animal VALUES ('bee');",
    "ALTER TABLE animal ADD COLUMN legs INTEGER NOT NULL DEFAULT 6;",
    "CREATE TABLE hive (place TEXT); INSERT INTO hive SELECT name || ' hive' FROM animal;",
};

static struct directory directory;
static char path[sizeof directory.path + 16];
static sqlite3 *db;
static char error[ERROR_LEN];

static void open_database(void) {
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
}

static void close_database(void) {
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    db = NULL;
}

static void create_database(void) {
    directory = directory_create();
    snprintf(path, sizeof path, "%s/schema.db", directory.path);
    error[0] = '\0';
    open_database();
}

static void remove_database(void) {
    close_database();
    directory_remove(&directory);
}

static void run(const char *sql) {
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
}

/* The first value of a query's first row, as text; "" if there is none. */
static const char *value(const char *sql) {
    static char text[128];
    sqlite3_stmt *statement;
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s", sql);
    text[0] = '\0';
    if (sqlite3_step(statement) == SQLITE_ROW)
        snprintf(text, sizeof text, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return text;
}

static void migrate_to(int version) {
    ck_assert_msg(schema_migrate(db, schema_steps, version, error) == SCHEMA_GOOD, "%s", error);
}

static void assert_taken_to(int version) {
    ck_assert_msg(schema_migrate(db, steps, version, error) == SCHEMA_GOOD, "%s", error);
    char expected[16];
    snprintf(expected, sizeof expected, "%d", version);
    ck_assert_str_eq(value("PRAGMA user_version"), expected);
}

static void assert_result(enum schema_result result, const char *const *list, int count,
                          const char *why) {
    ck_assert_int_eq(schema_migrate(db, list, count, error), result);
    ck_assert_msg(strstr(error, why) != NULL, "\"%s\" does not say \"%s\"", error, why);
    ck_assert_ptr_null(strchr(error, '\n'));
}

static void assert_refused(const char *const *list, int count, const char *why) {
    assert_result(SCHEMA_REFUSED, list, count, why);
}

START_TEST(empty_database_takes_every_step) {
    assert_taken_to(3);
    ck_assert_str_eq(value("SELECT place FROM hive"), "bee hive");
    ck_assert_str_eq(value("SELECT legs FROM animal"), "6");
    char expected[16];
    snprintf(expected, sizeof expected, "%d", SCHEMA_APPLICATION_ID);
    ck_assert_str_eq(value("PRAGMA application_id"), expected);
}
END_TEST

START_TEST(steps_forward_keep_the_data) {
    for (int version = 1; version <= 3; version++) {
        assert_taken_to(version);
        close_database();
        open_database();
    }
    run("INSERT INTO animal VALUES ('spider', 8)");
    assert_taken_to(3);
    ck_assert_str_eq(value("SELECT count(*) FROM animal"), "2");
    ck_assert_str_eq(value("SELECT place FROM hive"), "bee hive");
}
END_TEST

START_TEST(jump_over_several_versions_keeps_the_data) {
    assert_taken_to(1);
    run("INSERT INTO animal VALUES ('wasp')");
    assert_taken_to(3);
    ck_assert_str_eq(value("SELECT count(*) FROM hive"), "2");
}
END_TEST

START_TEST(current_version_is_left_alone) {
    assert_taken_to(3);
    const int changes = sqlite3_total_changes(db);
    assert_taken_to(3);
    ck_assert_int_eq(sqlite3_total_changes(db), changes);
}
END_TEST

START_TEST(failing_step_leaves_the_version_before_it) {
    const char *const broken[] = { steps[0], steps[1],
                                   "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);" };
    assert_refused(broken, 3, "nowhere");
    ck_assert_str_eq(value("PRAGMA user_version"), "2");
    ck_assert_str_eq(value("SELECT count(*) FROM sqlite_master WHERE name = 'half'"), "0");
    ck_assert_str_eq(value("SELECT name FROM animal"), "bee");
    assert_taken_to(3);
}
END_TEST

START_TEST(failing_first_step_leaves_an_empty_file) {
    const char *const broken[] = { "CREATE TABLE half (x); BROKEN;" };
    assert_refused(broken, 1, "BROKEN");
    ck_assert_str_eq(value("SELECT count(*) FROM sqlite_master"), "0");
    ck_assert_str_eq(value("PRAGMA application_id"), "0");
    assert_taken_to(3);
}
END_TEST

START_TEST(newer_database_is_refused) {
    assert_taken_to(3);
    assert_refused(steps, 2, "newer");
    ck_assert_str_eq(value("PRAGMA user_version"), "3");
    ck_assert_str_eq(value("SELECT place FROM hive"), "bee hive");
}
END_TEST

START_TEST(negative_version_is_refused) {
    assert_taken_to(3);
    run("PRAGMA user_version = -5");
    assert_refused(steps, 3, "negative");
}
END_TEST

static const char *const strangers[] = {
    "CREATE TABLE bookmarks (url TEXT)",
    "PRAGMA application_id = 12345",
    "PRAGMA user_version = 1",
    "CREATE TABLE bookmarks (url TEXT); PRAGMA user_version = 1",
};

START_TEST(database_of_another_program_is_refused) {
    run(strangers[_i]);
    char before[128];
    snprintf(before, sizeof before, "%s", value("SELECT group_concat(name) FROM sqlite_master"));
    assert_refused(steps, 3, "another program");
    ck_assert_str_eq(value("SELECT group_concat(name) FROM sqlite_master"), before);
}
END_TEST

START_TEST(file_that_is_no_database_counts_as_damaged) {
    close_database();
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 200; i++)
        fputs("This is a letter, and no database.\n", file);
    ck_assert_int_eq(fclose(file), 0);
    open_database();
    assert_result(SCHEMA_DAMAGED, steps, 3, "not an SQLite database");
}
END_TEST

START_TEST(locked_database_is_refused) {
    sqlite3 *other;
    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_refused(steps, 3, "locked");
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    assert_taken_to(3);
}
END_TEST

START_TEST(own_steps_lead_to_the_own_version) {
    ck_assert_int_ge(schema_version, 1);
    for (int version = 1; version <= schema_version; version++)
        migrate_to(version);
    ck_assert_str_eq(value("SELECT count(*) FROM swarm"), "0");
}
END_TEST

enum { BEFORE_HISTORY = 4 };

START_TEST(version_before_the_history_keeps_what_it_has) {
    migrate_to(BEFORE_HISTORY);
    run("INSERT INTO listed VALUES (x'01', 'a film', 5)");
    run("INSERT INTO peer VALUES (zeroblob(20), x'010203040506', zeroblob(20), 4, 5, 0, 1, 60)");
    run("INSERT INTO torrent VALUES (zeroblob(20), 7, 0)");
    migrate_to(schema_version);
    ck_assert_str_eq(value("SELECT name || typeof(size) || typeof(file_id) FROM listed"),
                     "a filmnullnull");
    ck_assert_str_eq(
        value("SELECT hex(substr(entries, 22, 4)) || ' ' || hex(substr(entries, 77, 6))"
              " FROM swarm"),
        "00000007 00000004003C");
    ck_assert_str_eq(value("SELECT version FROM registry_version"), "2");
    ck_assert_str_eq(value("SELECT count(*) FROM sample, torrent_sample, completion"), "0");
    run("DELETE FROM listed");
    ck_assert_str_eq(value("SELECT version FROM registry_version"), "3");
}
END_TEST

enum { BEFORE_BLOCKED = 5 };

START_TEST(version_before_the_blocked_torrents_keeps_what_it_has) {
    migrate_to(BEFORE_BLOCKED);
    run("INSERT INTO listed VALUES (x'01', 'a film', 5, NULL, NULL)");
    run("INSERT INTO peer"
        " VALUES (zeroblob(20), x'010203040506', zeroblob(20), 4, 5, 0, 1, 60, 70)");
    migrate_to(schema_version);
    ck_assert_str_eq(value("SELECT name FROM listed"), "a film");
    ck_assert_str_eq(value("SELECT hex(substr(entries, 54, 4)) FROM swarm"), "00000046");
    ck_assert_str_eq(value("SELECT count(*) FROM blocked"), "0");
    ck_assert_str_eq(value("SELECT version FROM registry_version"), "2");
    run("INSERT INTO blocked VALUES (x'01', 'law', 5)");
    ck_assert_str_eq(value("SELECT version FROM registry_version"), "3");
}
END_TEST

enum { BEFORE_MACHINES = 6 };

START_TEST(version_before_the_machines_keeps_what_it_has) {
    migrate_to(BEFORE_MACHINES);
    run("INSERT INTO blocked VALUES (x'01', 'law', 5)");
    migrate_to(schema_version);
    ck_assert_str_eq(value("SELECT reason FROM blocked"), "law");
    ck_assert_str_eq(value("SELECT count(*) FROM machine"), "0");
    ck_assert_str_eq(value("SELECT version FROM registry_version"), "2");
    run("INSERT INTO machine VALUES ('192.0.2.1', 'laptop', 5)");
    ck_assert_str_eq(value("SELECT version FROM registry_version"), "3");
}
END_TEST

enum { BEFORE_PRIVACY = 8 };

static void list_with_file(int number, const char *content) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "INSERT INTO torrent_file VALUES (%d, x'0%d', CAST('%s' AS BLOB));"
             "INSERT INTO listed VALUES (x'0%d', '', 5, 6, %d)",
             number, number, content, number, number);
    run(sql);
}

START_TEST(version_before_the_privacy_reads_it_from_the_files) {
    migrate_to(BEFORE_PRIVACY);
    list_with_file(1, "d4:infod4:name1:a7:privatei1eee");
    list_with_file(2, "d4:infod4:name1:a7:privatei0eee");
    list_with_file(3, "d4:infod4:name1:aee");
    run("INSERT INTO listed VALUES (x'04', '', 5, NULL, NULL)");
    migrate_to(schema_version);
    ck_assert_str_eq(value("SELECT group_concat(ifnull(privacy, '-'), '') FROM"
                           " (SELECT * FROM listed ORDER BY info_hash)"),
                     "211-");
}
END_TEST

/* A table that is missing in schema_tables would be lost when a damaged file is replaced. */
START_TEST(table_of_tables_lists_every_table_and_column) {
    migrate_to(schema_version);
    ck_assert(schema_has_tables(db));
    ck_assert(schema_is_blank(db));
    char expected[16];
    snprintf(expected, sizeof expected, "%zu", schema_table_count);
    ck_assert_str_eq(value("SELECT count(*) FROM sqlite_master WHERE type = 'table'"), expected);
    for (size_t i = 0; i < schema_table_count; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT group_concat(name, ', ') FROM pragma_table_info('%s')",
                 schema_tables[i].name);
        ck_assert_str_eq(value(sql), schema_tables[i].columns);
    }
}
END_TEST

START_TEST(database_with_a_row_is_not_blank) {
    migrate_to(schema_version);
    run("INSERT INTO ban VALUES ('192.0.2.0/24', '', 0, 0); DELETE FROM ban;");
    ck_assert(!schema_is_blank(db));
    run("UPDATE registry_version SET version = 1");
    ck_assert(schema_is_blank(db));
    run("INSERT INTO secret VALUES ('a', x'01')");
    ck_assert(!schema_is_blank(db));
}
END_TEST

enum { BEFORE_PACKED = 12 };

static const int64_t joined_s = 1700000000;
static const int64_t later_s = 4000000000;

/* What the only row was packed to. */
static struct change packed_row(void) {
    struct change change;
    sqlite3_stmt *row;
    migrate_to(schema_version);
    ck_assert_str_eq(value("SELECT count(*) FROM swarm"), "1");
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT first, entries FROM swarm", -1, &row, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    struct bytes rest = { sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1) };
    ck_assert(packed_change_read(&rest, later_s, &change));
    ck_assert_uint_eq(rest.len, 0);
    const struct swarm_key key = swarm_key_of(&change);
    ck_assert_int_eq(sqlite3_column_type(row, 0), SQLITE_BLOB);
    ck_assert_int_eq(sqlite3_column_bytes(row, 0), key.len);
    ck_assert_mem_eq(sqlite3_column_blob(row, 0), key.bytes, key.len);
    sqlite3_finalize(row);
    return change;
}

static void add_old_peer(const char *values) {
    char sql[512];
    migrate_to(BEFORE_PACKED);
    snprintf(sql, sizeof sql,
             "INSERT INTO peer (info_hash, endpoint, peer_id, key, left, paused, counted,"
             " interval_s, since_s, passkey) VALUES (%s)",
             values);
    run(sql);
}

#define OLD_HASH "x'00ff8001020304050607080910111213141516f7'"
#define OLD_ID "x'2d534b303030312d00ff80c3a9414243444546f0'"

START_TEST(old_peers_are_packed) {
    add_old_peer(OLD_HASH ", x'7f00fe011a00', " OLD_ID
                          ", 4294967295, 9223372036854775807, 1, 0,"
                          " 1800, 1700000000, -2");
    const struct change peer = packed_row();
    ck_assert_int_eq(peer.kind, CHANGE_PEER_JOINED);
    ck_assert_uint_eq(peer.info_hash[1], 0xff);
    ck_assert_uint_eq(peer.peer.family, FAMILY_V4);
    ck_assert_uint_eq(endpoint_port(&peer.peer), 0x1a00);
    ck_assert_uint_eq(peer.peer_id[9], 0xff);
    ck_assert_uint_eq(peer.key, UINT32_MAX);
    ck_assert_uint_eq(peer.left, INT64_MAX);
    ck_assert_uint_eq(peer.interval_s, 1800);
    ck_assert_uint_eq(peer.age_s, later_s - joined_s);
    ck_assert_uint_eq(peer.passkey_tag, UINT64_MAX - 1);
    ck_assert(peer.paused && !peer.counted);
}
END_TEST

START_TEST(old_seeders_of_ipv6_are_packed) {
    add_old_peer(OLD_HASH ", x'20010db80000000000000000000000ff0050', " OLD_ID
                          ", 0, 0, 0, 1, 32767, 0, 0");
    const struct change peer = packed_row();
    ck_assert_uint_eq(peer.peer.family, FAMILY_V6);
    ck_assert_uint_eq(endpoint_port(&peer.peer), 80);
    ck_assert_uint_eq(peer.left, 0);
    ck_assert_uint_eq(peer.interval_s, PACKED_INTERVAL_MAX_S);
    ck_assert_uint_eq(peer.passkey_tag, 0);
    ck_assert(!peer.paused && peer.counted);
}
END_TEST

START_TEST(old_torrents_are_packed) {
    migrate_to(BEFORE_PACKED);
    run("INSERT INTO torrent VALUES (" OLD_HASH ", 4294967295, 1700000000)");
    const struct change torrent = packed_row();
    ck_assert_int_eq(torrent.kind, CHANGE_TORRENT);
    ck_assert_uint_eq(torrent.downloaded, UINT32_MAX);
    ck_assert_uint_eq(torrent.age_s, later_s - joined_s);
}
END_TEST

static const char *const absurd_times[] = { "-9223372036854775807", "-1", "9223372036854775807",
                                            "'yesterday'", "-1e300" };

/* As if the peer had joined now. */
START_TEST(absurd_time_is_packed_as_unknown) {
    char values[256];
    snprintf(values, sizeof values, OLD_HASH ", x'7f00fe011a00', " OLD_ID ", 0, 0, 0, 0, 0, %s, 0",
             absurd_times[_i]);
    add_old_peer(values);
    ck_assert_int_le(packed_row().age_s, later_s - clock_unix_s() + 60);
}
END_TEST

/* Rows that no tracker has written. */
static const char *const absurd_rows[] = {
    "INSERT INTO torrent VALUES (x'01', 1, 0)",
    "INSERT INTO torrent VALUES (" OLD_HASH ", 'many', 0)",
    "INSERT INTO torrent VALUES (" OLD_HASH ", 0, 0)",
    "INSERT INTO torrent VALUES (" OLD_HASH ", -1, 0)",
    "INSERT INTO torrent VALUES (" OLD_HASH ", 4294967296, 0)",
    "INSERT INTO peer VALUES (x'01', x'7f0000011a00', zeroblob(20), 0, 0, 0, 0, 0, 0, 0)",
    "INSERT INTO peer VALUES (" OLD_HASH ", x'7f00', zeroblob(20), 0, 0, 0, 0, 0, 0, 0)",
    "INSERT INTO peer VALUES (" OLD_HASH ", x'7f0000010000', zeroblob(20), 0, 0, 0, 0, 0, 0, 0)",
    "INSERT INTO peer VALUES (" OLD_HASH ", '123456', zeroblob(20), 0, 0, 0, 0, 0, 0, 0)",
    "INSERT INTO peer VALUES (" OLD_HASH ", x'7f0000011a00', x'01', 0, 0, 0, 0, 0, 0, 0)",
    "INSERT INTO peer VALUES (" OLD_HASH ", x'7f0000011a00', zeroblob(20), -1, 0, 0, 0, 0, 0, 0)",
    "INSERT INTO peer VALUES (" OLD_HASH ", x'7f0000011a00', zeroblob(20), 0, 0, 2, 0, 0, 0, 0)",
    "INSERT INTO peer VALUES (" OLD_HASH ", x'7f0000011a00', zeroblob(20), 0, 0, 0, 0, -1, 0, 0)",
    "INSERT INTO peer VALUES (" OLD_HASH
    ", x'7f0000011a00', zeroblob(20), 0, 0, 0, 0, 99999, 0, 0)",
};

START_TEST(absurd_row_is_left_out) {
    migrate_to(BEFORE_PACKED);
    run(absurd_rows[_i]);
    migrate_to(schema_version);
    ck_assert_str_eq(value("SELECT count(*) FROM swarm"), "0");
}
END_TEST

/* As after damage that SQLite does not notice. */
START_TEST(old_row_that_is_there_twice_is_packed_once) {
    migrate_to(BEFORE_PACKED);
    run("CREATE TABLE twice AS SELECT * FROM peer; DROP TABLE peer;"
        "ALTER TABLE twice RENAME TO peer;");
    for (int i = 0; i < 2; i++)
        run("INSERT INTO peer VALUES (" OLD_HASH
            ", x'7f0000011a00', zeroblob(20), 0, 0, 0, 0, 0, 0, 0)");
    ck_assert_uint_eq(packed_row().peer_id[0], 0);
}
END_TEST

START_TEST(old_rows_share_new_rows) {
    migrate_to(BEFORE_PACKED);
    run("WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 9999)"
        " INSERT INTO peer SELECT CAST(char(n % 100) || zeroblob(19) AS BLOB),"
        " CAST(zeroblob(3) || char(n / 100) || x'1a00' AS BLOB), zeroblob(20), n, n, 0, 0, 0, 0, 0"
        " FROM number");
    run("INSERT INTO torrent SELECT DISTINCT info_hash, 1, 0 FROM peer");
    migrate_to(schema_version);
    ck_assert_str_eq(value("SELECT sum(length(entries)) = 10000 * 65 - 8 + 100 * 29 FROM swarm"),
                     "1");
    ck_assert_str_eq(value("SELECT count(*) BETWEEN 470 AND 520 FROM swarm"), "1");
    ck_assert_str_eq(value("SELECT max(length(entries)) < 1900 FROM swarm"), "1");
    ck_assert_str_eq(
        value("SELECT count(*) FROM swarm WHERE substr(entries, 2, 20) <> substr(first, 1, 20)"),
        "0");
}
END_TEST

START_TEST(missing_column_is_noticed) {
    migrate_to(schema_version);
    run("ALTER TABLE swarm RENAME COLUMN entries TO x");
    ck_assert(!schema_has_tables(db));
}
END_TEST

UNIT_SUITE(schema) {
    Suite *suite = suite_create("schema");
    TCase *forward = tcase_create("forward");
    tcase_add_checked_fixture(forward, create_database, remove_database);
    tcase_add_test(forward, empty_database_takes_every_step);
    tcase_add_test(forward, steps_forward_keep_the_data);
    tcase_add_test(forward, jump_over_several_versions_keeps_the_data);
    tcase_add_test(forward, current_version_is_left_alone);
    tcase_add_test(forward, own_steps_lead_to_the_own_version);
    tcase_add_test(forward, version_before_the_history_keeps_what_it_has);
    tcase_add_test(forward, version_before_the_blocked_torrents_keeps_what_it_has);
    tcase_add_test(forward, version_before_the_machines_keeps_what_it_has);
    tcase_add_test(forward, version_before_the_privacy_reads_it_from_the_files);
    tcase_add_test(forward, old_peers_are_packed);
    tcase_add_test(forward, old_seeders_of_ipv6_are_packed);
    tcase_add_test(forward, old_torrents_are_packed);
    tcase_add_loop_test(forward, absurd_time_is_packed_as_unknown, 0, COUNT_OF(absurd_times));
    tcase_add_loop_test(forward, absurd_row_is_left_out, 0, COUNT_OF(absurd_rows));
    tcase_add_test(forward, old_row_that_is_there_twice_is_packed_once);
    tcase_add_test(forward, old_rows_share_new_rows);
    tcase_add_test(forward, table_of_tables_lists_every_table_and_column);
    tcase_add_test(forward, database_with_a_row_is_not_blank);
    tcase_add_test(forward, missing_column_is_noticed);
    suite_add_tcase(suite, forward);

    TCase *refused = tcase_create("refused");
    tcase_add_checked_fixture(refused, create_database, remove_database);
    tcase_add_test(refused, failing_step_leaves_the_version_before_it);
    tcase_add_test(refused, failing_first_step_leaves_an_empty_file);
    tcase_add_test(refused, newer_database_is_refused);
    tcase_add_test(refused, negative_version_is_refused);
    tcase_add_loop_test(refused, database_of_another_program_is_refused, 0, LOOPS_OF(strangers));
    tcase_add_test(refused, file_that_is_no_database_counts_as_damaged);
    tcase_add_test(refused, locked_database_is_refused);
    suite_add_tcase(suite, refused);
    return suite;
}
