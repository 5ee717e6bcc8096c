#include "store/registry_rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "registry_support.h"
#include "store/store.h"
#include "support.h"

enum { NOW_S = 1700000000, ROWS_MAX = 8, SHORT_TIMEOUT_MS = 50 };

static struct directory directory;
static char error[ERROR_LEN];
static struct registry_rows *rows;
static struct registry_row seen[ROWS_MAX];
static size_t seen_count;

static void open_rows(int timeout_ms) {
    rows = registry_rows_open(directory.database, timeout_ms, error);
    ck_assert_msg(rows != NULL, "%s", error);
}

static void create_database(void) {
    directory = directory_create();
    store_close(store_open(directory.database, error));
    open_rows(REGISTRY_TIMEOUT_MS);
}

static void remove_database(void) {
    registry_rows_close(rows);
    directory_remove(&directory);
}

#define ASSERT_GOOD(call) ck_assert_msg((call), "%s", registry_rows_failure(rows))

static void run_sql(const char *sql) {
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(directory.database, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static int64_t read_number(const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    ck_assert_int_eq(sqlite3_open(directory.database, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    const int64_t number = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return number;
}

static int64_t files(void) {
    return read_number("SELECT count(*) FROM torrent_file");
}

/* Rows of the tables, by number. */

static struct registry_row torrent(uint32_t number, const char *name) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, number);
    struct registry_row row = test_torrent_row(REGISTRY_TORRENT, info_hash);
    row.since_s = NOW_S + number;
    snprintf(row.text, sizeof row.text, "%s", name);
    return row;
}

static struct registry_row block(uint32_t number, const char *reason) {
    struct registry_row row = torrent(number, "");
    row.kind = REGISTRY_BLOCK;
    snprintf(row.reason, sizeof row.reason, "%s", reason);
    return row;
}

static struct registry_row passkey(uint32_t number, const char *label) {
    uint8_t digest[SHA256_LEN];
    digest_sha256(&number, sizeof number, digest);
    struct registry_row row = test_passkey_row(digest, label);
    row.since_s = NOW_S;
    return row;
}

static struct registry_row ban(const char *network, const char *reason, int64_t until_s) {
    struct registry_row row = test_ban_row(network, reason);
    row.since_s = NOW_S;
    row.until_s = until_s;
    return row;
}

static struct registry_row machine(const char *address, const char *name) {
    struct endpoint endpoint;
    ck_assert(endpoint_parse_address(address, &endpoint));
    struct registry_row row = registry_machine(&endpoint);
    row.since_s = NOW_S;
    snprintf(row.text, sizeof row.text, "%s", name);
    return row;
}

static void put(struct registry_row row) {
    ASSERT_GOOD(registry_rows_put(rows, &row, (struct bytes){ .len = 0 }));
}

/* Returns whether it was there. */
static bool take(struct registry_row row) {
    bool found = false;
    ASSERT_GOOD(registry_rows_remove(rows, &row, &found));
    return found;
}

static bool find(struct registry_row *row) {
    bool found = false;
    ASSERT_GOOD(registry_rows_find(rows, row, &found));
    return found;
}

static void keep_row(void *context, const struct registry_row *row) {
    ck_assert_int_eq(row->kind, *(const enum registry_kind *)context);
    ck_assert_uint_lt(seen_count, ROWS_MAX);
    seen[seen_count++] = *row;
}

static size_t visit(enum registry_kind kind) {
    seen_count = 0;
    ASSERT_GOOD(registry_rows_visit(rows, kind, keep_row, &kind));
    return seen_count;
}

START_TEST(torrents_are_visited_by_name_until_they_are_removed) {
    put(torrent(2, "beta"));
    put(torrent(1, "alpha"));
    put(torrent(3, ""));
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 3);
    ck_assert_str_eq(seen[0].text, "");
    ck_assert_str_eq(seen[1].text, "alpha");
    ck_assert_str_eq(seen[2].text, "beta");
    ck_assert_int_eq(seen[1].since_s, NOW_S + 1);
    ck_assert_mem_eq(seen[1].info_hash, torrent(1, "").info_hash, INFO_HASH_LEN);
    ck_assert(take(torrent(2, "")));
    ck_assert(!take(torrent(2, "")));
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 2);
}
END_TEST

