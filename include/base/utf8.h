/* UTF-8 (RFC 3629) in untrusted bytes. Pure; any thread. */
#ifndef SKEP_BASE_UTF8_H
#define SKEP_BASE_UTF8_H

#include "base/bytes.h"

/* Takes the first character from `*rest`. False, and `*rest` unchanged, at the end and at an
 * invalid sequence: overlong forms, surrogates and code points above U+10FFFF are invalid. */
bool utf8_take(struct bytes *rest, uint32_t *character);

/* Whether all of `text` is valid UTF-8. */
bool utf8_is_valid(struct bytes text);

/* Writes `text` with each invalid byte replaced by U+FFFD: at most three times its length. */
void utf8_repair(struct writer *w, struct bytes text);

/* Whether a character is a control character: C0, DEL, C1, and bidirectional controls, which can
 * make a name look as if it ended differently. */
bool utf8_is_control(uint32_t character);

/* Whether `text` has a control character, before the first invalid sequence. */
bool utf8_has_control(struct bytes text);

/* Drops what editors, terminals and web pages put around a text: white space of any kind, byte
 * order marks, and characters without a width. */
struct bytes utf8_trim(struct bytes text);

/* The same, and pairs of quotation marks or angle brackets around it. */
struct bytes utf8_unquote(struct bytes text);

/* Whether a file starts with the byte order mark of UTF-16, as some editors write it. */
bool utf8_is_utf16(struct bytes file);

/* Copies `text`, cut between characters to `size`, with the terminating zero. */
void utf8_copy(struct bytes text, char *copy, size_t size);

/* Copies `text` as one line that is safe to display: control characters become spaces, invalid
 * bytes U+FFFD. If it is longer than `size`, with the terminating zero, it is cut between
 * characters and ends with an ellipsis. Returns the length. */
size_t utf8_copy_line(struct bytes text, char *line, size_t size);

#endif
