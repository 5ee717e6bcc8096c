#include "base/percent.h"

static long decode_escapes(struct bytes text, uint8_t plus, uint8_t *out, size_t capacity) {
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (len == capacity)
            return -1;
        const uint8_t c = text.data[i];
        if (c != '%') {
            out[len++] = c == '+' ? plus : c;
            continue;
        }
        if (text.len - i < 3)
            return -1;
        const int high = hex_digit(text.data[i + 1]);
        const int low = hex_digit(text.data[i + 2]);
        if (high < 0 || low < 0)
            return -1;
        out[len++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return (long)len;
}

long percent_decode(struct bytes text, uint8_t *out, size_t capacity) {
    return decode_escapes(text, ' ', out, capacity);
}

long percent_decode_part(struct bytes text, uint8_t *out, size_t capacity) {
    return decode_escapes(text, '+', out, capacity);
}

static bool is_unreserved(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_encode(struct writer *w, struct bytes text) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        const char escape[3] = { '%', digits[c >> 4], digits[c & 15] };
        if (is_unreserved(c))
            writer_put(w, &c, 1);
        else
            writer_put(w, escape, sizeof escape);
    }
}