START_TEST(torrent_that_is_put_again_takes_its_new_name) {
    put(torrent(1, "old"));
    put(torrent(1, "new"));
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 1);
    ck_assert_str_eq(seen[0].text, "new");
}
END_TEST

START_TEST(blocked_torrent_is_no_registered_one) {
    put(block(2, "law"));
    put(block(1, ""));
    put(torrent(2, "named"));
    ck_assert_uint_eq(visit(REGISTRY_BLOCK), 2);
    ck_assert_int_lt(memcmp(seen[0].info_hash, seen[1].info_hash, INFO_HASH_LEN), 0);
    struct registry_row row = block(2, "");
    ck_assert(find(&row));
    ck_assert_int_eq(row.kind, REGISTRY_BLOCK);
    ck_assert_str_eq(row.reason, "law");
    ck_assert_int_eq(row.since_s, NOW_S + 2);
    put(block(2, "another"));
    ck_assert(find(&row));
    ck_assert_str_eq(row.reason, "another");
    ck_assert(take(block(2, "")));
    ck_assert(!take(block(2, "")));
    ck_assert(!find(&row));
    ck_assert_uint_eq(visit(REGISTRY_BLOCK), 1);
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 1);
}
END_TEST

START_TEST(passkeys_are_visited_by_label_until_they_are_removed) {
    bool found = false;
    put(passkey(1, "bob"));
    put(passkey(2, "alice"));
    put(passkey(3, "carol"));
    ck_assert_uint_eq(visit(REGISTRY_PASSKEY), 3);
    ck_assert_str_eq(seen[0].text, "alice");
    ck_assert_str_eq(seen[1].text, "bob");
    ck_assert_int_eq(seen[1].since_s, NOW_S);
    ck_assert_mem_eq(seen[1].digest, passkey(1, "").digest, SHA256_LEN);
    ASSERT_GOOD(registry_rows_remove_label(rows, "bob", &found));
    ck_assert(found);
    ASSERT_GOOD(registry_rows_remove_label(rows, "bob", &found));
    ck_assert(!found);
    ck_assert(take(passkey(2, "")));
    ck_assert(!take(passkey(2, "")));
    ck_assert_uint_eq(visit(REGISTRY_PASSKEY), 1);
    ck_assert_str_eq(seen[0].text, "carol");
}
END_TEST

START_TEST(label_names_one_passkey_only) {
    bool found = false;
    put(passkey(1, "bob"));
    const struct registry_row second = passkey(2, "bob");
    ck_assert(!registry_rows_put(rows, &second, (struct bytes){ .len = 0 }));
    ck_assert_ptr_nonnull(strstr(registry_rows_failure(rows), "already exists"));
    ck_assert(!registry_rows_busy(rows));
    ASSERT_GOOD(registry_rows_has_label(rows, "bob", &found));
    ck_assert(found);
    ASSERT_GOOD(registry_rows_has_label(rows, "bobby", &found));
    ck_assert(!found);
    put(passkey(2, "bobby"));
    ck_assert_uint_eq(visit(REGISTRY_PASSKEY), 2);
}
END_TEST

START_TEST(bans_are_visited_by_network_until_they_are_removed) {
    put(ban("2001:db8::/32", "", 0));
    put(ban("192.0.2.0/24", "net", NOW_S + 99));
    ck_assert_uint_eq(visit(REGISTRY_BAN), 2);
    ck_assert_str_eq(seen[0].text, "192.0.2.0/24");
    ck_assert_str_eq(seen[0].reason, "net");
    ck_assert_int_eq(seen[0].until_s, NOW_S + 99);
    ck_assert_int_eq(seen[0].since_s, NOW_S);
    ck_assert_str_eq(seen[1].text, "2001:db8::/32");
    ck_assert_int_eq(seen[1].until_s, 0);
    ck_assert(take(ban("192.0.2.0/24", "", 0)));
    ck_assert(!take(ban("192.0.2.0/24", "", 0)));
    ck_assert(!take(ban("2001:db8::/33", "", 0)));
    ck_assert_uint_eq(visit(REGISTRY_BAN), 1);
}
END_TEST

