/* Tokens of get_peers (BEP 5): a client that announces a peer must have sent get_peers from the
 * same address a short time before, so that the sender is not forged. Stateless: a token is a keyed
 * hash of the address and of the time window in which it was made; those of this window and the one
 * before are accepted. Pure; any thread. */
#ifndef SKEP_DHT_TOKEN_H
#define SKEP_DHT_TOKEN_H

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/keyed_hash.h"

enum { TOKEN_LEN = 8, TOKEN_WINDOW_S = 300 };

void token_make(uint8_t token[static TOKEN_LEN], const struct hash_key *key,
                const struct endpoint *address, uint64_t now_ms);

/* Whether the token was made for this address, whatever its port, in this window or the last. */
bool token_valid(struct bytes token, const struct hash_key *key, const struct endpoint *address,
                 uint64_t now_ms);

#endif
