#include "ctl/format.h"

#include "support.h"

static const struct {
    uint64_t number;
    const char *size;
    const char *duration;
} figures[] = {
    { 0, "0 B", "0 s" },
    { 59, "59 B", "59 s" },
    { 60, "60 B", "1 min" },
    { 999, "999 B", "16 min 39 s" },
    { 1000, "1.0 KiB", "16 min 40 s" },
    { 1024, "1.0 KiB", "17 min 4 s" },
    { 3600, "3.5 KiB", "1 h" },
    { 3661, "3.6 KiB", "1 h 1 min" },
    { 86400, "84.4 KiB", "1 d" },
    { 1048575, "1.0 MiB", "12 d 3 h" },
    { UINT64_MAX, "16.0 EiB", "213503982334601 d 7 h" },
};

START_TEST(figures_are_short) {
    char text[FORMAT_NUMBER_LEN];
    format_size(figures[_i].number, text);
    ck_assert_str_eq(text, figures[_i].size);
    format_duration(figures[_i].number, text);
    ck_assert_str_eq(text, figures[_i].duration);
}
END_TEST

START_TEST(rate_is_a_size_a_second) {
    char text[FORMAT_NUMBER_LEN];
    format_rate(1536, text);
    ck_assert_str_eq(text, "1.5 KiB/s");
}
END_TEST

static const struct {
    const char *text;
    int64_t duration;
    uint64_t size;
} inputs[] = {
    { "90s", 90, 0 },
    { "15m", 900, 15 << 20 },
    { "2h", 7200, 0 },
    { "7d", 604800, 0 },
    { "65536", 0, 65536 },
    { "64K", 0, 65536 },
    { "1MiB", 0, 1048576 },
    { "1G", 0, 1073741824 },
    { "", 0, 0 },
    { "m", 0, 0 },
    { "-1m", 0, 0 },
    { "1 m", 0, 0 },
    { "0s", 0, 0 },
    { "99999999999999999999s", 0, 0 },
    { "18446744073709551615K", 0, 0 },
};

START_TEST(durations_and_sizes_are_read) {
    ck_assert_int_eq(format_parse_duration(inputs[_i].text), inputs[_i].duration);
    ck_assert_uint_eq(format_parse_size(inputs[_i].text), inputs[_i].size);
}
END_TEST

static const struct {
    const char *raw;
    const char *clean;
} words[] = {
    { "plain", "plain" },
    { "Zo\xc3\xab", "Zo\xc3\xab" },
    { "a\x1b[31mb\n", "a\\x1b[31mb\\x0a" },
    { "\x7f\xc2\x9b", "\\x7f\\xc2\\x9b" },
    { "\xff\xc3", "\\xff\\xc3" },
    { "a\xe2\x80\xae"
      "b",
      "a\\xe2\\x80\\xaeb" },
    { "0123456789012345678901234567890123456789", "0123456789012345678901234567890" },
    { "012345678901234567890123456789\xc3\xab", "012345678901234567890123456789" },
    { "0123456789012345678901234567\n", "0123456789012345678901234567" },
};

START_TEST(cleaned_text_has_no_terminal_escapes) {
    char text[32];
    const size_t len = format_clean(bytes_of(words[_i].raw), text, sizeof text);
    ck_assert_str_eq(text, words[_i].clean);
    ck_assert_uint_eq(len, strlen(words[_i].clean));
}
END_TEST

UNIT_SUITE(format) {
    Suite *suite = suite_create("format");
    TCase *figure = tcase_create("figures");
    tcase_add_loop_test(figure, figures_are_short, 0, LOOPS_OF(figures));
    tcase_add_test(figure, rate_is_a_size_a_second);
    tcase_add_loop_test(figure, durations_and_sizes_are_read, 0, LOOPS_OF(inputs));
    suite_add_tcase(suite, figure);
    TCase *clean = tcase_create("clean");
    tcase_add_loop_test(clean, cleaned_text_has_no_terminal_escapes, 0, LOOPS_OF(words));
    suite_add_tcase(suite, clean);
    return suite;
}
