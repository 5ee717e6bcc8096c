#include "store/registry.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/store.h"
#include "support.h"

enum { NOW_S = 1700000000, ROWS_MAX = 8 };

static struct directory directory;
static char path[sizeof directory.path + 16];
static char error[ERROR_LEN];
static struct registry *registry;
static struct access *access;
static struct registry_row rows[ROWS_MAX];
static size_t row_count;

static void open_registry(void) {
    registry = registry_open(path, REGISTRY_TIMEOUT_MS, error);
    ck_assert_msg(registry != NULL, "%s", error);
}

static void create_registry(void) {
    directory = directory_create();
    snprintf(path, sizeof path, "%s/skep.db", directory.path);
    store_close(store_open(path, error));
    open_registry();
    access = NULL;
}

static void remove_registry(void) {
    access_delete(access);
    registry_close(registry);
    directory_remove(&directory);
}

#define ASSERT_GOOD(call) ck_assert_msg((call), "%s", registry_failure(registry))

/* Loads into a new access of that mode. Returns when the next ban expires. */
static int64_t load(enum access_mode mode, int64_t now_s) {
    const struct access_rules rules = { .mode = mode };
    int64_t next_end_s = -1;
    access_delete(access);
    access = access_create(&rules);
    ck_assert_ptr_nonnull(access);
    ASSERT_GOOD(registry_load(registry, now_s, access, &next_end_s));
    return next_end_s;
}

static void keep_row(void *context, const struct registry_row *row) {
    (void)context;
    ck_assert_uint_lt(row_count, ROWS_MAX);
    rows[row_count++] = *row;
}

static void visit(bool (*visit_all)(struct registry *, registry_visitor, void *)) {
    row_count = 0;
    ASSERT_GOOD(visit_all(registry, keep_row, NULL));
}

static void add_torrent(uint32_t number, const char *name) {
    struct registry_torrent torrent = { .hash_count = 1, .name = name };
    numbered_id(torrent.info_hashes[0], number);
    ASSERT_GOOD(registry_add_torrent(registry, &torrent, NOW_S + number));
}

static bool remove_torrent(uint32_t number) {
    uint8_t info_hash[INFO_HASH_LEN];
    bool found = false;
    numbered_id(info_hash, number);
    ASSERT_GOOD(registry_remove_torrent(registry, info_hash, &found));
    return found;
}

static bool lists(uint32_t number) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, number);
    return access_is_registered(access, info_hash);
}

START_TEST(torrents_are_listed_in_order_until_they_are_removed) {
    add_torrent(2, "beta");
    add_torrent(1, "alpha");
    add_torrent(3, "");
    visit(registry_visit_torrents);
    ck_assert_uint_eq(row_count, 3);
    ck_assert_str_eq(rows[0].text, "");
    ck_assert_str_eq(rows[1].text, "alpha");
    ck_assert_str_eq(rows[2].text, "beta");
    ck_assert_int_eq(rows[1].since_s, NOW_S + 1);
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, 1);
    ck_assert_mem_eq(rows[1].info_hash, info_hash, INFO_HASH_LEN);
    load(ACCESS_LISTED, NOW_S);
    ck_assert(lists(1) && lists(2) && lists(3) && !lists(4));
    ck_assert(remove_torrent(2));
    ck_assert(!remove_torrent(2));
    load(ACCESS_LISTED, NOW_S);
    ck_assert(lists(1) && !lists(2) && lists(3));
}
END_TEST

START_TEST(torrent_that_is_added_again_takes_its_new_name) {
    add_torrent(1, "old");
    add_torrent(1, "new");
    visit(registry_visit_torrents);
    ck_assert_uint_eq(row_count, 1);
    ck_assert_str_eq(rows[0].text, "new");
}
END_TEST

START_TEST(over_long_name_is_cut_where_it_is_shown) {
    char name[2 * REGISTRY_TEXT_LEN];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    add_torrent(1, name);
    visit(registry_visit_torrents);
    ck_assert_uint_eq(strlen(rows[0].text), REGISTRY_TEXT_LEN - 1);
}
END_TEST

static struct passkey passkey_numbered(uint32_t number) {
    struct passkey passkey = { .given = true };
    digest_sha256(&number, sizeof number, passkey.digest);
    return passkey;
}