START_TEST(ban_of_an_address_is_one_however_it_is_written) {
    put(ban("192.0.2.1", "first", NOW_S + 10));
    put(ban("::ffff:192.0.2.1", "second", NOW_S + 20));
    put(ban("2001:db8:0:0::1", "third", 0));
    ck_assert_uint_eq(visit(REGISTRY_BAN), 2);
    ck_assert_str_eq(seen[0].reason, "second");
    ck_assert_int_eq(seen[0].until_s, NOW_S + 20);
    ck_assert(take(ban("192.0.2.1/32", "", 0)));
    ck_assert(take(ban("2001:db8::1/128", "", 0)));
}
END_TEST

START_TEST(machine_has_one_name_however_its_address_is_written) {
    put(machine("192.0.2.1", "first"));
    put(machine("::ffff:192.0.2.1", "second"));
    put(machine("2001:db8:0::1", "third"));
    run_sql("INSERT INTO machine VALUES ('192.0.2.0/24', 'no address', 0)");
    ck_assert_uint_eq(visit(REGISTRY_MACHINE), 2);
    ck_assert_str_eq(seen[0].text, "second");
    ck_assert_int_eq(seen[0].since_s, NOW_S);
    ck_assert_str_eq(seen[1].text, "third");
    ck_assert(take(machine("2001:db8::1", "")));
    ck_assert(!take(machine("192.0.2.2", "")));
    ck_assert_uint_eq(visit(REGISTRY_MACHINE), 1);
}
END_TEST

START_TEST(bans_that_ended_are_removed) {
    put(ban("192.0.2.1", "", NOW_S + 10));
    put(ban("192.0.2.2", "", NOW_S + 20));
    put(ban("192.0.2.3", "", 0));
    ASSERT_GOOD(registry_rows_remove_ended(rows, NOW_S + 9));
    ck_assert_uint_eq(visit(REGISTRY_BAN), 3);
    ASSERT_GOOD(registry_rows_remove_ended(rows, NOW_S + 10));
    ck_assert_uint_eq(visit(REGISTRY_BAN), 2);
    ck_assert_str_eq(seen[0].text, "192.0.2.2/32");
    ASSERT_GOOD(registry_rows_remove_ended(rows, INT64_MAX));
    ck_assert_uint_eq(visit(REGISTRY_BAN), 1);
    ck_assert_str_eq(seen[0].text, "192.0.2.3/32");
}
END_TEST

static const enum registry_kind kinds[] = { REGISTRY_TORRENT, REGISTRY_BLOCK, REGISTRY_PASSKEY,
                                            REGISTRY_BAN, REGISTRY_MACHINE };

static struct registry_row row_of_kind(enum registry_kind kind, uint32_t number) {
    char text[NETWORK_TEXT_LEN];
    snprintf(text, sizeof text, "192.0.2.%u", number);
    const struct registry_row all[] = {
        [REGISTRY_TORRENT] = torrent(number, text),
        [REGISTRY_BLOCK] = block(number, text),
        [REGISTRY_PASSKEY] = passkey(number, text),
        [REGISTRY_BAN] = ban(text, text, NOW_S + number),
        [REGISTRY_MACHINE] = machine(text, "Anna's laptop"),
    };
    return all[kind];
}

START_TEST(row_is_found_as_it_was_put) {
    const struct registry_row before = row_of_kind(kinds[_i], 1);
    struct registry_row row = before;
    put(row_of_kind(kinds[_i], 2));
    ck_assert(!find(&row));
    put(before);
    memset(row.text, 'x', sizeof row.text - 1);
    row.since_s = row.until_s = 7;
    ck_assert(find(&row));
    ck_assert_int_eq(row.kind, before.kind);
    ck_assert_str_eq(row.text, before.text);
    ck_assert_str_eq(row.reason, before.reason);
    ck_assert_int_eq(row.since_s, before.since_s);
    ck_assert_int_eq(row.until_s, before.until_s);
    ck_assert_mem_eq(row.digest, before.digest, SHA256_LEN);
}
END_TEST

