#include <string.h>

#include "support.h"

static struct bytes slice(const char *text, size_t len) {
    return (struct bytes){ .data = (const uint8_t *)text, .len = len };
}

START_TEST(equal_bytes_have_the_same_length_and_content) {
    ck_assert(bytes_equal(bytes_of("abc"), bytes_of("abc")));
    ck_assert(!bytes_equal(bytes_of("abc"), bytes_of("abd")));
    ck_assert(!bytes_equal(bytes_of("abc"), bytes_of("ab")));
    ck_assert(bytes_equal(slice("a\0b", 3), slice("a\0b", 3)));
    ck_assert(!bytes_equal(slice("a\0b", 3), slice("a\0c", 3)));
    ck_assert(bytes_equal((struct bytes){ 0 }, bytes_of("")));
}
END_TEST

START_TEST(every_text_starts_with_the_empty_one) {
    ck_assert(bytes_start_with(bytes_of("announce"), bytes_of("ann")));
    ck_assert(bytes_start_with(bytes_of("announce"), bytes_of("announce")));
    ck_assert(!bytes_start_with(bytes_of("ann"), bytes_of("announce")));
    ck_assert(!bytes_start_with(bytes_of("announce"), bytes_of("non")));
    ck_assert(bytes_start_with(bytes_of("x"), (struct bytes){ 0 }));
    ck_assert(bytes_start_with((struct bytes){ 0 }, (struct bytes){ 0 }));
}
END_TEST

START_TEST(split_cuts_at_the_first_separator) {
    struct bytes rest = bytes_of("a=b=c");
    assert_bytes(bytes_split(&rest, '='), bytes_of("a"));
    assert_bytes(rest, bytes_of("b=c"));
    assert_bytes(bytes_split(&rest, '='), bytes_of("b"));
    assert_bytes(bytes_split(&rest, '='), bytes_of("c"));
    ck_assert_uint_eq(rest.len, 0);
}
END_TEST

START_TEST(split_without_separator_takes_everything) {
    struct bytes rest = bytes_of("abc");
    assert_bytes(bytes_split(&rest, '&'), bytes_of("abc"));
    ck_assert_uint_eq(rest.len, 0);
    ck_assert_uint_eq(bytes_split(&rest, '&').len, 0);
}
END_TEST

START_TEST(split_keeps_empty_parts) {
    struct bytes rest = bytes_of("&&x&");
    ck_assert_uint_eq(bytes_split(&rest, '&').len, 0);
    ck_assert_uint_eq(bytes_split(&rest, '&').len, 0);
    assert_bytes(bytes_split(&rest, '&'), bytes_of("x"));
    ck_assert_uint_eq(rest.len, 0);
}
END_TEST

static const struct {
    const char *text;
    bool fits;
    uint64_t value;
} unsigned_numbers[] = {
    { "0", true, 0 },
    { "7", true, 7 },
    { "007", true, 7 },
    { "4194796", true, 4194796 },
    { "18446744073709551615", true, UINT64_MAX },
    { "000000000000000000000018446744073709551615", true, UINT64_MAX },
    { "18446744073709551616", false, 0 },
    { "18446744073709551620", false, 0 },
    { "99999999999999999999999999", false, 0 },
    { "", false, 0 },
    { "-1", false, 0 },
    { "+1", false, 0 },
    { " 1", false, 0 },
    { "1 ", false, 0 },
    { "1.5", false, 0 },
    { "0x10", false, 0 },
    { "/", false, 0 },
    { ":", false, 0 },
};

START_TEST(unsigned_numbers_are_digits_that_fit) {
    uint64_t value = 12345;
    const bool fits = bytes_to_u64(bytes_of(unsigned_numbers[_i].text), &value);
    ck_assert_int_eq(fits, unsigned_numbers[_i].fits);
    ck_assert_uint_eq(value, fits ? unsigned_numbers[_i].value : 12345);
}
END_TEST

static const struct {
    const char *text;
    bool fits;
    int64_t value;
} signed_numbers[] = {
    { "0", true, 0 },
    { "-0", true, 0 },
    { "-1", true, -1 },
    { "50", true, 50 },
    { "9223372036854775807", true, INT64_MAX },
    { "-9223372036854775807", true, -INT64_MAX },
    { "9223372036854775808", false, 0 },
    { "-9223372036854775809", false, 0 },
    { "18446744073709551616", false, 0 },
    { "", false, 0 },
    { "-", false, 0 },
    { "--1", false, 0 },
    { "+1", false, 0 },
    { "1-", false, 0 },
};

START_TEST(signed_numbers_may_have_a_minus) {
    int64_t value = 12345;
    const bool fits = bytes_to_i64(bytes_of(signed_numbers[_i].text), &value);
    ck_assert_int_eq(fits, signed_numbers[_i].fits);
    ck_assert_int_eq(value, fits ? signed_numbers[_i].value : 12345);
}
END_TEST

START_TEST(zero_byte_is_no_digit) {
    uint64_t value;
    ck_assert(!bytes_to_u64(slice("1\0", 2), &value));
}
END_TEST

START_TEST(hex_digits_have_either_case) {
    static const char digits[] = "0123456789abcdef";
    static const char upper[] = "0123456789ABCDEF";
    int digits_found = 0;
    for (int c = 0; c < 256; c++)
        digits_found += hex_digit((uint8_t)c) >= 0;
    ck_assert_int_eq(digits_found, 22);
    for (int i = 0; i < 16; i++) {
        ck_assert_int_eq(hex_digit((uint8_t)digits[i]), i);
        ck_assert_int_eq(hex_digit((uint8_t)upper[i]), i);
    }
}
END_TEST

