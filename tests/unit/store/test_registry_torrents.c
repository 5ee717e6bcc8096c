/* Torrents that are registered with a .torrent file. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/registry.h"
#include "store/store.h"
#include "support.h"

enum { NOW_S = 1700000000 };

static struct directory directory;
static char path[sizeof directory.path + 16];
static struct registry *registry;

static void create_registry(void) {
    char error[ERROR_LEN];
    directory = directory_create();
    snprintf(path, sizeof path, "%s/skep.db", directory.path);
    store_close(store_open(path, error));
    registry = registry_open(path, REGISTRY_TIMEOUT_MS, error);
    ck_assert_msg(registry != NULL, "%s", error);
}

static void remove_registry(void) {
    registry_close(registry);
    directory_remove(&directory);
}

#define ASSERT_GOOD(call) ck_assert_msg((call), "%s", registry_failure(registry))

static struct registry_torrent torrent(uint32_t number, const char *file) {
    struct registry_torrent torrent = {
        .hash_count = 1, .name = "a film", .size = 5, .file = bytes_of(file)
    };
    numbered_id(torrent.info_hashes[0], number);
    return torrent;
}

static void add(struct registry_torrent added) {
    ASSERT_GOOD(registry_add_torrent(registry, &added, NOW_S));
}

/* Numbers 1 and 2 are the two info_hashes of a hybrid torrent. */
static void add_hybrid(const char *file) {
    struct registry_torrent hybrid = torrent(1, file);
    hybrid.hash_count = 2;
    numbered_id(hybrid.info_hashes[1], 2);
    add(hybrid);
}

/* False if it is not registered. */
static bool find(uint32_t number, struct registry_row *row) {
    uint8_t info_hash[INFO_HASH_LEN];
    bool found = false;
    numbered_id(info_hash, number);
    ASSERT_GOOD(registry_find_torrent(registry, info_hash, row, &found));
    if (found)
        ck_assert_mem_eq(row->info_hash, info_hash, INFO_HASH_LEN);
    return found;
}

static void assert_file(uint32_t number, const char *expected) {
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t *file = NULL;
    size_t len = 0;
    numbered_id(info_hash, number);
    ASSERT_GOOD(registry_read_file(registry, info_hash, &file, &len));
    ck_assert_int_eq(file != NULL, expected != NULL);
    if (expected != NULL)
        assert_bytes((struct bytes){ .data = file, .len = len }, bytes_of(expected));
    free(file);
}

static bool rename_to(uint32_t number, const char *name) {
    uint8_t info_hash[INFO_HASH_LEN];
    bool found = false;
    numbered_id(info_hash, number);
    ASSERT_GOOD(registry_rename_torrent(registry, info_hash, name, &found));
    return found;
}

static void remove_one(uint32_t number) {
    uint8_t info_hash[INFO_HASH_LEN];
    bool found = false;
    numbered_id(info_hash, number);
    ASSERT_GOOD(registry_remove_torrent(registry, info_hash, &found));
    ck_assert(found);
}

static int files(void) {
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM torrent_file", -1, &row, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    const int count = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return count;
}

static int64_t version(void) {
    int64_t found = 0;
    ASSERT_GOOD(registry_version(registry, &found));
    return found;
}

START_TEST(torrent_is_found_with_its_size_and_file) {
    struct registry_row row;
    add(torrent(1, "content"));
    ck_assert(find(1, &row));
    ck_assert_str_eq(row.text, "a film");
    ck_assert_uint_eq(row.size, 5);
    ck_assert_int_eq(row.since_s, NOW_S);
    ck_assert(row.has_file && row.file_id != 0);
    assert_file(1, "content");
    ck_assert(!find(2, &row));
    assert_file(2, NULL);
}
END_TEST

START_TEST(torrent_without_size_and_file_has_none) {
    struct registry_row row;
    struct registry_torrent bare = torrent(1, "");
    bare.size = 0;
    add(bare);
    ck_assert(find(1, &row));
    ck_assert(row.size == 0 && !row.has_file && row.file_id == 0);
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
    struct registry_torrent large = torrent(1, "");
    large.file = (struct bytes){ .data = content, .len = LEN };
    large.size = INT64_MAX;
    add(large);
    ASSERT_GOOD(registry_read_file(registry, large.info_hashes[0], &file, &len));
    ck_assert_uint_eq(len, LEN);
    ck_assert(memcmp(file, content, LEN) == 0);
    struct registry_row row;
    ck_assert(find(1, &row) && row.size == INT64_MAX);
    free(file);
    free(content);
}
END_TEST

