#include "base/first_line.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "support.h"

static struct directory directory;
static char path[128];

static void begin(void) {
    directory = directory_create();
    snprintf(path, sizeof path, "%s/file", directory.path);
}

static void end(void) {
    directory_remove(&directory);
}

static void assert_line(const char *text, const char *expected) {
    char line[16];
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
    const char *reason = first_line_read(path, line, sizeof line);
    ck_assert_str_eq(reason == NULL ? line : reason, expected);
    ck_assert(reason == NULL || line[0] == '\0');
}

START_TEST(line_is_copied_without_spaces_around_it) {
    assert_line("secret", "secret");
    assert_line("secret\n", "secret");
    assert_line("secret\r\nmore\n", "secret");
    assert_line(" se cret \n", "se cret");
    assert_line("123456789012345", "123456789012345");
    assert_line("123456789012345\n", "123456789012345");
}
END_TEST

START_TEST(file_without_a_line_is_described) {
    assert_line("", "the first line is empty");
    assert_line("\nsecret", "the first line is empty");
    assert_line(" \n", "the first line is empty");
    assert_line("1234567890123456", "the first line is too long");
    assert_line("1234567890123456\n", "the first line is too long");
}
END_TEST

START_TEST(only_regular_files_are_read) {
    char line[16];
    ck_assert_str_eq(first_line_read(path, line, sizeof line), "No such file or directory");
    ck_assert_str_eq(first_line_read(directory.path, line, sizeof line), "not a regular file");
    ck_assert_str_eq(first_line_read("/dev/zero", line, sizeof line), "not a regular file");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_str_eq(first_line_read(path, line, sizeof line), "not a regular file");
    ck_assert_str_eq(line, "");
}
END_TEST

UNIT_SUITE(first_line) {
    Suite *suite = suite_create("first_line");
    TCase *tcase = tcase_create("read");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, line_is_copied_without_spaces_around_it);
    tcase_add_test(tcase, file_without_a_line_is_described);
    tcase_add_test(tcase, only_regular_files_are_read);
    suite_add_tcase(suite, tcase);
    return suite;
}
