#include "base/bencode.h"

#include <string.h>

#include "support.h"

static uint8_t buffer[256];

static struct writer fresh(void) {
    memset(buffer, '#', sizeof buffer);
    return writer_on(buffer, sizeof buffer);
}

START_TEST(strings_carry_their_length) {
    struct writer w = fresh();
    bencode_put_text(&w, "spam");
    bencode_put_text(&w, "");
    bencode_put_string(&w, "0123456789", 10);
    assert_written(&w, "4:spam0:10:0123456789");
}
END_TEST

START_TEST(strings_hold_any_byte) {
    struct writer w = fresh();
    bencode_put_string(&w, "\0\xff:", 3);
    ck_assert_uint_eq(w.len, 5);
    ck_assert_mem_eq(buffer, "3:\0\xff:", 5);
}
END_TEST

START_TEST(numbers_stand_between_i_and_e) {
    struct writer w = fresh();
    bencode_put_number(&w, 0);
    bencode_put_number(&w, 1800);
    bencode_put_number(&w, UINT64_MAX);
    assert_written(&w, "i0ei1800ei18446744073709551615e");
}
END_TEST

START_TEST(empty_dictionary_and_list_are_two_letters) {
    struct writer w = fresh();
    bencode_open_dict(&w);
    bencode_close(&w);
    bencode_open_list(&w);
    bencode_close(&w);
    assert_written(&w, "dele");
}
END_TEST

START_TEST(entries_are_a_key_and_a_value) {
    struct writer w = fresh();
    bencode_open_dict(&w);
    bencode_put_number_entry(&w, "interval", 120);
    bencode_put_string_entry(&w, "peers", "\1\2\3\4\5\6", 6);
    bencode_put_text_entry(&w, "retry in", "never");
    bencode_close(&w);
    assert_written(&w,
                   "d8:intervali120e5:peers6:\1\2\3\4\5\6"
                   "8:retry in5:nevere");
}
END_TEST

START_TEST(containers_nest) {
    struct writer w = fresh();
    bencode_open_dict(&w);
    bencode_put_text(&w, "a");
    bencode_open_list(&w);
    bencode_put_number(&w, 1);
    bencode_open_dict(&w);
    bencode_put_number_entry(&w, "b", 2);
    bencode_close(&w);
    bencode_close(&w);
    bencode_close(&w);
    assert_written(&w, "d1:ali1ed1:bi2eeee");
}
END_TEST

static size_t write_example(struct writer *w) {
    bencode_open_dict(w);
    bencode_put_number_entry(w, "complete", 12);
    bencode_put_string_entry(w, "peers", "\1\2\3\4\5\6", 6);
    bencode_close(w);
    return w->len;
}

START_TEST(example_fails_in_every_buffer_that_is_too_small) {
    struct writer whole = fresh();
    const size_t needed = write_example(&whole);
    uint8_t expected[sizeof buffer];
    memcpy(expected, buffer, needed);
    for (size_t capacity = 0; capacity <= needed; capacity++) {
        (void)fresh();
        struct writer w = writer_on(buffer, capacity);
        write_example(&w);
        ck_assert_int_eq(w.failed, capacity < needed);
        ck_assert_uint_le(w.len, capacity);
        ck_assert_mem_eq(buffer, expected, w.len);
        for (size_t i = capacity; i < sizeof buffer; i++)
            ck_assert_uint_eq(buffer[i], '#');
    }
}
END_TEST

UNIT_SUITE(bencode) {
    Suite *suite = suite_create("bencode");
    TCase *tokens = tcase_create("tokens");
    tcase_add_test(tokens, strings_carry_their_length);
    tcase_add_test(tokens, strings_hold_any_byte);
    tcase_add_test(tokens, numbers_stand_between_i_and_e);
    tcase_add_test(tokens, empty_dictionary_and_list_are_two_letters);
    tcase_add_test(tokens, entries_are_a_key_and_a_value);
    tcase_add_test(tokens, containers_nest);
    tcase_add_test(tokens, example_fails_in_every_buffer_that_is_too_small);
    suite_add_tcase(suite, tokens);
    return suite;
}
