/* UTF-8, as RFC 3629 defines it, in bytes that strangers chose. Pure; any thread. */
#ifndef SKEP_BASE_UTF8_H
#define SKEP_BASE_UTF8_H

#include "base/bytes.h"

/* Takes the first character off `*rest`. False, and `*rest` as it was, at its end and where no
 * proper character begins: overlong forms, surrogates and what lies past U+10FFFF are none. */
bool utf8_take(struct bytes *rest, uint32_t *character);

/* Whether all of it is UTF-8. */
bool utf8_is_valid(struct bytes text);

/* Writes `text` with U+FFFD in the place of each byte that is none: at most three times its length.
 */
void utf8_repair(struct writer *w, struct bytes text);

/* Whether a character acts on those around it instead of being shown: C0, DEL, C1, and the marks
 * that turn the direction of the text, so that a name seems to end otherwise than it does. */
bool utf8_is_control(uint32_t character);

/* Copies `text` as one line that is safe to show: a space in the place of each such character,
 * U+FFFD in that of each byte that is none. Cut, between characters, to `size` with its terminating
 * zero. Returns its length. */
size_t utf8_copy_line(struct bytes text, char *line, size_t size);

#endif
