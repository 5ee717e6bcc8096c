#include "base/percent.h"
#include "wire/url_query.h"

#include <string.h>

#include "support.h"

static void assert_pair(struct bytes *rest, const char *name, const char *value) {
    struct bytes found_name;
    struct bytes found_value;
    ck_assert(url_query_next(rest, &found_name, &found_value));
    assert_bytes(found_name, bytes_of(name));
    assert_bytes(found_value, bytes_of(value));
}

static void assert_end(struct bytes *rest) {
    struct bytes name;
    struct bytes value;
    ck_assert(!url_query_next(rest, &name, &value));
}

START_TEST(pairs_come_in_order) {
    struct bytes rest = bytes_of("a=1&bc=23&a=4");
    assert_pair(&rest, "a", "1");
    assert_pair(&rest, "bc", "23");
    assert_pair(&rest, "a", "4");
    assert_end(&rest);
}
END_TEST

START_TEST(empty_query_has_no_pairs) {
    struct bytes nothing = { 0 };
    struct bytes empty = bytes_of("");
    struct bytes separators = bytes_of("&&&");
    assert_end(&nothing);
    assert_end(&empty);
    assert_end(&separators);
}
END_TEST

START_TEST(empty_pairs_are_passed_over) {
    struct bytes rest = bytes_of("&a=1&&b=2&");
    assert_pair(&rest, "a", "1");
    assert_pair(&rest, "b", "2");
    assert_end(&rest);
}
END_TEST

START_TEST(names_and_values_may_be_empty) {
    struct bytes rest = bytes_of("a=&b&=c&=");
    assert_pair(&rest, "a", "");
    assert_pair(&rest, "b", "");
    assert_pair(&rest, "", "c");
    assert_pair(&rest, "", "");
    assert_end(&rest);
}
END_TEST

START_TEST(value_keeps_its_equals_signs_and_escapes) {
    struct bytes rest = bytes_of("a=b=c%26d&e");
    assert_pair(&rest, "a", "b=c%26d");
    assert_pair(&rest, "e", "");
}
END_TEST

static const struct {
    const char *text;
    const char *decoded;
    size_t len;
} escapes[] = {
    { "", "", 0 },
    { "abc", "abc", 3 },
    { "a+b", "a b", 3 },
    { "a%20b", "a b", 3 },
    { "a%2Bb%2bc", "a+b+c", 5 },
    { "%00", "\0", 1 },
    { "a%00b%00", "a\0b\0", 4 },
    { "%fF%Ff%ff%FF", "\xff\xff\xff\xff", 4 },
    { "%25", "%", 1 },
    { "%2525", "%25", 3 },
    { "~!*'();:@,/?$", "~!*'();:@,/?$", 13 },
    { "\xc3\xa4", "\xc3\xa4", 2 },
};

START_TEST(escapes_are_decoded) {
    uint8_t out[16];
    memset(out, '#', sizeof out);
    const long len = percent_decode(bytes_of(escapes[_i].text), out, sizeof out);
    ck_assert_int_eq(len, (long)escapes[_i].len);
    ck_assert_mem_eq(out, escapes[_i].decoded, escapes[_i].len);
    ck_assert_uint_eq(out[len], '#');
}
END_TEST

static const char *const broken_escapes[] = {
    "%", "a%", "%a", "a%1", "%g0", "%0g", "%%41", "% 41", "%-1", "abc%zz", "%4%31", "%u0041",
};

START_TEST(broken_escapes_are_refused) {
    uint8_t out[16];
    ck_assert_int_eq(percent_decode(bytes_of(broken_escapes[_i]), out, sizeof out), -1);
}
END_TEST

START_TEST(every_byte_survives_either_case) {
    for (int c = 0; c < 256; c++) {
        static const char *const digits[] = { "0123456789abcdef", "0123456789ABCDEF" };
        for (int upper = 0; upper < 2; upper++) {
            const char text[] = { '%', digits[upper][c >> 4], digits[upper][c & 15], '\0' };
            uint8_t out;
            ck_assert_int_eq(percent_decode(bytes_of(text), &out, 1), 1);
            ck_assert_uint_eq(out, (uint8_t)c);
        }
    }
}
END_TEST