static bool add_passkey(uint32_t number, const char *label) {
    bool taken;
    const bool good =
        registry_add_passkey(registry, passkey_numbered(number).digest, label, NOW_S, &taken);
    return good && !taken;
}

static enum announce_result judge(const char *address, const struct passkey *passkey,
                                  char detail[static REFUSAL_DETAIL_LEN]) {
    const struct endpoint from = endpoint_at(address, 1);
    const struct requester requester = { .address = &from, .passkey = passkey };
    detail[0] = '\0';
    return access_check(access, &requester, detail);
}

static enum announce_result judge_key(uint32_t number) {
    char detail[REFUSAL_DETAIL_LEN];
    const struct passkey passkey = passkey_numbered(number);
    return judge("192.0.2.1", &passkey, detail);
}

START_TEST(passkeys_let_in_until_they_are_revoked) {
    bool found = false;
    ASSERT_GOOD(add_passkey(1, "bob"));
    ASSERT_GOOD(add_passkey(2, "alice"));
    visit(registry_visit_passkeys);
    ck_assert_uint_eq(row_count, 2);
    ck_assert_str_eq(rows[0].text, "alice");
    ck_assert_str_eq(rows[1].text, "bob");
    ck_assert_int_eq(rows[1].since_s, NOW_S);
    load(ACCESS_PRIVATE, NOW_S);
    ck_assert_int_eq(judge_key(1), ANNOUNCE_OK);
    ck_assert_int_eq(judge_key(2), ANNOUNCE_OK);
    ck_assert_int_eq(judge_key(3), ANNOUNCE_PASSKEY_UNKNOWN);
    ASSERT_GOOD(registry_remove_passkey(registry, "bob", &found));
    ck_assert(found);
    load(ACCESS_PRIVATE, NOW_S);
    ck_assert_int_eq(judge_key(1), ANNOUNCE_PASSKEY_UNKNOWN);
    ck_assert_int_eq(judge_key(2), ANNOUNCE_OK);
    ASSERT_GOOD(registry_remove_passkey(registry, "bob", &found));
    ck_assert(!found);
}
END_TEST

START_TEST(label_names_one_passkey_only) {
    ASSERT_GOOD(add_passkey(1, "bob"));
    bool taken = false;
    const struct passkey second = passkey_numbered(2);
    ASSERT_GOOD(registry_add_passkey(registry, second.digest, "bob", NOW_S, &taken));
    ck_assert(taken);
    ASSERT_GOOD(add_passkey(2, "bobby"));
    load(ACCESS_PRIVATE, NOW_S);
    ck_assert_int_eq(judge_key(1), ANNOUNCE_OK);
}
END_TEST

static struct network network_of(const char *text) {
    struct network network;
    REQUIRE(network_parse(text, &network));
    return network;
}

static void add_ban(const char *text, const char *reason, int64_t until_s) {
    const struct network network = network_of(text);
    ASSERT_GOOD(registry_add_ban(registry, &network, reason, until_s, NOW_S));
}

static bool remove_ban(const char *text) {
    const struct network network = network_of(text);
    bool found = false;
    ASSERT_GOOD(registry_remove_ban(registry, &network, &found));
    return found;
}

static void assert_banned(const char *address, const char *reason) {
    const struct passkey none = { 0 };
    char detail[REFUSAL_DETAIL_LEN];
    ck_assert_int_eq(judge(address, &none, detail), ANNOUNCE_BANNED);
    ck_assert_str_eq(detail, reason);
}

static void assert_not_banned(const char *address) {
    const struct passkey none = { 0 };
    char detail[REFUSAL_DETAIL_LEN];
    ck_assert_int_eq(judge(address, &none, detail), ANNOUNCE_OK);
}

