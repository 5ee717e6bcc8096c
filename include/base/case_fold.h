/* Case folding for searches, in every script that has case. Pure; any thread. */
#ifndef SKEP_BASE_CASE_FOLD_H
#define SKEP_BASE_CASE_FOLD_H

#include <locale.h>
#include <stddef.h>

/* The case tables of all scripts; free them with freelocale. If the system has none, it is
 * (locale_t)0, which folds ASCII only. */
locale_t case_fold_letters(void);

/* Writes the folded `text` (UTF-8; invalid bytes are kept) to `folded`, with a terminating zero;
 * what does not fit is cut. A folded letter can be longer than the original. */
void case_fold_text(locale_t letters, const char *text, char *folded, size_t size);

#endif