static int64_t version(void) {
    return read_number("SELECT version FROM registry_version");
}

START_TEST(version_goes_up_with_each_change_only) {
    const struct registry_row row = row_of_kind(kinds[_i], 1);
    const int64_t first = version();
    ck_assert(!take(row));
    ck_assert_uint_eq(visit(kinds[_i]), 0);
    ck_assert_int_eq(version(), first);
    put(row);
    const int64_t second = version();
    ck_assert_int_gt(second, first);
    ck_assert(take(row));
    ck_assert_int_gt(version(), second);
}
END_TEST

static const char *const plain_changes[] = {
    "INSERT INTO listed (info_hash, name, added_s) VALUES (zeroblob(20), 'by hand', 1)",
    "UPDATE listed SET name = 'other'",
    "DELETE FROM listed",
    "INSERT INTO torrent_file VALUES (1, x'00', 'content')",
    "UPDATE torrent_file SET content = 'other'",
    "DELETE FROM torrent_file",
    "INSERT INTO blocked VALUES (zeroblob(20), '', 1)",
    "INSERT INTO machine VALUES ('192.0.2.1', 'x', 1)",
    "UPDATE machine SET name = 'y'",
    "UPDATE blocked SET reason = 'other'",
    "DELETE FROM blocked",
    "INSERT INTO passkey VALUES (zeroblob(32), 'by hand', 1)",
    "UPDATE passkey SET label = 'other'",
    "DELETE FROM passkey",
    "INSERT INTO ban VALUES ('192.0.2.1/32', '', 0, 1)",
    "UPDATE ban SET reason = 'other'",
    "DELETE FROM ban",
};

START_TEST(change_by_hand_is_seen_by_the_version) {
    int64_t last = version();
    for (size_t i = 0; i < COUNT_OF(plain_changes); i++) {
        run_sql(plain_changes[i]);
        ck_assert_int_gt(version(), last);
        last = version();
    }
}
END_TEST

START_TEST(over_long_name_is_cut_where_it_is_read) {
    run_sql(
        "INSERT INTO listed (info_hash, name, added_s)"
        " VALUES (zeroblob(20), replace(hex(zeroblob(300)), '00', 'n'), 1)");
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 1);
    ck_assert_uint_eq(strlen(seen[0].text), REGISTRY_TEXT_LEN - 1);
    ck_assert_str_eq(seen[0].text + REGISTRY_TEXT_LEN - 5, "n\xe2\x80\xa6");
}
END_TEST

static const char *const reasons_by_hand[] = {
    "DELETE FROM ban; INSERT INTO ban VALUES ('192.0.2.1/32', '%s', 0, 1)",
    "DELETE FROM blocked; INSERT INTO blocked VALUES (zeroblob(20), '%s', 1)",
};

START_TEST(no_character_of_a_long_reason_is_cut_in_half) {
    static const enum registry_kind kind[] = { REGISTRY_BAN, REGISTRY_BLOCK };
    char reason[3 * REFUSAL_DETAIL_LEN + 1];
    char sql[sizeof reason + 128];
    for (size_t i = 0; i + 3 < sizeof reason; i += 3)
        memcpy(reason + i, "\xe2\x82\xac", 4);
    memset(reason, 'r', 3);
    for (size_t first = 0; first < 3; first++) {
        snprintf(sql, sizeof sql, reasons_by_hand[_i], reason + first);
        run_sql(sql);
        ck_assert_uint_eq(visit(kind[_i]), 1);
        const size_t ascii = 3 - first;
        ck_assert_uint_eq((strlen(seen[0].reason) - ascii) % 3, 0);
        ck_assert_uint_gt(strlen(seen[0].reason), REFUSAL_DETAIL_LEN - 4);
    }
}
END_TEST