START_TEST(torrent_beyond_the_bounds_is_refused) {
    struct registry_torrent large = torrent(1, "content");
    large.size = (uint64_t)INT64_MAX + 1;
    ck_assert(!registry_add_torrent(registry, &large, NOW_S));
    ck_assert_ptr_nonnull(strstr(registry_failure(registry), "too large"));
    large.size = 5;
    large.file.len = REGISTRY_FILE_MAX + 1;
    ck_assert(!registry_add_torrent(registry, &large, NOW_S));
    struct registry_row row;
    ck_assert(!find(1, &row));
    ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(added_again_without_them_it_keeps_size_and_file) {
    struct registry_row row;
    add(torrent(1, "content"));
    struct registry_torrent bare = torrent(1, "");
    bare.size = 0;
    bare.name = "another name";
    add(bare);
    ck_assert(find(1, &row));
    ck_assert_str_eq(row.text, "another name");
    ck_assert_uint_eq(row.size, 5);
    assert_file(1, "content");
}
END_TEST

START_TEST(added_again_with_another_file_it_has_that) {
    add(torrent(1, "content"));
    add(torrent(1, "other content"));
    assert_file(1, "other content");
    ck_assert_int_eq(files(), 1);
}
END_TEST

START_TEST(versions_of_a_hybrid_share_one_file) {
    struct registry_row one;
    struct registry_row other;
    add_hybrid("content");
    ck_assert(find(1, &one) && find(2, &other));
    ck_assert_int_eq(one.file_id, other.file_id);
    ck_assert_int_eq(files(), 1);
    assert_file(1, "content");
    assert_file(2, "content");
}
END_TEST

START_TEST(file_goes_with_the_last_that_has_it) {
    add_hybrid("content");
    add(torrent(3, "other content"));
    remove_one(1);
    ck_assert_int_eq(files(), 2);
    assert_file(2, "content");
    remove_one(2);
    ck_assert_int_eq(files(), 1);
    assert_file(3, "other content");
    remove_one(3);
    ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(file_of_one_version_stays_where_the_other_gets_another) {
    add_hybrid("content");
    add(torrent(2, "other content"));
    assert_file(1, "content");
    assert_file(2, "other content");
    ck_assert_int_eq(files(), 2);
}
END_TEST

START_TEST(torrent_is_renamed_with_its_other_version) {
    struct registry_row row;
    add_hybrid("content");
    add(torrent(3, "other content"));
    add(torrent(4, ""));
    ck_assert(rename_to(2, "new name"));
    for (uint32_t number = 1; number <= 4; number++) {
        ck_assert(find(number, &row));
        ck_assert_str_eq(row.text, number <= 2 ? "new name" : "a film");
    }
    ck_assert(rename_to(4, ""));
    ck_assert(find(4, &row));
    ck_assert_str_eq(row.text, "");
    ck_assert(find(3, &row));
    ck_assert_str_eq(row.text, "a film");
    ck_assert(!rename_to(5, "no torrent"));
}
END_TEST

START_TEST(version_goes_up_with_names_and_files) {
    int64_t before = version();
    add(torrent(1, "content"));
    ck_assert_int_gt(version(), before);
    before = version();
    add(torrent(1, "other content"));
    ck_assert_int_gt(version(), before);
    before = version();
    rename_to(1, "new name");
    ck_assert_int_gt(version(), before);
    before = version();
    rename_to(2, "no torrent");
    ck_assert_int_eq(version(), before);
    remove_one(1);
    ck_assert_int_gt(version(), before);
}
END_TEST

/* A torrent is added completely or not at all. */
START_TEST(failed_addition_leaves_nothing) {
    sqlite3 *db = NULL;
    struct registry_row row;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "CREATE TRIGGER no AFTER INSERT ON listed"
                                  " WHEN (SELECT count(*) FROM listed) = 2"
                                  " BEGIN SELECT raise(ABORT, 'not this one'); END;",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    struct registry_torrent hybrid = torrent(1, "content");
    hybrid.hash_count = 2;
    numbered_id(hybrid.info_hashes[1], 2);
    ck_assert(!registry_add_torrent(registry, &hybrid, NOW_S));
    ck_assert_str_eq(registry_failure(registry), "not this one");
    ck_assert(!find(1, &row) && !find(2, &row));
    ck_assert_int_eq(files(), 0);
    ck_assert_int_eq(sqlite3_exec(db, "DROP TRIGGER no", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    add(hybrid);
    ck_assert(find(1, &row) && find(2, &row));
}
END_TEST

UNIT_SUITE(registry_torrents) {
    Suite *suite = suite_create("registry_torrents");
    TCase *files_case = tcase_create("files");
    tcase_set_timeout(files_case, 60);
    tcase_add_checked_fixture(files_case, create_registry, remove_registry);
    tcase_add_test(files_case, torrent_is_found_with_its_size_and_file);
    tcase_add_test(files_case, torrent_without_size_and_file_has_none);
    tcase_add_test(files_case, file_of_any_bytes_is_kept_as_it_is);
    tcase_add_test(files_case, torrent_beyond_the_bounds_is_refused);
    tcase_add_test(files_case, added_again_without_them_it_keeps_size_and_file);
    tcase_add_test(files_case, added_again_with_another_file_it_has_that);
    tcase_add_test(files_case, versions_of_a_hybrid_share_one_file);
    tcase_add_test(files_case, file_goes_with_the_last_that_has_it);
    tcase_add_test(files_case, file_of_one_version_stays_where_the_other_gets_another);
    tcase_add_test(files_case, torrent_is_renamed_with_its_other_version);
    tcase_add_test(files_case, version_goes_up_with_names_and_files);
    tcase_add_test(files_case, failed_addition_leaves_nothing);
    suite_add_tcase(suite, files_case);
    return suite;
}
