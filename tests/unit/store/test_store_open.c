/* Which files the store accepts, and that it leaves all others unchanged. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"
#include "support.h"

enum { NOBODY_UID = 65534 };

static struct directory directory;
static char path[sizeof directory.path + 16];
static char error[ERROR_LEN];

static void create_directory(void) {
    directory = directory_create();
    snprintf(path, sizeof path, "%s/skep.db", directory.path);
    error[0] = '\0';
}

static void remove_directory(void) {
    directory_remove(&directory);
}

static void open_and_close(void) {
    struct store *store = store_open(path, error);
    ck_assert_msg(store != NULL, "%s", error);
    store_close(store);
}

START_TEST(close_accepts_null) {
    store_close(NULL);
}
END_TEST

static void assert_open_refused(const char *why) {
    ck_assert_ptr_null(store_open(path, error));
    ck_assert_msg(strstr(error, why) != NULL, "\"%s\" does not say \"%s\"", error, why);
    ck_assert_ptr_nonnull(strstr(error, path));
    ck_assert_ptr_null(strchr(error, '\n'));
}

static void write_file(const char *text, size_t len) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

static void assert_file_is(const char *text, size_t len) {
    static char found[8192];
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(found, 1, sizeof found, file), len);
    fclose(file);
    ck_assert_mem_eq(found, text, len);
}

START_TEST(text_file_is_refused_and_left_alone) {
    char text[5000];
    memset(text, 'x', sizeof text);
    write_file(text, sizeof text);
    assert_open_refused("not an SQLite database");
    assert_file_is(text, sizeof text);
}
END_TEST

START_TEST(cut_off_header_is_refused_and_left_alone) {
    static const char header[] = "SQLite format 3";
    write_file(header, 10);
    assert_open_refused(path);
    assert_file_is(header, 10);
}
END_TEST

START_TEST(directory_in_place_of_the_file_is_refused) {
    ck_assert_int_eq(mkdir(path, 0700), 0);
    assert_open_refused("directory");
}
END_TEST

START_TEST(missing_directory_is_refused) {
    snprintf(path, sizeof path, "%s/a/s.db", directory.path);
    assert_open_refused("No such file");
}
END_TEST

START_TEST(missing_directory_of_the_default_is_made_but_not_its_parent) {
    snprintf(path, sizeof path, "%s/a/b/s.db", directory.path);
    ck_assert_ptr_null(store_open_default(path, error));
    snprintf(path, sizeof path, "%s/a/s.db", directory.path);
    struct store *store = store_open_default(path, error);
    ck_assert_msg(store != NULL, "%s", error);
    store_close(store);
    ck_assert_int_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s/a", directory.path);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

/* Root may write everywhere, so the test switches to another user. */
START_TEST(read_only_directory_is_refused) {
    const uid_t me = geteuid();
    ck_assert_int_eq(chmod(directory.path, 0555), 0);
    if (me == 0)
        ck_assert_int_eq(seteuid(NOBODY_UID), 0);
    struct store *opened = store_open(path, error);
    ck_assert_int_eq(seteuid(me), 0);
    ck_assert_int_eq(chmod(directory.path, 0700), 0);
    ck_assert_ptr_null(opened);
    ck_assert_ptr_nonnull(strstr(error, strerror(EACCES)));
}
END_TEST

START_TEST(store_that_was_closed_opens_again) {
    for (int i = 0; i < 3; i++)
        open_and_close();
}
END_TEST

UNIT_SUITE(store_open) {
    Suite *suite = suite_create("store_open");
    TCase *opening = tcase_create("opening");
    tcase_add_checked_fixture(opening, create_directory, remove_directory);
    tcase_add_test(opening, text_file_is_refused_and_left_alone);
    tcase_add_test(opening, cut_off_header_is_refused_and_left_alone);
    tcase_add_test(opening, directory_in_place_of_the_file_is_refused);
    tcase_add_test(opening, missing_directory_is_refused);
    tcase_add_test(opening, missing_directory_of_the_default_is_made_but_not_its_parent);
    tcase_add_test(opening, read_only_directory_is_refused);
    tcase_add_test(opening, store_that_was_closed_opens_again);
    tcase_add_test(opening, close_accepts_null);
    suite_add_tcase(suite, opening);
    return suite;
}
