#include "dht/token.h"

static uint64_t window_at(uint64_t now_ms) {
    return now_ms / 1000 / TOKEN_WINDOW_S;
}

static uint64_t token_of_window(const struct hash_key *key, const struct endpoint *address,
                                uint64_t window) {
    uint8_t signed_part[sizeof window + 16];
    const size_t len = address_len(address->family);
    store_u64(signed_part, window);
    memcpy(signed_part + sizeof window, address->wire, len);
    return keyed_signature(key, signed_part, sizeof window + len);
}

void token_make(uint8_t token[static TOKEN_LEN], const struct hash_key *key,
                const struct endpoint *address, uint64_t now_ms) {
    store_u64(token, token_of_window(key, address, window_at(now_ms)));
}

bool token_valid(struct bytes token, const struct hash_key *key, const struct endpoint *address,
                 uint64_t now_ms) {
    const uint64_t window = window_at(now_ms);
    if (token.len != TOKEN_LEN)
        return false;
    const uint64_t value = load_u64(token.data);
    return value == token_of_window(key, address, window) ||
           (window > 0 && value == token_of_window(key, address, window - 1));
}
