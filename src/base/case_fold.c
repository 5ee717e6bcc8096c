#include "base/case_fold.h"

#include <limits.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

locale_t case_fold_letters(void) {
    return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static char fold_byte(char c) {
    if (c < 'A' || c > 'Z')
        return c;
    return (char)(c - 'A' + 'a');
}

/* Folds one multi-byte letter; other bytes are copied. */
static size_t fold_letter(locale_t letters, const char *text, size_t len, char *folded,
                          size_t *folded_len) {
    wchar_t letter;
    mbstate_t state = { 0 };
    const size_t read = mbrtowc(&letter, text, len, &state);
    if (read == 0 || read > len) {
        folded[0] = text[0];
        *folded_len = 1;
        return 1;
    }
    state = (mbstate_t){ 0 };
    *folded_len = wcrtomb(folded, (wchar_t)towlower_l((wint_t)letter, letters), &state);
    if (*folded_len > MB_LEN_MAX) {
        memcpy(folded, text, read);
        *folded_len = read;
    }
    return read;
}

static void fold_all(locale_t letters, const char *text, char *folded, size_t size) {
    size_t left = strlen(text);
    size_t len = 0;
    while (left > 0) {
        char letter[MB_LEN_MAX] = { fold_byte(*text) };
        size_t letter_len = 1;
        size_t taken = 1;
        if ((*text & 0x80) != 0 && letters != (locale_t)0)
            taken = fold_letter(letters, text, left, letter, &letter_len);
        if (len + letter_len >= size)
            break;
        memcpy(folded + len, letter, letter_len);
        len += letter_len;
        text += taken;
        left -= taken;
    }
    folded[len] = '\0';
}

void case_fold_text(locale_t letters, const char *text, char *folded, size_t size) {
    /* The conversion functions use the thread's locale. */
    const locale_t before = letters != (locale_t)0 ? uselocale(letters) : (locale_t)0;
    fold_all(letters, text, folded, size);
    if (letters != (locale_t)0)
        uselocale(before);
}
