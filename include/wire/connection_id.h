/* UDP connection ids (BEP 15): proof that the sender of a packet can read what is sent to its
 * address. Nothing is kept for them. An id holds the number of the time window in which it was made
 * and a keyed hash of that window and the address, so that one hash checks it. Pure; any thread. */
#ifndef SKEP_WIRE_CONNECTION_ID_H
#define SKEP_WIRE_CONNECTION_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"

/* Seconds that one window lasts: an id lives less than two windows longer than asked. The number of
 * a window has 16 bits, so that a lifetime is at most CONNECTION_ID_LIFETIME_MAX_S. */
enum { CONNECTION_ID_WINDOW_S = 32, CONNECTION_ID_LIFETIME_MAX_S = 86400 };

/* An id for the address of `peer`; its port may change while the id lives. */
uint64_t connection_id_make(const struct hash_key *key, const struct endpoint *peer,
                            uint64_t now_ms);

/* Whether `id` was made with this key for this address, no longer than `lifetime_s` ago. */
bool connection_id_valid(const struct hash_key *key, const struct endpoint *peer, uint64_t now_ms,
                         uint32_t lifetime_s, uint64_t id);

#endif
