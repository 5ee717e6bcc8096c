#include "base/utf8.h"

#include <string.h>

enum { ELLIPSIS_LEN = 3 };

/* Length of the sequence that starts with `first`, and its value bits; 0 if it cannot start one. */
static size_t sequence_len(uint8_t first, uint32_t *bits) {
    static const struct {
        uint8_t mask;
        uint8_t mark;
    } forms[] = { { 0x80, 0x00 }, { 0xe0, 0xc0 }, { 0xf0, 0xe0 }, { 0xf8, 0xf0 } };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if ((first & forms[i].mask) == forms[i].mark) {
            *bits = (uint32_t)(first & ~forms[i].mask);
            return i + 1;
        }
    }
    return 0;
}

/* Rejects overlong forms, surrogates and code points above U+10FFFF. */
static bool is_valid_sequence(uint32_t character, size_t len) {
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    return character >= least[len] && character <= 0x10ffff &&
           (character < 0xd800 || character > 0xdfff);
}

bool utf8_take(struct bytes *rest, uint32_t *character) {
    if (rest->len == 0)
        return false;
    uint32_t bits = 0;
    const size_t len = sequence_len(rest->data[0], &bits);
    if (len == 0 || len > rest->len)
        return false;
    for (size_t i = 1; i < len; i++) {
        if ((rest->data[i] & 0xc0) != 0x80)
            return false;
        bits = bits << 6 | (rest->data[i] & 0x3fU);
    }
    if (!is_valid_sequence(bits, len))
        return false;
    *character = bits;
    *rest = (struct bytes){ .data = rest->data + len, .len = rest->len - len };
    return true;
}

bool utf8_is_valid(struct bytes text) {
    uint32_t character;
    while (utf8_take(&text, &character))
        continue;
    return text.len == 0;
}

void utf8_repair(struct writer *w, struct bytes text) {
    while (text.len > 0) {
        const struct bytes from = text;
        uint32_t character;
        if (utf8_take(&text, &character)) {
            writer_put(w, from.data, from.len - text.len);
        } else {
            writer_put_text(w, "\xef\xbf\xbd");
            text = (struct bytes){ .data = text.data + 1, .len = text.len - 1 };
        }
    }
}

bool utf8_is_control(uint32_t character) {
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x200e ||
           character == 0x200f || (character >= 0x202a && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069);
}

void utf8_copy(struct bytes text, char *copy, size_t size) {
    size_t len = text.len;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && (text.data[len] & 0xc0) == 0x80)
            len--;
    }
    if (len > 0)
        memcpy(copy, text.data, len);
    copy[len] = '\0';
}

/* Takes the next character from `*rest` and returns what is displayed in its place. */
static struct bytes take_printable(struct bytes *rest) {
    const struct bytes from = *rest;
    uint32_t character;
    if (!utf8_take(rest, &character)) {
        *rest = (struct bytes){ .data = from.data + 1, .len = from.len - 1 };
        return bytes_of("\xef\xbf\xbd");
    }
    if (utf8_is_control(character))
        return bytes_of(" ");
    return (struct bytes){ .data = from.data, .len = from.len - rest->len };
}

/* Ends a line that was cut after `len` bytes with an ellipsis, if `max` bytes have room for it. */
static size_t mark_cut(char *line, size_t len, size_t max) {
    if (len + ELLIPSIS_LEN > max)
        return len;
    memcpy(line + len, "\xe2\x80\xa6", ELLIPSIS_LEN);
    return len + ELLIPSIS_LEN;
}

size_t utf8_copy_line(struct bytes text, char *line, size_t size) {
    const size_t max = size - 1;
    size_t len = 0;
    size_t cut_len = 0; /* where an ellipsis would follow */
    while (text.len > 0) {
        const struct bytes shown = take_printable(&text);
        if (shown.len > max - len) {
            len = mark_cut(line, cut_len, max);
            break;
        }
        memcpy(line + len, shown.data, shown.len);
        len += shown.len;
        if (len + ELLIPSIS_LEN <= max)
            cut_len = len;
    }
    line[len] = '\0';
    return len;
}
