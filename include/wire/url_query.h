/* The query of a URL, as it was sent: pairs of still encoded names and values. Percent-decoding is
 * a step of its own, because a decoded value may hold any byte, zeros too. Pure; allocates nothing.
 */
#ifndef SKEP_WIRE_URL_QUERY_H
#define SKEP_WIRE_URL_QUERY_H

#include "base/bytes.h"

/* Takes the next "name=value" off `*rest`. A pair without '=' has an empty value; empty pairs are
 * passed over. False at the end. */
bool url_query_next(struct bytes *rest, struct bytes *name, struct bytes *value);

/* Decodes `text` ('+' is a space, hex of either case) into `out`. Returns the decoded length, or -1
 * if an escape is broken or `out` too small. */
long percent_decode(struct bytes text, uint8_t *out, size_t capacity);

/* The same for a part of a path, where '+' is nothing but itself. */
long percent_decode_part(struct bytes text, uint8_t *out, size_t capacity);

/* Writes `text` so that it may stand in any part of a URL: every byte but letters, digits and
 * "-._~" becomes an escape. */
void percent_encode(struct writer *w, struct bytes text);

#endif
