#include "wire/refusal.h"

#include <ctype.h>
#include <string.h>

#include "support.h"

START_TEST(every_refusal_has_its_own_text_and_name) {
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

START_TEST(text_with_the_longest_detail_is_printable_and_fits) {
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

START_TEST(refusals_have_their_retry_time) {
    ck_assert_uint_eq(refusal_retry_min(ANNOUNCE_BANNED, 120), RETRY_NEVER);
    ck_assert_uint_eq(refusal_retry_min(ANNOUNCE_PASSKEY_UNKNOWN, 120), RETRY_NEVER);
    ck_assert_uint_eq(refusal_retry_min(ANNOUNCE_PEERS_FULL, 120), 3);
    ck_assert_uint_eq(refusal_retry_min(ANNOUNCE_TORRENT_NOT_LISTED, 30), 1);
}
END_TEST

UNIT_SUITE(refusal) {
    Suite *suite = suite_create("refusal");
    TCase *words = tcase_create("words");
    tcase_add_test(words, every_refusal_has_its_own_text_and_name);
    tcase_add_test(words, text_with_the_longest_detail_is_printable_and_fits);
    tcase_add_test(words, refusals_have_their_retry_time);
    suite_add_tcase(suite, words);
    return suite;
}