START_TEST(rows_of_a_wrong_shape_are_passed_over) {
    run_sql(
        "INSERT INTO listed (info_hash, name, added_s)"
        " VALUES (x'0102', 'short', 1), (x'', '', 'soon')");
    run_sql("INSERT INTO blocked VALUES (x'0102', 'short', 1)");
    run_sql("INSERT INTO passkey VALUES (x'01', 'short', 1)");
    run_sql(
        "INSERT INTO ban VALUES ('nowhere', '', 0, 1), ('192.0.2.1/24', '', 0, 1),"
        " ('192.0.2.5', 'by hand', 0, 1)");
    put(torrent(1, ""));
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 1);
    ck_assert_uint_eq(visit(REGISTRY_BLOCK), 0);
    ck_assert_uint_eq(visit(REGISTRY_PASSKEY), 0);
    ck_assert_uint_eq(visit(REGISTRY_BAN), 1);
    ck_assert_str_eq(seen[0].reason, "by hand");
}
END_TEST

START_TEST(absurd_numbers_are_taken_as_unknown_or_passed_over) {
    put(torrent(1, "a film"));
    run_sql("UPDATE listed SET added_s = -9223372036854775807, size = -1");
    run_sql(
        "INSERT INTO ban VALUES ('192.0.2.1', 'before time', -1, 1),"
        " ('192.0.2.2', 'after time', 9223372036854775807, 1),"
        " ('192.0.2.3', 'by hand', 0, 9223372036854775807)");
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 1);
    ck_assert_int_eq(seen[0].since_s, 0);
    ck_assert_uint_eq(seen[0].size, 0);
    ck_assert_uint_eq(visit(REGISTRY_BAN), 1);
    ck_assert_str_eq(seen[0].reason, "by hand");
    ck_assert_int_eq(seen[0].since_s, 0);
}
END_TEST

/* Files of torrents. */

static bool put_with(struct registry_row row, const char *file) {
    return registry_rows_put(rows, &row, bytes_of(file));
}

/* A torrent of 5 bytes with a file. */
static void add(uint32_t number, const char *file) {
    struct registry_row row = torrent(number, "a film");
    row.size = 5;
    row.privacy = PRIVACY_PRIVATE;
    ASSERT_GOOD(put_with(row, file));
}

/* Numbers 1 and 2 are the two info_hashes of a hybrid torrent. */
static void add_hybrid(const char *file) {
    add(1, file);
    add(2, file);
}

static void assert_file(uint32_t number, const char *expected) {
    uint8_t *file = NULL;
    size_t len = 0;
    const struct registry_row row = torrent(number, "");
    ASSERT_GOOD(registry_rows_read_file(rows, row.info_hash, &file, &len));
    ck_assert_int_eq(file != NULL, expected != NULL);
    if (expected != NULL)
        assert_bytes((struct bytes){ .data = file, .len = len }, bytes_of(expected));
    free(file);
}

START_TEST(torrent_is_found_with_what_its_file_tells) {
    struct registry_row row = torrent(1, "");
    add(1, "content");
    ck_assert(find(&row));
    ck_assert_str_eq(row.text, "a film");
    ck_assert_uint_eq(row.size, 5);
    ck_assert_int_eq(row.file_id, registry_file_id(bytes_of("content")));
    ck_assert_int_eq(row.privacy, PRIVACY_PRIVATE);
    assert_file(1, "content");
    assert_file(2, NULL);
}
END_TEST

