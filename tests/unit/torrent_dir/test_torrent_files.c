#include "torrent_dir/torrent_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "support.h"

/* Torrents of one file of a byte; their names differ in one letter. */
#define TORRENT_OF(letter)                                                                         \
    "d4:infod6:lengthi1e4:name1:" letter "12:piece lengthi1e6:pieces20:01234567890123456789ee"

static struct directory directory;
static struct torrent_files files;
static struct torrent_files_changes changes;
static char reported[256];
static atomic_bool stop;

static void create_directory(void) {
    directory = directory_create();
    reported[0] = '\0';
    stop = false;
}

static void remove_directory(void) {
    torrent_files_free(&files);
    directory_remove(&directory);
}

static void path_of(const char *name, char path[static 64]) {
    snprintf(path, 64, "%s/%s", directory.path, name);
}

static void write_file(const char *name, const char *text) {
    char path[64];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void remove_file(const char *name) {
    char path[64];
    path_of(name, path);
    ck_assert_int_eq(unlink(path), 0);
}

static void note_report(void *context, const char *path, const char *reason) {
    ck_assert_ptr_eq(context, &files);
    ck_assert(reason[0] != '\0');
    snprintf(reported, sizeof reported, "%s", path);
}

static bool try_scan(uint64_t now_ms, char error[static ERROR_LEN]) {
    struct dir_scan scan = { .root = directory.path, .inotify = -1, .stop = &stop };
    struct torrent_files found = { .count = 0 };
    reported[0] = '\0';
    if (!torrent_files_scan(&found, &scan, &files, now_ms, note_report, &files, &changes, error))
        return false;
    torrent_files_free(&files);
    files = found;
    return true;
}

static void scan_at(uint64_t now_ms, size_t added, size_t changed, size_t removed) {
    char error[ERROR_LEN];
    ck_assert_msg(try_scan(now_ms, error), "%s", error);
    ck_assert_uint_eq(changes.added, added);
    ck_assert_uint_eq(changes.changed, changed);
    ck_assert_uint_eq(changes.removed, removed);
}

START_TEST(names_end_with_torrent_and_begin_with_no_dot) {
    ck_assert(dir_scan_is_torrent("a.torrent"));
    ck_assert(dir_scan_is_torrent("A.B.TORRENT"));
    ck_assert(!dir_scan_is_torrent(".torrent"));
    ck_assert(!dir_scan_is_torrent("._a.torrent"));
    ck_assert(!dir_scan_is_torrent("a.torrent~"));
    ck_assert(!dir_scan_is_torrent("a.torrent.part"));
    ck_assert(!dir_scan_is_torrent("atorrent"));
    ck_assert(!dir_scan_is_torrent(""));
}
END_TEST

START_TEST(rows_describe_the_torrents) {
    write_file("b.torrent", TORRENT_OF("B"));
    write_file("a.torrent", TORRENT_OF("A"));
    scan_at(0, 2, 0, 0);
    ck_assert_uint_eq(files.torrent_count, 2);
    for (size_t i = 0; i < files.torrent_count; i++) {
        const struct registry_row row = torrent_files_row(&files, i);
        const struct torrent_file *file = torrent_files_find(&files, row.info_hash);
        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(row.kind, REGISTRY_TORRENT_FILE);
        ck_assert_int_eq(row.text[0], file->path[0] == 'a' ? 'A' : 'B');
        ck_assert_uint_eq(row.size, 1);
        ck_assert_int_ne(row.file_id, 0);
        ck_assert_int_gt(row.since_s, 0);
    }
    ck_assert_ptr_null(torrent_files_find(&files, (const uint8_t[INFO_HASH_LEN]){ 0 }));
}
END_TEST

START_TEST(second_scan_finds_what_has_changed) {
    write_file("gone.torrent", TORRENT_OF("G"));
    write_file("same.torrent", TORRENT_OF("S"));
    write_file("edited.torrent", TORRENT_OF("E"));
    scan_at(0, 3, 0, 0);
    scan_at(1, 0, 0, 0);
    remove_file("gone.torrent");
    remove_file("edited.torrent");
    write_file("edited.torrent", TORRENT_OF("F") " ");
    write_file("new.torrent", TORRENT_OF("N"));
    scan_at(2, 1, 1, 1);
    ck_assert(!changes.unsettled);
    ck_assert_uint_eq(files.torrent_count, 3);
}
END_TEST

START_TEST(first_of_several_files_registers_a_torrent) {
    write_file("2.torrent", TORRENT_OF("A"));
    write_file("1.torrent", TORRENT_OF("A"));
    write_file("3.torrent", TORRENT_OF("A"));
    scan_at(0, 3, 0, 0);
    ck_assert_uint_eq(files.torrent_count, 1);
    const struct registry_row row = torrent_files_row(&files, 0);
    ck_assert_str_eq(torrent_files_find(&files, row.info_hash)->path, "1.torrent");
    remove_file("1.torrent");
    scan_at(1, 0, 0, 1);
    ck_assert_str_eq(torrent_files_find(&files, row.info_hash)->path, "2.torrent");
}
END_TEST

START_TEST(invalid_file_is_reported_once_when_it_no_longer_changes) {
    write_file("a.torrent", "d4:info");
    scan_at(0, 0, 0, 0);
    ck_assert(changes.unsettled && reported[0] == '\0');
    scan_at(TORRENT_FILE_SETTLE_MS - 1, 0, 0, 0);
    ck_assert(changes.unsettled && reported[0] == '\0');
    scan_at(TORRENT_FILE_SETTLE_MS, 0, 0, 0);
    ck_assert(!changes.unsettled);
    ck_assert_str_eq(reported, "a.torrent");
    scan_at(TORRENT_FILE_SETTLE_MS + 1, 0, 0, 0);
    ck_assert_str_eq(reported, "");
    remove_file("a.torrent");
    write_file("a.torrent", TORRENT_OF("A"));
    scan_at(TORRENT_FILE_SETTLE_MS + 2, 1, 0, 0);
}
END_TEST

START_TEST(file_that_grows_is_not_reported) {
    write_file("a.torrent", "d");
    scan_at(0, 0, 0, 0);
    write_file("a.torrent", "d4");
    scan_at(TORRENT_FILE_SETTLE_MS, 0, 0, 0);
    ck_assert(changes.unsettled && reported[0] == '\0');
    write_file("a.torrent", "d4:");
    scan_at(2 * TORRENT_FILE_SETTLE_MS, 0, 0, 0);
    ck_assert(changes.unsettled && reported[0] == '\0');
}
END_TEST

START_TEST(file_being_overwritten_keeps_its_torrent_until_it_is_settled) {
    write_file("a.torrent", TORRENT_OF("A"));
    scan_at(0, 1, 0, 0);
    const struct registry_row row = torrent_files_row(&files, 0);
    write_file("a.torrent", "d4:info");
    scan_at(1, 0, 0, 0);
    ck_assert_ptr_nonnull(torrent_files_find(&files, row.info_hash));
    scan_at(2, 0, 0, 0);
    ck_assert_ptr_nonnull(torrent_files_find(&files, row.info_hash));
    scan_at(1 + TORRENT_FILE_SETTLE_MS, 0, 0, 1);
    ck_assert_ptr_null(torrent_files_find(&files, row.info_hash));
    ck_assert_str_eq(reported, "a.torrent");
}
END_TEST

START_TEST(failed_scan_changes_nothing) {
    char error[ERROR_LEN];
    write_file("a.torrent", TORRENT_OF("A"));
    scan_at(0, 1, 0, 0);
    stop = true;
    ck_assert(!try_scan(1, error));
    stop = false;
    snprintf(directory.path + strlen(directory.path), 2, "x");
    ck_assert(!try_scan(1, error));
    directory.path[strlen(directory.path) - 1] = '\0';
    ck_assert_ptr_nonnull(strstr(error, "No such file"));
    ck_assert_uint_eq(files.torrent_count, 1);
    scan_at(2, 0, 0, 0);
}
END_TEST

START_TEST(file_that_is_too_large_is_not_read) {
    char path[64];
    char error[ERROR_LEN];
    size_t len;
    write_file("a.torrent", TORRENT_OF("A"));
    path_of("a.torrent", path);
    ck_assert_int_eq(truncate(path, (64 << 20) + 1), 0);
    ck_assert_ptr_null(torrent_files_read(path, &len, error));
    ck_assert_str_eq(error, "larger than 64 MiB");
}
END_TEST

UNIT_SUITE(torrent_files) {
    Suite *suite = suite_create("torrent_files");
    TCase *tests = tcase_create("scan");
    tcase_add_checked_fixture(tests, create_directory, remove_directory);
    tcase_add_test(tests, names_end_with_torrent_and_begin_with_no_dot);
    tcase_add_test(tests, rows_describe_the_torrents);
    tcase_add_test(tests, second_scan_finds_what_has_changed);
    tcase_add_test(tests, first_of_several_files_registers_a_torrent);
    tcase_add_test(tests, invalid_file_is_reported_once_when_it_no_longer_changes);
    tcase_add_test(tests, file_that_grows_is_not_reported);
    tcase_add_test(tests, file_being_overwritten_keeps_its_torrent_until_it_is_settled);
    tcase_add_test(tests, failed_scan_changes_nothing);
    tcase_add_test(tests, file_that_is_too_large_is_not_read);
    suite_add_tcase(suite, tests);
    return suite;
}
