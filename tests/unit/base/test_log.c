#include "base/log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static int pipe_ends[2];
static int real_stderr;
static char journal[64];

/* Redirects standard error into a pipe. */
static void catch_log(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    strncpy(journal, stream == NULL ? "" : stream, sizeof journal - 1);
    unsetenv("JOURNAL_STREAM");
    real_stderr = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(pipe_ends), 0);
    ck_assert_int_ge(dup2(pipe_ends[1], STDERR_FILENO), 0);
    close(pipe_ends[1]);
}

static void release_log(void) {
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(pipe_ends[0]);
    log_set_level(LOG_LEVEL_INFO);
    if (journal[0] != '\0')
        setenv("JOURNAL_STREAM", journal, 1);
}

/* Reads the log; at least one line is expected. */
static const char *caught(void) {
    static char text[4 * LOG_LINE_MAX];
    const ssize_t len = read(pipe_ends[0], text, sizeof text - 1);
    ck_assert_int_gt(len, 0);
    text[len] = '\0';
    return text;
}

START_TEST(level_enables_itself_and_higher_ones) {
    log_set_level((enum log_level)_i);
    for (int level = 0; level < LOG_LEVELS; level++)
        ck_assert_int_eq(log_enabled((enum log_level)level), level <= _i);
    log_set_level(LOG_LEVEL_INFO);
}
END_TEST

START_TEST(line_carries_time_and_level) {
    log_error("no %s at %d", "peer", 7);
    const char *line = caught();
    ck_assert_int_eq(isdigit((unsigned char)line[0]) != 0, 1);
    ck_assert_str_eq(line + strlen("2000-01-01 00:00:00"), " error: no peer at 7\n");
}
END_TEST

START_TEST(info_line_has_the_time_only) {
    log_info("listening");
    ck_assert_str_eq(caught() + strlen("2000-01-01 00:00:00"), " listening\n");
}
END_TEST

START_TEST(line_to_the_journal_carries_its_priority) {
    static const char *const lines[LOG_LEVELS] = { "<3>x\n", "<4>x\n", "<6>x\n", "<7>x\n" };
    char stream[64];
    struct stat output;
    ck_assert_int_eq(fstat(STDERR_FILENO, &output), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)output.st_dev,
             (unsigned long long)output.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_set_level(LOG_LEVEL_DEBUG);
    log_line((enum log_level)_i, "x");
    unsetenv("JOURNAL_STREAM");
    ck_assert_str_eq(caught(), lines[_i]);
}
END_TEST

START_TEST(line_to_elsewhere_carries_the_time_though_a_journal_is_named) {
    setenv("JOURNAL_STREAM", "8:1", 1);
    log_info("x");
    unsetenv("JOURNAL_STREAM");
    ck_assert_int_eq(isdigit((unsigned char)caught()[0]) != 0, 1);
}
END_TEST

START_TEST(disabled_level_writes_nothing) {
    log_set_level(LOG_LEVEL_ERROR);
    log_warning("not this");
    log_info("nor this");
    log_error("but this");
    ck_assert_ptr_nonnull(strstr(caught(), "but this"));
}
END_TEST

START_TEST(long_line_is_cut_and_still_ends) {
    char text[2 * LOG_LINE_MAX];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t len = LOG_LINE_MAX - 40; len < LOG_LINE_MAX + 10; len++) {
        log_error("%.*s", (int)len, text);
        const char *line = caught();
        ck_assert_uint_le(strlen(line), LOG_LINE_MAX);
        ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
    }
}
END_TEST

UNIT_SUITE(log) {
    Suite *suite = suite_create("log");
    TCase *levels = tcase_create("levels");
    tcase_add_loop_test(levels, level_enables_itself_and_higher_ones, 0, LOG_LEVELS);
    suite_add_tcase(suite, levels);

    TCase *lines = tcase_create("lines");
    tcase_add_checked_fixture(lines, catch_log, release_log);
    tcase_add_test(lines, line_carries_time_and_level);
    tcase_add_test(lines, info_line_has_the_time_only);
    tcase_add_loop_test(lines, line_to_the_journal_carries_its_priority, 0, LOG_LEVELS);
    tcase_add_test(lines, line_to_elsewhere_carries_the_time_though_a_journal_is_named);
    tcase_add_test(lines, disabled_level_writes_nothing);
    tcase_add_test(lines, long_line_is_cut_and_still_ends);
    suite_add_tcase(suite, lines);
    return suite;
}