START_TEST(torrent_without_size_and_file_has_none) {
    struct registry_row row = torrent(1, "");
    put(row);
    ck_assert(find(&row));
    ck_assert_uint_eq(row.size, 0);
    ck_assert_int_eq(row.file_id, 0);
    ck_assert_int_eq(row.privacy, PRIVACY_UNKNOWN);
    assert_file(1, NULL);
    ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(file_of_any_bytes_is_kept_as_it_is) {
    enum { LEN = 300000 };
    uint8_t *content = malloc(LEN);
    uint8_t *file = NULL;
    size_t len = 0;
    for (size_t i = 0; i < LEN; i++)
        content[i] = (uint8_t)(i * i >> 3);
    struct registry_row large = torrent(1, "");
    large.size = INT64_MAX;
    ASSERT_GOOD(registry_rows_put(rows, &large, (struct bytes){ .data = content, .len = LEN }));
    ASSERT_GOOD(registry_rows_read_file(rows, large.info_hash, &file, &len));
    ck_assert_uint_eq(len, LEN);
    ck_assert(memcmp(file, content, LEN) == 0);
    large.size = 0;
    ck_assert(find(&large) && large.size == INT64_MAX);
    free(file);
    free(content);
}
END_TEST

START_TEST(torrent_beyond_the_bounds_is_refused) {
    struct registry_row large = torrent(1, "");
    struct bytes file = bytes_of("content");
    large.size = (uint64_t)INT64_MAX + 1;
    ck_assert(!registry_rows_put(rows, &large, file));
    ck_assert_ptr_nonnull(strstr(registry_rows_failure(rows), "too large"));
    large.size = 5;
    file.len = REGISTRY_FILE_MAX + 1;
    ck_assert(!registry_rows_put(rows, &large, file));
    ck_assert(!find(&large));
    ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(put_again_without_a_file_it_keeps_what_the_file_told) {
    struct registry_row row = torrent(1, "another name");
    add(1, "content");
    put(row);
    ck_assert(find(&row));
    ck_assert_str_eq(row.text, "another name");
    ck_assert_uint_eq(row.size, 5);
    ck_assert_int_eq(row.privacy, PRIVACY_PRIVATE);
    assert_file(1, "content");
}
END_TEST

START_TEST(put_again_with_another_file_it_has_that) {
    add(1, "content");
    add(1, "other content");
    assert_file(1, "other content");
    ck_assert_int_eq(files(), 1);
}
END_TEST

START_TEST(versions_of_a_hybrid_share_one_file) {
    struct registry_row one = torrent(1, "");
    struct registry_row other = torrent(2, "");
    add_hybrid("content");
    ck_assert(find(&one) && find(&other));
    ck_assert_int_eq(one.file_id, other.file_id);
    ck_assert_int_eq(files(), 1);
    assert_file(1, "content");
    assert_file(2, "content");
}
END_TEST

START_TEST(file_goes_with_the_last_that_has_it) {
    add_hybrid("content");
    add(3, "other content");
    ck_assert(take(torrent(1, "")));
    ck_assert_int_eq(files(), 2);
    assert_file(2, "content");
    ck_assert(take(torrent(2, "")));
    ck_assert_int_eq(files(), 1);
    assert_file(3, "other content");
    ck_assert(take(torrent(3, "")));
    ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(file_of_one_version_stays_where_the_other_gets_another) {
    add_hybrid("content");
    add(2, "other content");
    assert_file(1, "content");
    assert_file(2, "other content");
    ck_assert_int_eq(files(), 2);
}
END_TEST

/* Earlier versions of skepd numbered the files. */
START_TEST(file_that_is_stored_with_another_id_is_shared) {
    struct registry_row one = torrent(1, "");
    struct registry_row other = torrent(2, "");
    add(1, "content");
    run_sql("UPDATE torrent_file SET id = 1; UPDATE listed SET file_id = 1");
    add(2, "content");
    ck_assert(find(&one) && find(&other));
    ck_assert_int_eq(one.file_id, 1);
    ck_assert_int_eq(other.file_id, 1);
    ck_assert_int_eq(files(), 1);
    assert_file(2, "content");
}
END_TEST

/* Transactions. */

START_TEST(rows_of_a_transaction_are_seen_by_others_when_it_is_committed) {
    ASSERT_GOOD(registry_rows_begin(rows));
    put(torrent(1, ""));
    put(passkey(1, "bob"));
    ck_assert_int_eq(read_number("SELECT count(*) FROM listed"), 0);
    ASSERT_GOOD(registry_rows_commit(rows));
    ck_assert_int_eq(read_number("SELECT count(*) FROM listed, passkey"), 1);
}
END_TEST

START_TEST(transaction_that_fails_leaves_nothing_and_keeps_its_reason) {
    run_sql(
        "CREATE TRIGGER no AFTER INSERT ON listed WHEN (SELECT count(*) FROM listed) = 2"
        " BEGIN SELECT raise(ABORT, 'not this one'); END;");
    ASSERT_GOOD(registry_rows_begin(rows));
    add(1, "content");
    ck_assert(!put_with(torrent(2, ""), "content"));
    registry_rows_roll_back(rows);
    ck_assert_str_eq(registry_rows_failure(rows), "not this one");
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 0);
    ck_assert_int_eq(files(), 0);
    run_sql("DROP TRIGGER no");
    ASSERT_GOOD(registry_rows_begin(rows));
    add_hybrid("content");
    ASSERT_GOOD(registry_rows_commit(rows));
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 2);
}
END_TEST

/* Opening, and other connections. */

START_TEST(rows_are_there_again_when_the_database_is_opened_again) {
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        put(row_of_kind(kinds[i], 1));
    registry_rows_close(rows);
    open_rows(REGISTRY_TIMEOUT_MS);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        ck_assert_uint_eq(visit(kinds[i]), 1);
}
END_TEST

START_TEST(registry_and_store_share_the_file) {
    struct store *store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    put(torrent(1, ""));
    struct change change = { .kind = CHANGE_TORRENT, .downloaded = 3 };
    ck_assert(store_apply(store, &change, 1));
    ck_assert(!store_is_writing(store));
    put(torrent(2, ""));
    ck_assert(store_commit(store));
    put(torrent(3, ""));
    store_close(store);
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 3);
}
END_TEST

