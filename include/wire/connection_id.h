/* UDP connection ids (BEP 15): proof that the sender of a packet receives packets at its address.
 * Stateless: an id contains the number of the time window in which it was made and a keyed hash of
 * that window and the address, so one hash verifies it. Pure; any thread. */
#ifndef SKEP_WIRE_CONNECTION_ID_H
#define SKEP_WIRE_CONNECTION_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"

/* Length of a window in seconds: an id lives up to two windows longer than requested. A window's
 * number has 16 bits, so the lifetime is at most CONNECTION_ID_LIFETIME_MAX_S. */
enum { CONNECTION_ID_WINDOW_S = 32, CONNECTION_ID_LIFETIME_MAX_S = 86400 };

/* Returns an id for the address of `peer`. The port may change during the id's life. */
uint64_t connection_id_make(const struct hash_key *key, const struct endpoint *peer,
                            uint64_t now_ms);

/* Whether `id` was made with this key for this address, at most `lifetime_s` ago. */
bool connection_id_valid(const struct hash_key *key, const struct endpoint *peer, uint64_t now_ms,
                         uint32_t lifetime_s, uint64_t id);

#endif
