#include "wire/refusal.h"

#include <ctype.h>
#include <string.h>

#include "support.h"

START_TEST(every_refusal_has_words_and_a_name_of_its_own) {
    for (int a = ANNOUNCE_OK; a < ANNOUNCE_RESULTS; a++) {
        char text[REFUSAL_TEXT_LEN];
        refusal_text((enum announce_result)a, "", text);
        ck_assert_uint_gt(strlen(text), 5);
        for (int b = ANNOUNCE_OK; b < a; b++) {
            char other[REFUSAL_TEXT_LEN];
            refusal_text((enum announce_result)b, "", other);
            ck_assert_str_ne(text, other);
            ck_assert_str_ne(refusal_name((enum announce_result)a),
                             refusal_name((enum announce_result)b));
        }
    }
}
END_TEST

START_TEST(words_with_the_longest_detail_are_printable_and_fit) {
    char detail[REFUSAL_DETAIL_LEN];
    memset(detail, 'x', sizeof detail - 1);
    detail[sizeof detail - 1] = '\0';
    for (int result = ANNOUNCE_OK; result < ANNOUNCE_RESULTS; result++) {
        char text[REFUSAL_TEXT_LEN];
        refusal_text((enum announce_result)result, detail, text);
        ck_assert_ptr_nonnull(strstr(text, detail));
        for (const char *c = text; *c != '\0'; c++)
            ck_assert(isprint((unsigned char)*c));
    }
}
END_TEST

START_TEST(what_will_not_change_is_not_to_be_tried_again) {
    ck_assert_uint_eq(refusal_retry_min(ANNOUNCE_BANNED, 120), RETRY_NEVER);
    ck_assert_uint_eq(refusal_retry_min(ANNOUNCE_PASSKEY_UNKNOWN, 120), RETRY_NEVER);
    ck_assert_uint_eq(refusal_retry_min(ANNOUNCE_PEERS_FULL, 120), 3);
    ck_assert_uint_eq(refusal_retry_min(ANNOUNCE_TORRENT_NOT_LISTED, 30), 1);
}
END_TEST

UNIT_SUITE(refusal) {
    Suite *suite = suite_create("refusal");
    TCase *words = tcase_create("words");
    tcase_add_test(words, every_refusal_has_words_and_a_name_of_its_own);
    tcase_add_test(words, words_with_the_longest_detail_are_printable_and_fit);
    tcase_add_test(words, what_will_not_change_is_not_to_be_tried_again);
    suite_add_tcase(suite, words);
    return suite;
}