/* Lets the store begin a transaction, which it does when many changes wait. */
static struct store *open_writing_store(void) {
    struct store *store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    const struct change change = { .kind = CHANGE_TORRENT, .downloaded = 3 };
    while (!store_is_writing(store))
        REQUIRE(store_apply(store, &change, 1));
    return store;
}

START_TEST(other_writer_is_waited_for_and_then_busy_is_reported) {
    const struct registry_row row = passkey(1, "bob");
    put(torrent(1, ""));
    registry_rows_close(rows);
    open_rows(SHORT_TIMEOUT_MS);
    struct store *store = open_writing_store();
    ck_assert_uint_eq(visit(REGISTRY_TORRENT), 1);
    const uint64_t began_ms = clock_now_ms();
    ck_assert(!registry_rows_put(rows, &row, (struct bytes){ .len = 0 }));
    ck_assert_uint_ge(clock_now_ms() - began_ms, SHORT_TIMEOUT_MS - 10);
    ck_assert(registry_rows_busy(rows));
    ck_assert(!registry_rows_begin(rows));
    ck_assert(registry_rows_busy(rows));
    ck_assert(store_commit(store));
    ck_assert(!store_is_writing(store));
    put(row);
    ck_assert(!registry_rows_busy(rows));
    store_close(store);
}
END_TEST

static void assert_open_refused(const char *why) {
    registry_rows_close(rows);
    rows = registry_rows_open(directory.database, REGISTRY_TIMEOUT_MS, error);
    ck_assert_ptr_null(rows);
    ck_assert_msg(strstr(error, why) != NULL, "\"%s\" does not say \"%s\"", error, why);
    ck_assert_ptr_nonnull(strstr(error, directory.database));
    ck_assert_ptr_null(strchr(error, '\n'));
}

START_TEST(database_that_is_not_there_is_refused_and_not_made) {
    snprintf(directory.database, sizeof directory.database, "%s/none.db", directory.path);
    assert_open_refused("unable to open");
    ck_assert_ptr_null(fopen(directory.database, "r"));
}
END_TEST

START_TEST(database_of_another_program_is_refused) {
    snprintf(directory.database, sizeof directory.database, "%s/other.db", directory.path);
    run_sql("CREATE TABLE listed (info_hash BLOB)");
    assert_open_refused("another program");
}
END_TEST

START_TEST(database_from_the_future_is_refused) {
    run_sql("PRAGMA user_version = 1000");
    assert_open_refused("newer");
}
END_TEST

