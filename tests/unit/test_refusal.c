#include "wire/refusal.h"

#include <ctype.h>
#include <string.h>

#include "support.h"

START_TEST(every_refusal_has_words_of_its_own) {
    for (int a = ANNOUNCE_OK; a <= ANNOUNCE_NO_MEMORY; a++) {
        const char *text = refusal_text((enum announce_result)a);
        ck_assert_uint_gt(strlen(text), 5);
        for (int b = ANNOUNCE_OK; b < a; b++)
            ck_assert_str_ne(text, refusal_text((enum announce_result)b));
    }
}
END_TEST

START_TEST(words_are_printable_and_short) {
    for (int result = ANNOUNCE_OK; result <= ANNOUNCE_NO_MEMORY; result++) {
        const char *text = refusal_text((enum announce_result)result);
        ck_assert_uint_lt(strlen(text), 200);
        for (const char *c = text; *c != '\0'; c++)
            ck_assert(isprint((unsigned char)*c));
    }
}
END_TEST

START_TEST(unknown_refusal_has_words_too) {
    ck_assert_ptr_nonnull(refusal_text((enum announce_result)(ANNOUNCE_NO_MEMORY + 1)));
}
END_TEST

Suite *refusal_suite(void) {
    Suite *suite = suite_create("refusal");
    TCase *words = tcase_create("words");
    tcase_add_test(words, every_refusal_has_words_of_its_own);
    tcase_add_test(words, words_are_printable_and_short);
    tcase_add_test(words, unknown_refusal_has_words_too);
    suite_add_tcase(suite, words);
    return suite;
}
