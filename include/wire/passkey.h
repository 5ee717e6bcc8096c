/* Passkey of an announce URL: the path segment before "announce" (for UDP from BEP 41). Only its
 * digest is kept. Pure. */
#ifndef SKEP_WIRE_PASSKEY_H
#define SKEP_WIRE_PASSKEY_H

#include "base/bytes.h"
#include "swarm/announce.h"

enum { PASSKEY_TEXT_MAX = 64 };

/* Digest of a passkey of 1 to PASSKEY_TEXT_MAX bytes; `given` is false if it is empty or longer. */
struct passkey passkey_of(struct bytes key);

/* Passkey in a path such as "/KEY/announce?x". */
struct passkey passkey_in_path(struct bytes path);

#endif
