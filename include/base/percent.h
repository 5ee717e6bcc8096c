/* Percent-encoding (RFC 3986, section 2.1). A decoded value can contain any byte, including zero.
 * Pure; allocates nothing. */
#ifndef SKEP_BASE_PERCENT_H
#define SKEP_BASE_PERCENT_H

#include "base/bytes.h"

/* Decodes `text` into `out`; '+' is a space, either hex case is accepted. Returns the length, or -1
 * if an escape is malformed or `out` is too small. */
long percent_decode(struct bytes text, uint8_t *out, size_t capacity);

/* The same for a path segment, in which '+' stays '+'. */
long percent_decode_part(struct bytes text, uint8_t *out, size_t capacity);

/* Encodes every byte except letters, digits and "-._~", so that the result is valid in any part of
 * a URL. */
void percent_encode(struct writer *w, struct bytes text);

#endif
