#include "base/bytes.h"

int bytes_compare(struct bytes a, struct bytes b) {
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

bool bytes_start_with(struct bytes all, struct bytes prefix) {
    return all.len >= prefix.len &&
           (prefix.len == 0 || memcmp(all.data, prefix.data, prefix.len) == 0);
}

struct bytes bytes_split(struct bytes *rest, uint8_t separator) {
    const struct bytes all = *rest;
    const uint8_t *found = all.len == 0 ? NULL : memchr(all.data, separator, all.len);
    if (found == NULL) {
        *rest = (struct bytes){ 0 };
        return all;
    }
    const size_t before = (size_t)(found - all.data);
    *rest = (struct bytes){ .data = found + 1, .len = all.len - before - 1 };
    return (struct bytes){ .data = all.data, .len = before };
}

bool bytes_to_u64(struct bytes text, uint64_t *value) {
    if (text.len == 0)
        return false;
    uint64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        const unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(sum, 10U, &sum) ||
            __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    *value = sum;
    return true;
}

bool bytes_to_i64(struct bytes text, int64_t *value) {
    const bool negative = text.len > 0 && text.data[0] == '-';
    if (negative)
        text = (struct bytes){ .data = text.data + 1, .len = text.len - 1 };
    uint64_t magnitude = 0;
    if (!bytes_to_u64(text, &magnitude) || magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *value = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}

const uint8_t hex_digits_plus_1[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

void hex_encode(const uint8_t *data, size_t len, char *text) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *text++ = digits[data[i] >> 4];
        *text++ = digits[data[i] & 15];
    }
    *text = '\0';
}

bool hex_decode(struct bytes text, uint8_t *data, size_t len) {
    if (text.len != 2 * len)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (hex_digit(text.data[i]) < 0)
            return false;
    }
    for (size_t i = 0; i < len; i++) {
        const unsigned high = (unsigned)hex_digit(text.data[2 * i]);
        const unsigned low = (unsigned)hex_digit(text.data[2 * i + 1]);
        data[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

struct writer writer_on(uint8_t *data, size_t capacity) {
    return (struct writer){ .data = data, .capacity = capacity };
}

uint8_t *writer_reserve(struct writer *w, size_t len) {
    if (w->failed || len > w->capacity - w->len) {
        w->failed = true;
        return NULL;
    }
    uint8_t *place = w->data + w->len;
    w->len += len;
    return place;
}

void writer_put(struct writer *w, const void *data, size_t len) {
    uint8_t *place = writer_reserve(w, len);
    if (place != NULL && len > 0)
        memcpy(place, data, len);
}

void writer_put_text(struct writer *w, const char *text) {
    writer_put(w, text, strlen(text));
}

void writer_put_number(struct writer *w, uint64_t value) {
    uint8_t digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    writer_put(w, digits + first, sizeof digits - first);
}
