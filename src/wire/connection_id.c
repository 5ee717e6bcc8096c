#include "wire/connection_id.h"

#include <string.h>

static uint64_t window_at(uint64_t now_ms) {
    return now_ms / 1000 / CONNECTION_ID_WINDOW_S;
}

static uint64_t id_of_window(const struct hash_key *key, const struct endpoint *peer,
                             uint64_t window) {
    uint8_t signed_part[sizeof window + 16];
    const size_t len = address_len(peer->family);
    memcpy(signed_part, &window, sizeof window);
    memcpy(signed_part + sizeof window, peer->wire, len);
    const uint64_t signature = keyed_signature(key, signed_part, sizeof window + len);
    return window << 48 | signature >> 16;
}

uint64_t connection_id_make(const struct hash_key *key, const struct endpoint *peer,
                            uint64_t now_ms) {
    return id_of_window(key, peer, window_at(now_ms));
}

bool connection_id_valid(const struct hash_key *key, const struct endpoint *peer, uint64_t now_ms,
                         uint32_t lifetime_s, uint64_t id) {
    const uint64_t now = window_at(now_ms);
    const uint16_t age = (uint16_t)(now - (id >> 48));
    const uint32_t oldest = (lifetime_s + CONNECTION_ID_WINDOW_S - 1) / CONNECTION_ID_WINDOW_S;
    return age <= oldest && age <= now && id == id_of_window(key, peer, now - age);
}
