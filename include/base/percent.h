/* Percent-encoding (RFC 3986, section 2.1). A decoded value may hold any byte, also zero. Pure;
 * allocates nothing. */
#ifndef SKEP_BASE_PERCENT_H
#define SKEP_BASE_PERCENT_H

#include "base/bytes.h"

/* Decodes `text` ('+' is a space, hex of either case) into `out`. Returns the decoded length, or -1
 * if an escape is broken or `out` too small. */
long percent_decode(struct bytes text, uint8_t *out, size_t capacity);

/* The same for a part of a path, where '+' is nothing but itself. */
long percent_decode_part(struct bytes text, uint8_t *out, size_t capacity);

/* Writes `text` so that it may stand in any part of a URL: every byte but letters, digits and
 * "-._~" becomes an escape. */
void percent_encode(struct writer *w, struct bytes text);

#endif
