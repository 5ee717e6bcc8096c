/* Passkey of an announce or scrape URL (for UDP from BEP 41). Only its digest is kept. Pure, but
 * for passkey_generate. */
#ifndef SKEP_WIRE_PASSKEY_H
#define SKEP_WIRE_PASSKEY_H

#include "base/bytes.h"
#include "swarm/announce.h"
#include "wire/http_wire.h"

enum { PASSKEY_TEXT_MIN = 16, PASSKEY_TEXT_MAX = 64 };

/* Whether a new passkey may be `key`: 16 to 64 letters, digits, "-" and "_". */
bool passkey_is_allowed(struct bytes key);

/* Makes a random passkey of 32 hexadecimal digits. False without randomness. */
bool passkey_generate(char key[static PASSKEY_TEXT_MAX + 1]);

/* Whether all characters are allowed. */
bool passkey_has_allowed_characters(struct bytes key);

/* Digest of a passkey of 1 to PASSKEY_TEXT_MAX bytes; `given` is false if it is empty or longer. */
struct passkey passkey_of(struct bytes key);

/* Passkey of a target: of its path or, if that has none, the first `passkey` of its query. */
struct passkey passkey_of_target(const struct http_target *target);

/* The same if the query was parsed already: `in_query` is the passkey there. */
struct passkey passkey_choose(const struct http_target *target, const struct passkey *in_query);

#endif