START_TEST(bans_hold_until_they_are_lifted) {
    add_ban("192.0.2.0/24", "net", 0);
    add_ban("2001:db8::/32", "", 0);
    visit(registry_visit_bans);
    ck_assert_uint_eq(row_count, 2);
    ck_assert_str_eq(rows[0].text, "192.0.2.0/24");
    ck_assert_str_eq(rows[0].reason, "net");
    ck_assert_int_eq(rows[0].until_s, 0);
    ck_assert_int_eq(rows[0].since_s, NOW_S);
    ck_assert_str_eq(rows[1].text, "2001:db8::/32");
    ck_assert_int_eq(load(ACCESS_OPEN, NOW_S), 0);
    assert_banned("192.0.2.200", "net");
    assert_banned("2001:db8:1::1", "");
    ck_assert(remove_ban("192.0.2.0/24"));
    ck_assert(!remove_ban("192.0.2.0/24"));
    ck_assert(!remove_ban("192.0.2.0/25"));
    load(ACCESS_OPEN, NOW_S);
    assert_not_banned("192.0.2.200");
    assert_banned("2001:db8:1::1", "");
}
END_TEST

START_TEST(ban_of_an_address_is_one_however_it_is_written) {
    add_ban("192.0.2.1", "first", 0);
    add_ban("::ffff:192.0.2.1", "second", 0);
    add_ban("2001:db8:0:0::1", "third", 0);
    visit(registry_visit_bans);
    ck_assert_uint_eq(row_count, 2);
    ck_assert_str_eq(rows[0].reason, "second");
    ck_assert(remove_ban("192.0.2.1/32"));
    ck_assert(remove_ban("2001:db8::1/128"));
}
END_TEST

START_TEST(ban_of_the_same_network_is_replaced) {
    add_ban("192.0.2.0/24", "old", NOW_S + 10);
    add_ban("192.0.2.0/24", "new", NOW_S + 99);
    visit(registry_visit_bans);
    ck_assert_uint_eq(row_count, 1);
    ck_assert_int_eq(rows[0].until_s, NOW_S + 99);
    ck_assert_int_eq(load(ACCESS_OPEN, NOW_S), NOW_S + 99);
    assert_banned("192.0.2.1", "new");
}
END_TEST

START_TEST(bans_that_ended_are_not_loaded) {
    add_ban("192.0.2.1", "", NOW_S + 10);
    add_ban("192.0.2.2", "", NOW_S + 20);
    add_ban("192.0.2.3", "", 0);
    ck_assert_int_eq(load(ACCESS_OPEN, NOW_S), NOW_S + 10);
    assert_banned("192.0.2.1", "");
    ck_assert_int_eq(load(ACCESS_OPEN, NOW_S + 9), NOW_S + 10);
    assert_banned("192.0.2.1", "");
    ck_assert_int_eq(load(ACCESS_OPEN, NOW_S + 10), NOW_S + 20);
    assert_not_banned("192.0.2.1");
    assert_banned("192.0.2.2", "");
    ck_assert_int_eq(load(ACCESS_OPEN, NOW_S + 20), 0);
    assert_not_banned("192.0.2.2");
    assert_banned("192.0.2.3", "");
}
END_TEST

START_TEST(over_long_reason_is_cut) {
    char reason[2 * REFUSAL_DETAIL_LEN];
    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    add_ban("192.0.2.1", reason, 0);
    load(ACCESS_OPEN, NOW_S);
    reason[REFUSAL_DETAIL_LEN - 1] = '\0';
    assert_banned("192.0.2.1", reason);
}
END_TEST

START_TEST(no_character_is_cut_in_half) {
    char reason[3 * REFUSAL_DETAIL_LEN + 1];
    for (size_t i = 0; i + 3 < sizeof reason; i += 3)
        memcpy(reason + i, "\xe2\x82\xac", 4);
    for (size_t first = 0; first < 3; first++) {
        memset(reason, 'r', 3);
        add_ban("192.0.2.1", reason + first, 0);
        visit(registry_visit_bans);
        const size_t ascii = 3 - first;
        ck_assert_uint_eq((strlen(rows[0].reason) - ascii) % 3, 0);
        ck_assert_uint_gt(strlen(rows[0].reason), REFUSAL_DETAIL_LEN - 4);
    }
}
END_TEST

static int64_t version(void) {
    int64_t now = -1;
    ASSERT_GOOD(registry_version(registry, &now));
    return now;
}

static void assert_goes_up(int64_t *before) {
    const int64_t now = version();
    ck_assert_int_gt(now, *before);
    ck_assert_int_eq(version(), now);
    *before = now;
}

