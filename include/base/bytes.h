/* Borrowed slices of bytes, and a bounded writer.
 * A `struct bytes` borrows its bytes. A `struct writer` fills a buffer of the caller and never
 * grows it: the first write that does not fit sets `failed`, and later ones do nothing, so that one
 * check at the end is enough. Pure; any thread. */
#ifndef SKEP_BASE_BYTES_H
#define SKEP_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data;
    size_t len;
};

struct writer {
    uint8_t *data;
    size_t capacity;
    size_t len;
    bool failed;
};

/* The bytes of a C string, without its terminator. Borrows `text`. */
static inline struct bytes bytes_of(const char *text) {
    return (struct bytes){ .data = (const uint8_t *)text, .len = strlen(text) };
}

/* The same for a string literal, as a constant. */
#define BYTES_LITERAL(text)                                                                        \
    { .data = (const uint8_t *)(text), .len = sizeof(text) - 1 }

static inline bool bytes_equal(struct bytes a, struct bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Bytewise order, as memcmp; a prefix comes first. */
int bytes_compare(struct bytes a, struct bytes b);

/* Whether `all` starts with `prefix`. */
bool bytes_start_with(struct bytes all, struct bytes prefix);

/* Splits `*rest` at the first `separator`: returns the part before it and leaves the part after it
 * in `*rest`. Without a separator, returns everything and leaves nothing. */
struct bytes bytes_split(struct bytes *rest, uint8_t separator);

/* Parses a decimal number with an optional leading '-'. False, and `*value` unchanged, if it is
 * empty, contains other characters or does not fit. */
bool bytes_to_u64(struct bytes text, uint64_t *value);
bool bytes_to_i64(struct bytes text, int64_t *value);

/* Value of each hexadecimal digit plus one; 0 for every other byte. */
extern const uint8_t hex_digits_plus_1[256];

/* Value of a hexadecimal digit of either case, or -1. */
static inline int hex_digit(uint8_t c) {
    return hex_digits_plus_1[c] - 1;
}

/* Writes 2 * len lower-case digits and a terminating zero to `text`. */
void hex_encode(const uint8_t *data, size_t len, char *text);

/* Reads exactly 2 * len digits of either case. False if `text` is anything else. */
bool hex_decode(struct bytes text, uint8_t *data, size_t len);

struct writer writer_on(uint8_t *data, size_t capacity);
void writer_put(struct writer *w, const void *data, size_t len);
void writer_put_text(struct writer *w, const char *text);

/* Writes a decimal number. */
void writer_put_number(struct writer *w, uint64_t value);

/* Reserves `len` bytes, which the caller fills; NULL if they do not fit. */
uint8_t *writer_reserve(struct writer *w, size_t len);

/* Big-endian numbers, as in all BitTorrent packets. */
static inline uint16_t load_u16(const uint8_t *p) {
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t load_u32(const uint8_t *p) {
    return (uint32_t)load_u16(p) << 16 | load_u16(p + 2);
}

static inline uint64_t load_u64(const uint8_t *p) {
    return (uint64_t)load_u32(p) << 32 | load_u32(p + 4);
}

static inline void store_u16(uint8_t *p, uint16_t value) {
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void store_u32(uint8_t *p, uint32_t value) {
    store_u16(p, (uint16_t)(value >> 16));
    store_u16(p + 2, (uint16_t)value);
}

static inline void store_u64(uint8_t *p, uint64_t value) {
    store_u32(p, (uint32_t)(value >> 32));
    store_u32(p + 4, (uint32_t)value);
}

#endif
