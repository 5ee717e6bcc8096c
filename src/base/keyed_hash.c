#include "base/keyed_hash.h"

#include <string.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t value, unsigned bits) {
    return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct state *s) {
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 = rotate_left(s->v2, 32);
}

static inline void absorb_word(struct state *s, uint64_t word, int rounds) {
    s->v3 ^= word;
    for (int i = 0; i < rounds; i++)
        sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t load_little_endian(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Bytes by shifts: compilers make one load of it. */
static inline uint64_t load_half(const uint8_t *p) {
    return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

/* The last `left` bytes (0 to 7) of an input of `len` bytes that ends at `end`. A memcpy of unknown
 * length would be a function call, so longer inputs are read again from eight bytes before the end.
 */
static inline uint64_t load_tail(const uint8_t *end, size_t left, size_t len) {
    if (left == 0)
        return 0;
    if (len >= 8)
        return load_little_endian(end - 8) >> (64 - 8 * left);
    if (left >= 4)
        return load_half(end - left) | load_half(end - 4) << 8 * (left - 4);
    uint64_t word = 0;
    for (; left > 0; left--)
        word = word << 8 | *--end;
    return word;
}

static inline uint64_t siphash(const struct hash_key *key, const void *data, size_t len, int rounds,
                               int last_rounds) {
    const uint8_t *p = data;
    struct state s = {
        .v0 = key->half[0] ^ 0x736f6d6570736575,
        .v1 = key->half[1] ^ 0x646f72616e646f6d,
        .v2 = key->half[0] ^ 0x6c7967656e657261,
        .v3 = key->half[1] ^ 0x7465646279746573,
    };
    size_t left = len;
    for (; left >= 8; left -= 8, p += 8)
        absorb_word(&s, load_little_endian(p), rounds);
    absorb_word(&s, load_tail(p + left, left, len) | (uint64_t)len << 56, rounds);
    s.v2 ^= 0xff;
    for (int i = 0; i < last_rounds; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t keyed_hash(const struct hash_key *key, const void *data, size_t len) {
    return siphash(key, data, len, 1, 3);
}

uint64_t keyed_signature(const struct hash_key *key, const void *data, size_t len) {
    return siphash(key, data, len, 2, 4);
}
