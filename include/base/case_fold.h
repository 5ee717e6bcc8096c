/* Text as a search compares it: in lower case, in every script that has one. Pure; any thread. */
#ifndef SKEP_BASE_CASE_FOLD_H
#define SKEP_BASE_CASE_FOLD_H

#include <locale.h>
#include <stddef.h>

/* The letters of all scripts; the caller's to free with freelocale. Where the system has no such
 * table, it is (locale_t)0, with which only the letters of ASCII are folded. */
locale_t case_fold_letters(void);

/* Writes `text`, which is UTF-8 as far as it can be read as such, to `folded`, with a terminating
 * zero; what does not fit is left out. A letter may be longer folded than before. */
void case_fold_text(locale_t letters, const char *text, char *folded, size_t size);

#endif
