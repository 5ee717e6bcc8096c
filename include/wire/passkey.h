/* The passkey of an announce URL: the path's part before "announce" (BEP 41 brings UDP's path). It
 * is kept as a digest only. Pure. */
#ifndef SKEP_WIRE_PASSKEY_H
#define SKEP_WIRE_PASSKEY_H

#include "base/bytes.h"
#include "swarm/announce.h"

enum { PASSKEY_TEXT_MAX = 64 };

/* The digest of a key of 1 to PASSKEY_TEXT_MAX bytes; none is given where it is empty or longer. */
struct passkey passkey_of(struct bytes key);

/* The passkey in a path such as "/KEY/announce?x". */
struct passkey passkey_in_path(struct bytes path);

#endif
