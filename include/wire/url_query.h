/* The query of a URL: pairs of names and values, still percent-encoded. Pure; allocates nothing. */
#ifndef SKEP_WIRE_URL_QUERY_H
#define SKEP_WIRE_URL_QUERY_H

#include "base/bytes.h"

/* Takes the next "name=value" from `*rest`. A pair without '=' has an empty value; empty pairs are
 * skipped. False at the end. */
bool url_query_next(struct bytes *rest, struct bytes *name, struct bytes *value);

#endif