START_TEST(file_that_is_no_database_is_refused) {
    snprintf(directory.database, sizeof directory.database, "%s/text", directory.path);
    FILE *file = fopen(directory.database, "w");
    for (int i = 0; i < 1000; i++)
        REQUIRE(fputs("no database ", file) >= 0);
    ck_assert_int_eq(fclose(file), 0);
    assert_open_refused("not an SQLite database");
}
END_TEST

START_TEST(close_accepts_null) {
    registry_rows_close(NULL);
}
END_TEST

static TCase *create_case(Suite *suite, const char *name) {
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, create_database, remove_database);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_entries(TCase *tcase) {
    tcase_add_test(tcase, torrents_are_visited_by_name_until_they_are_removed);
    tcase_add_test(tcase, torrent_that_is_put_again_takes_its_new_name);
    tcase_add_test(tcase, blocked_torrent_is_no_registered_one);
    tcase_add_test(tcase, passkeys_are_visited_by_label_until_they_are_removed);
    tcase_add_test(tcase, label_names_one_passkey_only);
    tcase_add_test(tcase, bans_are_visited_by_network_until_they_are_removed);
    tcase_add_test(tcase, ban_of_an_address_is_one_however_it_is_written);
    tcase_add_test(tcase, machine_has_one_name_however_its_address_is_written);
    tcase_add_test(tcase, bans_that_ended_are_removed);
    tcase_add_loop_test(tcase, row_is_found_as_it_was_put, 0, LOOPS_OF(kinds));
    tcase_add_loop_test(tcase, version_goes_up_with_each_change_only, 0, LOOPS_OF(kinds));
    tcase_add_test(tcase, change_by_hand_is_seen_by_the_version);
    tcase_add_test(tcase, over_long_name_is_cut_where_it_is_read);
    tcase_add_loop_test(tcase, no_character_of_a_long_reason_is_cut_in_half, 0,
                        LOOPS_OF(reasons_by_hand));
    tcase_add_test(tcase, rows_of_a_wrong_shape_are_passed_over);
    tcase_add_test(tcase, absurd_numbers_are_taken_as_unknown_or_passed_over);
}

static void add_files(TCase *tcase) {
    tcase_add_test(tcase, torrent_is_found_with_what_its_file_tells);
    tcase_add_test(tcase, torrent_without_size_and_file_has_none);
    tcase_add_test(tcase, file_of_any_bytes_is_kept_as_it_is);
    tcase_add_test(tcase, torrent_beyond_the_bounds_is_refused);
    tcase_add_test(tcase, put_again_without_a_file_it_keeps_what_the_file_told);
    tcase_add_test(tcase, put_again_with_another_file_it_has_that);
    tcase_add_test(tcase, versions_of_a_hybrid_share_one_file);
    tcase_add_test(tcase, file_goes_with_the_last_that_has_it);
    tcase_add_test(tcase, file_of_one_version_stays_where_the_other_gets_another);
    tcase_add_test(tcase, file_that_is_stored_with_another_id_is_shared);
}

static void add_opening(TCase *tcase) {
    tcase_add_test(tcase, rows_are_there_again_when_the_database_is_opened_again);
    tcase_add_test(tcase, registry_and_store_share_the_file);
    tcase_add_test(tcase, other_writer_is_waited_for_and_then_busy_is_reported);
    tcase_add_test(tcase, database_that_is_not_there_is_refused_and_not_made);
    tcase_add_test(tcase, database_of_another_program_is_refused);
    tcase_add_test(tcase, database_from_the_future_is_refused);
    tcase_add_test(tcase, file_that_is_no_database_is_refused);
    tcase_add_test(tcase, close_accepts_null);
}

UNIT_SUITE(registry_rows) {
    Suite *suite = suite_create("registry_rows");
    add_entries(create_case(suite, "entries"));
    add_files(create_case(suite, "files"));
    add_opening(create_case(suite, "opening"));

    TCase *transactions = create_case(suite, "transactions");
    tcase_add_test(transactions, rows_of_a_transaction_are_seen_by_others_when_it_is_committed);
    tcase_add_test(transactions, transaction_that_fails_leaves_nothing_and_keeps_its_reason);
    return suite;
}