START_TEST(hex_is_written_in_lower_case) {
    const uint8_t data[] = { 0x00, 0x09, 0xaf, 0xff };
    char text[2 * sizeof data + 1];
    hex_encode(data, sizeof data, text);
    ck_assert_str_eq(text, "0009afff");
    hex_encode(data, 0, text);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(hex_is_read_in_either_case) {
    const uint8_t expected[] = { 0x00, 0x09, 0xaf, 0xff };
    uint8_t data[4];
    ck_assert(hex_decode(bytes_of("0009aFFf"), data, sizeof data));
    ck_assert_mem_eq(data, expected, sizeof data);
}
END_TEST

START_TEST(broken_hex_is_refused) {
    static const char *const texts[] = { "",         "0009aff",  "0009afff0", "0009afff00",
                                         "0009afxf", "0009af f", "-009afff" };
    uint8_t data[4];
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        ck_assert_msg(!hex_decode(bytes_of(texts[i]), data, sizeof data), "read %s", texts[i]);
}
END_TEST

START_TEST(every_byte_survives_hex) {
    for (int c = 0; c < 256; c++) {
        const uint8_t byte = (uint8_t)c;
        char text[3];
        uint8_t again;
        hex_encode(&byte, 1, text);
        ck_assert(hex_decode(bytes_of(text), &again, 1));
        ck_assert_uint_eq(again, byte);
    }
}
END_TEST

START_TEST(writer_fills_its_buffer_to_the_end) {
    uint8_t buffer[8];
    struct writer w = writer_on(buffer, sizeof buffer);
    writer_put(&w, "abc", 3);
    writer_put_text(&w, "de");
    writer_put(&w, "", 0);
    writer_put_number(&w, 123);
    assert_written(&w, "abcde123");
}
END_TEST

START_TEST(failed_writer_writes_nothing_more) {
    uint8_t buffer[8];
    memset(buffer, '#', sizeof buffer);
    struct writer w = writer_on(buffer, 6);
    writer_put_text(&w, "abcd");
    writer_put_text(&w, "efg");
    ck_assert(w.failed);
    writer_put_text(&w, "h");
    writer_put_number(&w, 1);
    ck_assert_ptr_null(writer_reserve(&w, 1));
    ck_assert(w.failed);
    ck_assert_mem_eq(buffer, "abcd####", sizeof buffer);
}
END_TEST

START_TEST(numbers_are_written_in_full) {
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    writer_put_number(&w, 0);
    writer_put_text(&w, " ");
    writer_put_number(&w, 10);
    writer_put_text(&w, " ");
    writer_put_number(&w, UINT64_MAX);
    assert_written(&w, "0 10 18446744073709551615");
}
END_TEST

START_TEST(reserved_bytes_are_the_callers_to_fill) {
    uint8_t buffer[4];
    struct writer w = writer_on(buffer, sizeof buffer);
    uint8_t *place = writer_reserve(&w, 4);
    ck_assert_ptr_eq(place, buffer);
    memcpy(place, "wxyz", 4);
    assert_written(&w, "wxyz");
    ck_assert_ptr_nonnull(writer_reserve(&w, 0));
    ck_assert_ptr_null(writer_reserve(&w, SIZE_MAX));
    ck_assert(w.failed);
}
END_TEST

START_TEST(numbers_are_big_endian) {
    const uint8_t bytes[] = { 0xf1, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xf8 };
    uint8_t again[8];
    ck_assert_uint_eq(load_u16(bytes), 0xf102);
    ck_assert_uint_eq(load_u32(bytes), 0xf1020304);
    ck_assert_uint_eq(load_u64(bytes), 0xf1020304050607f8);
    store_u16(again, 0xf102);
    ck_assert_mem_eq(again, bytes, 2);
    store_u32(again, 0xf1020304);
    ck_assert_mem_eq(again, bytes, 4);
    store_u64(again, 0xf1020304050607f8);
    ck_assert_mem_eq(again, bytes, 8);
}
END_TEST

UNIT_SUITE(bytes) {
    Suite *suite = suite_create("bytes");
    TCase *slices = tcase_create("slices");
    tcase_add_test(slices, equal_bytes_have_the_same_length_and_content);
    tcase_add_test(slices, every_text_starts_with_the_empty_one);
    tcase_add_test(slices, split_cuts_at_the_first_separator);
    tcase_add_test(slices, split_without_separator_takes_everything);
    tcase_add_test(slices, split_keeps_empty_parts);
    suite_add_tcase(suite, slices);

    TCase *numbers = tcase_create("numbers");
    tcase_add_loop_test(numbers, unsigned_numbers_are_digits_that_fit, 0,
                        LOOPS_OF(unsigned_numbers));
    tcase_add_loop_test(numbers, signed_numbers_may_have_a_minus, 0, LOOPS_OF(signed_numbers));
    tcase_add_test(numbers, zero_byte_is_no_digit);
    tcase_add_test(numbers, numbers_are_big_endian);
    suite_add_tcase(suite, numbers);

    TCase *hex = tcase_create("hex");
    tcase_add_test(hex, hex_digits_have_either_case);
    tcase_add_test(hex, hex_is_written_in_lower_case);
    tcase_add_test(hex, hex_is_read_in_either_case);
    tcase_add_test(hex, broken_hex_is_refused);
    tcase_add_test(hex, every_byte_survives_hex);
    suite_add_tcase(suite, hex);

    TCase *writer = tcase_create("writer");
    tcase_add_test(writer, writer_fills_its_buffer_to_the_end);
    tcase_add_test(writer, failed_writer_writes_nothing_more);
    tcase_add_test(writer, numbers_are_written_in_full);
    tcase_add_test(writer, reserved_bytes_are_the_callers_to_fill);
    suite_add_tcase(suite, writer);
    return suite;
}
