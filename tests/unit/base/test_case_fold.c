#include "base/case_fold.h"

#include <string.h>

#include "support.h"

enum { ROOM = 64 };

static const struct {
    const char *text;
    const char *folded;
} texts[] = {
    { "", "" },
    { "Film 1.MKV", "film 1.mkv" },
    { "ÄÖÜ Größe ÉCOLE", "äöü größe école" },
    { "ΑΘΗΝΑ Москва", "αθηνα москва" },
    { "日本 😀", "日本 😀" },
    { "a\xff"
      "B\xc3",
      "a\xff"
      "b\xc3" },
    { "\xe2\x82", "\xe2\x82" },
};

START_TEST(letters_of_every_script_are_folded) {
    char folded[ROOM];
    const locale_t letters = case_fold_letters();
    ck_assert(letters != (locale_t)0);
    case_fold_text(letters, texts[_i].text, folded, sizeof folded);
    ck_assert_str_eq(folded, texts[_i].folded);
    freelocale(letters);
}
END_TEST

START_TEST(text_that_does_not_fit_is_cut_between_letters) {
    char folded[ROOM];
    const locale_t letters = case_fold_letters();
    for (size_t size = 1; size < 8; size++) {
        memset(folded, 'x', sizeof folded);
        case_fold_text(letters, "ÄBÖ", folded, size);
        ck_assert_str_eq(folded, size > 5 ? "äbö" : size > 3 ? "äb" : size > 2 ? "ä" : "");
        ck_assert_int_eq(folded[size], 'x');
    }
    freelocale(letters);
}
END_TEST

START_TEST(ascii_is_folded_where_there_is_no_table) {
    char folded[ROOM];
    case_fold_text((locale_t)0, "ABC Ä", folded, sizeof folded);
    ck_assert_str_eq(folded, "abc Ä");
}
END_TEST

UNIT_SUITE(fold) {
    Suite *suite = suite_create("fold");
    TCase *tcase = tcase_create("fold");
    tcase_add_loop_test(tcase, letters_of_every_script_are_folded, 0, LOOPS_OF(texts));
    tcase_add_test(tcase, text_that_does_not_fit_is_cut_between_letters);
    tcase_add_test(tcase, ascii_is_folded_where_there_is_no_table);
    suite_add_tcase(suite, tcase);
    return suite;
}