START_TEST(version_goes_up_with_each_change) {
    const struct network network = network_of("192.0.2.1");
    bool found;
    int64_t last = version();
    add_torrent(1, "");
    assert_goes_up(&last);
    add_torrent(1, "again");
    assert_goes_up(&last);
    remove_torrent(1);
    assert_goes_up(&last);
    ASSERT_GOOD(add_passkey(1, "bob"));
    assert_goes_up(&last);
    ASSERT_GOOD(registry_remove_passkey(registry, "bob", &found));
    assert_goes_up(&last);
    add_ban("192.0.2.1", "", 0);
    assert_goes_up(&last);
    add_ban("192.0.2.1", "why", 0);
    assert_goes_up(&last);
    ASSERT_GOOD(registry_remove_ban(registry, &network, &found));
    assert_goes_up(&last);
}
END_TEST

START_TEST(version_stays_where_nothing_changes) {
    const int64_t before = version();
    remove_torrent(1);
    remove_ban("192.0.2.1");
    visit(registry_visit_bans);
    load(ACCESS_OPEN, NOW_S);
    ck_assert_int_eq(version(), before);
}
END_TEST

static void run_sql(const char *sql) {
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static const char *const plain_changes[] = {
    "INSERT INTO listed (info_hash, name, added_s) VALUES (zeroblob(20), 'by hand', 1)",
    "UPDATE listed SET name = 'other'",
    "DELETE FROM listed",
    "INSERT INTO torrent_file VALUES (1, x'00', 'content')",
    "UPDATE torrent_file SET content = 'other'",
    "DELETE FROM torrent_file",
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
        assert_goes_up(&last);
    }
}
END_TEST

START_TEST(rows_of_a_wrong_shape_are_passed_over) {
    run_sql(
        "INSERT INTO listed (info_hash, name, added_s) VALUES (x'0102', 'short', 1), (x'', '', "
        "'soon')");
    run_sql("INSERT INTO passkey VALUES (x'01', 'short', 1)");
    run_sql(
        "INSERT INTO ban VALUES ('nowhere', '', 0, 1), ('192.0.2.1/24', '', 0, 1),"
        " ('192.0.2.5', 'by hand', 0, 1)");
    add_torrent(1, "");
    load(ACCESS_LISTED, NOW_S);
    ck_assert(lists(1));
    assert_banned("192.0.2.5", "by hand");
    assert_not_banned("192.0.2.1");
    visit(registry_visit_torrents);
    ck_assert_uint_eq(row_count, 1);
}
END_TEST

START_TEST(registry_is_there_again_when_it_is_opened_again) {
    add_torrent(1, "one");
    add_ban("192.0.2.1", "why", 0);
    ASSERT_GOOD(add_passkey(1, "bob"));
    const int64_t before = version();
    registry_close(registry);
    open_registry();
    ck_assert_int_eq(version(), before);
    load(ACCESS_PRIVATE, NOW_S);
    assert_banned("192.0.2.1", "why");
    ck_assert_int_eq(judge("192.0.2.2", &(struct passkey){ 0 }, error), ANNOUNCE_PASSKEY_MISSING);
}
END_TEST

START_TEST(registry_and_store_share_the_file) {
    struct store *store = store_open(path, error);
    ck_assert_msg(store != NULL, "%s", error);
    add_torrent(1, "");
    struct change change = { .kind = CHANGE_TORRENT, .downloaded = 3 };
    ck_assert(store_apply(store, &change, 1));
    ck_assert(!store_is_writing(store));
    add_torrent(2, "");
    ck_assert(store_commit(store));
    add_torrent(3, "");
    store_close(store);
    load(ACCESS_LISTED, NOW_S);
    ck_assert(lists(1) && lists(2) && lists(3));
}
END_TEST

START_TEST(registry_waits_for_a_transaction_of_the_stores_no_longer_than_it_may) {
    struct store *store = store_open(path, error);
    ck_assert_msg(store != NULL, "%s", error);
    add_torrent(1, "");
    registry_close(registry);
    registry = registry_open(path, 50, error);
    struct change change = { .kind = CHANGE_TORRENT, .downloaded = 3 };
    for (int i = 0; i <= STORE_CHANGES_WAITING_MAX; i++)
        ck_assert(store_apply(store, &change, 1));
    ck_assert(store_is_writing(store));
    load(ACCESS_LISTED, NOW_S);
    ck_assert(lists(1));
    const uint64_t began_ms = clock_now_ms();
    ck_assert(!add_passkey(1, "bob"));
    ck_assert_uint_ge(clock_now_ms() - began_ms, 40);
    ck_assert_uint_lt(clock_now_ms() - began_ms, 2000);
    ck_assert(registry_is_busy(registry));
    ck_assert(store_commit(store));
    ck_assert(!store_is_writing(store));
    ASSERT_GOOD(add_passkey(1, "bob"));
    store_close(store);
}
END_TEST

