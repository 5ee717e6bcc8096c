#include "dht/node_id.h"

#include <string.h>

#include "base/bytes.h"

/* CRC-32C (Castagnoli), bit by bit: inputs have at most 8 bytes. */
static uint32_t crc32c(const uint8_t *data, size_t len) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

/* The first 21 bits of this belong to the id; `random_bits` is its last byte. */
static uint32_t prefix_of(const struct endpoint *address, uint8_t random_bits) {
    static const uint8_t mask_v4[4] = { 0x03, 0x0f, 0x3f, 0xff };
    static const uint8_t mask_v6[8] = { 0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff };
    const bool is_v6 = address->family == FAMILY_V6;
    const uint8_t *mask = is_v6 ? mask_v6 : mask_v4;
    const size_t len = is_v6 ? sizeof mask_v6 : sizeof mask_v4;
    uint8_t masked[sizeof mask_v6];
    for (size_t i = 0; i < len; i++)
        masked[i] = address->wire[i] & mask[i];
    masked[0] |= (uint8_t)((random_bits & 7) << 5);
    return crc32c(masked, len);
}

void node_id_make(uint8_t id[static NODE_ID_LEN], const struct endpoint *address,
                  struct random *random) {
    uint8_t made[24];
    for (size_t i = 0; i < sizeof made; i += 8)
        store_u64(made + i, random_next(random));
    memcpy(id, made, NODE_ID_LEN);
    if (address->family == FAMILY_NONE)
        return;
    const uint32_t prefix = prefix_of(address, id[NODE_ID_LEN - 1]);
    id[0] = (uint8_t)(prefix >> 24);
    id[1] = (uint8_t)(prefix >> 16);
    id[2] = (uint8_t)((prefix >> 8 & 0xf8) | (id[2] & 7));
}

bool node_id_valid(const uint8_t id[static NODE_ID_LEN], const struct endpoint *address) {
    if (node_id_exempt(address))
        return true;
    const uint32_t prefix = prefix_of(address, id[NODE_ID_LEN - 1]);
    return (load_u32(id) ^ prefix) >> 11 == 0;
}

static bool exempt_v4(const uint8_t *address) {
    return address[0] == 10 || address[0] == 127 || (address[0] == 172 && address[1] >> 4 == 1) ||
           (address[0] == 192 && address[1] == 168) || (address[0] == 169 && address[1] == 254);
}

/* fc00::/7 and fe80::/10. */
static bool exempt_v6(const uint8_t *address) {
    return (address[0] & 0xfe) == 0xfc || (address[0] == 0xfe && address[1] >> 6 == 2);
}

bool node_id_exempt(const struct endpoint *address) {
    if (address->family == FAMILY_V4)
        return exempt_v4(address->wire);
    return exempt_v6(address->wire) || endpoint_is_loopback(address);
}

bool node_id_is_mapped(const struct endpoint *address) {
    static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
    return address->family == FAMILY_V6 && memcmp(address->wire, prefix, sizeof prefix) == 0;
}

bool node_id_reachable(const struct endpoint *endpoint, const struct endpoint *other) {
    if (!endpoint_is_usable(endpoint) || node_id_is_mapped(endpoint) ||
        endpoint_port(endpoint) == 0)
        return false;
    if (endpoint_is_loopback(endpoint))
        return endpoint_is_loopback(other);
    return !node_id_exempt(endpoint) || node_id_exempt(other);
}

unsigned node_id_shared_bits(const uint8_t a[static NODE_ID_LEN],
                             const uint8_t b[static NODE_ID_LEN]) {
    unsigned at = 0;
    while (at < NODE_ID_LEN && a[at] == b[at])
        at++;
    if (at == NODE_ID_LEN)
        return NODE_ID_BITS;
    return 8 * at + (unsigned)__builtin_clz((unsigned)(a[at] ^ b[at])) - 24;
}

int node_id_compare(const uint8_t target[static NODE_ID_LEN], const uint8_t a[static NODE_ID_LEN],
                    const uint8_t b[static NODE_ID_LEN]) {
    for (size_t i = 0; i < NODE_ID_LEN; i++) {
        if (a[i] != b[i])
            return (a[i] ^ target[i]) - (b[i] ^ target[i]);
    }
    return 0;
}