START_TEST(text_that_does_not_fit_is_refused) {
    uint8_t out[5];
    memset(out, '#', sizeof out);
    ck_assert_int_eq(percent_decode(bytes_of("abcd"), out, 4), 4);
    ck_assert_int_eq(percent_decode(bytes_of("abcde"), out, 4), -1);
    ck_assert_int_eq(percent_decode(bytes_of("abc%64e"), out, 4), -1);
    ck_assert_int_eq(percent_decode(bytes_of("a"), out, 0), -1);
    ck_assert_int_eq(percent_decode(bytes_of(""), out, 0), 0);
    ck_assert_uint_eq(out[4], '#');
}
END_TEST

START_TEST(zero_bytes_are_text) {
    uint8_t out[4];
    const struct bytes text = { .data = (const uint8_t *)"a\0%00", .len = 5 };
    ck_assert_int_eq(percent_decode(text, out, sizeof out), 3);
    ck_assert_mem_eq(out, "a\0\0", 3);
}
END_TEST

START_TEST(every_byte_that_is_encoded_comes_back) {
    uint8_t all[256];
    uint8_t encoded[3 * sizeof all];
    uint8_t decoded[sizeof all];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    struct writer w = writer_on(encoded, sizeof encoded);
    percent_encode(&w, (struct bytes){ .data = all, .len = sizeof all });
    ck_assert(!w.failed);
    const struct bytes text = { .data = encoded, .len = w.len };
    ck_assert_int_eq(percent_decode(text, decoded, sizeof decoded), sizeof all);
    ck_assert_mem_eq(decoded, all, sizeof all);
}
END_TEST

START_TEST(only_plain_characters_are_left_as_they_are) {
    uint8_t out[64];
    struct writer w = writer_on(out, sizeof out);
    percent_encode(&w, bytes_of("az-AZ_09.~ /?&=+%\xc3\xab"));
    assert_written(&w, "az-AZ_09.~%20%2F%3F%26%3D%2B%25%C3%AB");
}
END_TEST

START_TEST(plus_in_a_path_is_itself) {
    uint8_t out[8];
    ck_assert_int_eq(percent_decode_part(bytes_of("a+b%2fc"), out, sizeof out), 5);
    ck_assert_mem_eq(out, "a+b/c", 5);
    ck_assert_int_eq(percent_decode_part(bytes_of("a%2"), out, sizeof out), -1);
}
END_TEST

UNIT_SUITE(query) {
    Suite *suite = suite_create("query");
    TCase *pairs = tcase_create("pairs");
    tcase_add_test(pairs, pairs_come_in_order);
    tcase_add_test(pairs, empty_query_has_no_pairs);
    tcase_add_test(pairs, empty_pairs_are_passed_over);
    tcase_add_test(pairs, names_and_values_may_be_empty);
    tcase_add_test(pairs, value_keeps_its_equals_signs_and_escapes);
    suite_add_tcase(suite, pairs);

    TCase *decode = tcase_create("percent_decode");
    tcase_add_loop_test(decode, escapes_are_decoded, 0, LOOPS_OF(escapes));
    tcase_add_loop_test(decode, broken_escapes_are_refused, 0, LOOPS_OF(broken_escapes));
    tcase_add_test(decode, every_byte_survives_either_case);
    tcase_add_test(decode, text_that_does_not_fit_is_refused);
    tcase_add_test(decode, zero_bytes_are_text);
    tcase_add_test(decode, plus_in_a_path_is_itself);
    suite_add_tcase(suite, decode);

    TCase *encode = tcase_create("percent_encode");
    tcase_add_test(encode, every_byte_that_is_encoded_comes_back);
    tcase_add_test(encode, only_plain_characters_are_left_as_they_are);
    suite_add_tcase(suite, encode);
    return suite;
}