static void assert_open_refused(const char *why) {
    registry_close(registry);
    registry = registry_open(path, REGISTRY_TIMEOUT_MS, error);
    ck_assert_ptr_null(registry);
    ck_assert_msg(strstr(error, why) != NULL, "\"%s\" does not say \"%s\"", error, why);
    ck_assert_ptr_nonnull(strstr(error, path));
    ck_assert_ptr_null(strchr(error, '\n'));
}

START_TEST(database_that_is_not_there_is_refused_and_not_made) {
    snprintf(path, sizeof path, "%s/none.db", directory.path);
    assert_open_refused("unable to open");
    FILE *file = fopen(path, "r");
    ck_assert_ptr_null(file);
}
END_TEST

START_TEST(database_of_another_program_is_refused) {
    snprintf(path, sizeof path, "%s/other.db", directory.path);
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
    snprintf(path, sizeof path, "%s/text", directory.path);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        REQUIRE(fputs("no database ", file) >= 0);
    ck_assert_int_eq(fclose(file), 0);
    assert_open_refused("not an SQLite database");
}
END_TEST

START_TEST(no_registry_is_closed_without_harm) {
    registry_close(NULL);
}
END_TEST

UNIT_SUITE(registry) {
    Suite *suite = suite_create("registry");
    TCase *entries = tcase_create("entries");
    tcase_set_timeout(entries, 60);
    tcase_add_checked_fixture(entries, create_registry, remove_registry);
    tcase_add_test(entries, torrents_are_listed_in_order_until_they_are_removed);
    tcase_add_test(entries, torrent_that_is_added_again_takes_its_new_name);
    tcase_add_test(entries, over_long_name_is_cut_where_it_is_shown);
    tcase_add_test(entries, passkeys_let_in_until_they_are_revoked);
    tcase_add_test(entries, label_names_one_passkey_only);
    tcase_add_test(entries, bans_hold_until_they_are_lifted);
    tcase_add_test(entries, ban_of_an_address_is_one_however_it_is_written);
    tcase_add_test(entries, ban_of_the_same_network_is_replaced);
    tcase_add_test(entries, bans_that_ended_are_not_loaded);
    tcase_add_test(entries, over_long_reason_is_cut);
    tcase_add_test(entries, no_character_is_cut_in_half);
    suite_add_tcase(suite, entries);

    TCase *versions = tcase_create("version");
    tcase_set_timeout(versions, 60);
    tcase_add_checked_fixture(versions, create_registry, remove_registry);
    tcase_add_test(versions, version_goes_up_with_each_change);
    tcase_add_test(versions, version_stays_where_nothing_changes);
    tcase_add_test(versions, change_by_hand_is_seen_by_the_version);
    tcase_add_test(versions, rows_of_a_wrong_shape_are_passed_over);
    suite_add_tcase(suite, versions);

    TCase *opening = tcase_create("opening");
    tcase_set_timeout(opening, 60);
    tcase_add_checked_fixture(opening, create_registry, remove_registry);
    tcase_add_test(opening, registry_is_there_again_when_it_is_opened_again);
    tcase_add_test(opening, registry_and_store_share_the_file);
    tcase_add_test(opening, registry_waits_for_a_transaction_of_the_stores_no_longer_than_it_may);
    tcase_add_test(opening, database_that_is_not_there_is_refused_and_not_made);
    tcase_add_test(opening, database_of_another_program_is_refused);
    tcase_add_test(opening, database_from_the_future_is_refused);
    tcase_add_test(opening, file_that_is_no_database_is_refused);
    tcase_add_test(opening, no_registry_is_closed_without_harm);
    suite_add_tcase(suite, opening);
    return suite;
}
