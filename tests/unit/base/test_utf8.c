#include "base/utf8.h"

#include "support.h"

static const struct {
    const char *text;
    uint32_t character;
} characters[] = {
    { "a", 'a' },
    { "\x7f", 0x7f },
    { "\xc2\x80", 0x80 },
    { "\xdf\xbf", 0x7ff },
    { "\xe0\xa0\x80", 0x800 },
    { "\xed\x9f\xbf", 0xd7ff },
    { "\xee\x80\x80", 0xe000 },
    { "\xef\xbf\xbf", 0xffff },
    { "\xf0\x90\x80\x80", 0x10000 },
    { "\xf4\x8f\xbf\xbf", 0x10ffff },
};

START_TEST(characters_of_every_length_are_taken) {
    struct bytes rest = bytes_of(characters[_i].text);
    uint32_t character;
    ck_assert(utf8_take(&rest, &character));
    ck_assert_uint_eq(character, characters[_i].character);
    ck_assert_uint_eq(rest.len, 0);
}
END_TEST

static const char *const broken[] = {
    "\x80",
    "\xbf",
    "\xc3",
    "\xc3(",
    "\xc0\x80",
    "\xc1\xbf",
    "\xe0\x9f\xbf",
    "\xe2\x82",
    "\xed\xa0\x80",
    "\xed\xbf\xbf",
    "\xf0\x8f\xbf\xbf",
    "\xf4\x90\x80\x80",
    "\xf5\x80\x80\x80",
    "\xf0\x90\x80",
    "\xff",
};

START_TEST(invalid_sequences_are_not_taken) {
    const struct bytes all = bytes_of(broken[_i]);
    struct bytes rest = all;
    uint32_t character;
    ck_assert(!utf8_take(&rest, &character));
    ck_assert_ptr_eq(rest.data, all.data);
    ck_assert(!utf8_is_valid(all));
}
END_TEST

START_TEST(broken_bytes_are_replaced_one_by_one) {
    uint8_t out[64];
    struct writer w = writer_on(out, sizeof out);
    utf8_repair(&w, bytes_of("Zo\xc3\xab \xff\xc3 \xe2\x82"));
    assert_written(&w, "Zo\xc3\xab \xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd");
    ck_assert(utf8_is_valid((struct bytes){ .data = out, .len = w.len }));
}
END_TEST

static const struct {
    const char *text;
    size_t size;
    const char *line;
} lines[] = {
    { "", 8, "" },
    { "Zo\xc3\xab", 8, "Zo\xc3\xab" },
    { "a\tb\nc\x7f\x1b", 8, "a b c  " },
    { "\xc2\x80\xc2\x9f\xc2\xa0", 8, "  \xc2\xa0" },
    { "\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8f", 8, "     " },
    { "a\xff", 8, "a\xef\xbf\xbd" },
    { "\xc3", 4, "\xef\xbf\xbd" },
    { "\xc3", 3, "" },
    { "abcd", 4, "\xe2\x80\xa6" },
    { "abcd", 3, "" },
    { "ab\xc3\xab\xc3\xab", 6, "ab\xe2\x80\xa6" },
    { "a\xc3\xab\xc3\xab!", 6, "a\xe2\x80\xa6" },
    { "ab\xc3\xab", 5, "ab\xc3\xab" },
    { "abc", 1, "" },
};

START_TEST(line_has_no_control_characters) {
    char line[8];
    const size_t len = utf8_copy_line(bytes_of(lines[_i].text), line, lines[_i].size);
    ck_assert_str_eq(line, lines[_i].line);
    ck_assert_uint_eq(len, strlen(lines[_i].line));
}
END_TEST

static const struct {
    const char *text;
    const char *trimmed;
    const char *unquoted;
} pasted[] = {
    { "", "", "" },
    { " \t\r\n", "", "" },
    { "a", "a", "a" },
    { " a b\r\n", "a b", "a b" },
    { "\xef\xbb\xbf"
      " a\xc2\xa0",
      "a", "a" },
    { "\xe2\x80\x8b"
      "a\xe2\x80\x8e\xe2\x81\xa9",
      "a", "a" },
    { "\xe3\x80\x80"
      "\xc3\xa4 \xc2\x85",
      "\xc3\xa4", "\xc3\xa4" },
    { "\xa0"
      "a\xff ",
      "\xa0"
      "a\xff",
      "\xa0"
      "a\xff" },
    { " \"a\" ", "\"a\"", "a" },
    { "<'a'>", "<'a'>", "a" },
    { "\xe2\x80\x9c a \xe2\x80\x9d", "\xe2\x80\x9c a \xe2\x80\x9d", "a" },
    { "\xc2\xab\xc2\xa0"
      "a\xc2\xa0\xc2\xbb",
      "\xc2\xab\xc2\xa0"
      "a\xc2\xa0\xc2\xbb",
      "a" },
    { "\"", "\"", "\"" },
    { "\"\"", "\"\"", "" },
    { "\"a'", "\"a'", "\"a'" },
    { "a\"b\"", "a\"b\"", "a\"b\"" },
};

START_TEST(text_is_taken_without_what_is_pasted_around_it) {
    const struct bytes text = bytes_of(pasted[_i].text);
    assert_bytes(utf8_trim(text), bytes_of(pasted[_i].trimmed));
    assert_bytes(utf8_unquote(text), bytes_of(pasted[_i].unquoted));
    assert_bytes(utf8_trim((struct bytes){ .len = 0 }), bytes_of(""));
}
END_TEST

START_TEST(utf16_is_recognized_by_its_mark) {
    ck_assert(utf8_is_utf16(bytes_of("\xff\xfe#")));
    ck_assert(utf8_is_utf16(bytes_of("\xfe\xff")));
    ck_assert(!utf8_is_utf16(bytes_of("\xef\xbb\xbf#")));
    ck_assert(!utf8_is_utf16(bytes_of("\xff")));
}
END_TEST

UNIT_SUITE(utf8) {
    Suite *suite = suite_create("utf8");
    TCase *take = tcase_create("take");
    tcase_add_loop_test(take, characters_of_every_length_are_taken, 0, LOOPS_OF(characters));
    tcase_add_loop_test(take, invalid_sequences_are_not_taken, 0, LOOPS_OF(broken));
    tcase_add_test(take, broken_bytes_are_replaced_one_by_one);
    suite_add_tcase(suite, take);
    TCase *copy = tcase_create("copy");
    tcase_add_loop_test(copy, line_has_no_control_characters, 0, LOOPS_OF(lines));
    suite_add_tcase(suite, copy);
    TCase *trim = tcase_create("trim");
    tcase_add_loop_test(trim, text_is_taken_without_what_is_pasted_around_it, 0, LOOPS_OF(pasted));
    tcase_add_test(trim, utf16_is_recognized_by_its_mark);
    suite_add_tcase(suite, trim);
    return suite;
}
