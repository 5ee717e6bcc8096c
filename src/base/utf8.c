#include "base/utf8.h"

#include <string.h>

enum { ELLIPSIS_LEN = 3, BLANK_LEN_MAX = 3 };

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

bool utf8_has_control(struct bytes text) {
    uint32_t character;
    while (utf8_take(&text, &character)) {
        if (utf8_is_control(character))
            return true;
    }
    return false;
}

/* White space and characters without a width. */
static bool is_blank(uint32_t c) {
    static const struct {
        uint32_t first;
        uint32_t last;
    } blanks[] = {
        { '\t', '\r' },     { ' ', ' ' },       { 0x85, 0x85 },     { 0xa0, 0xa0 },
        { 0xad, 0xad },     { 0x1680, 0x1680 }, { 0x180e, 0x180e }, { 0x2000, 0x200f },
        { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 }, { 0xfeff, 0xfeff },
    };
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        if (c >= blanks[i].first && c <= blanks[i].last)
            return true;
    }
    return false;
}

/* Length of the blank at the end of `text`; 0: none. */
static size_t blank_at_end(struct bytes text) {
    uint32_t character;
    for (size_t len = 1; len <= BLANK_LEN_MAX && len <= text.len; len++) {
        struct bytes end = { text.data + text.len - len, len };
        if (utf8_take(&end, &character) && end.len == 0)
            return is_blank(character) ? len : 0;
    }
    return 0;
}

struct bytes utf8_trim(struct bytes text) {
    uint32_t character;
    for (struct bytes rest = text; utf8_take(&rest, &character) && is_blank(character);)
        text = rest;
    for (size_t len = blank_at_end(text); len > 0; len = blank_at_end(text))
        text.len -= len;
    return text;
}

static bool strip_pair(struct bytes *text, struct bytes open, struct bytes close) {
    const size_t len = open.len + close.len;
    if (text->len < len || !bytes_start_with(*text, open) ||
        memcmp(text->data + text->len - close.len, close.data, close.len) != 0)
        return false;
    *text = utf8_trim((struct bytes){ text->data + open.len, text->len - len });
    return true;
}

struct bytes utf8_unquote(struct bytes text) {
    static const char *const pairs[][2] = {
        { "\"", "\"" },
        { "'", "'" },
        { "`", "`" },
        { "<", ">" },
        { "\xe2\x80\x9c", "\xe2\x80\x9d" }, /* English double quotes */
        { "\xe2\x80\x98", "\xe2\x80\x99" }, /* English single quotes */
        { "\xe2\x80\x9e", "\xe2\x80\x9c" }, /* German double quotes */
        { "\xc2\xab", "\xc2\xbb" },         /* French quotes */
    };
    text = utf8_trim(text);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs;) {
        const bool stripped = strip_pair(&text, bytes_of(pairs[i][0]), bytes_of(pairs[i][1]));
        i = stripped ? 0 : i + 1;
    }
    return text;
}

bool utf8_is_utf16(struct bytes file) {
    static const struct bytes little_endian = BYTES_LITERAL("\xff\xfe");
    static const struct bytes big_endian = BYTES_LITERAL("\xfe\xff");
    return bytes_start_with(file, little_endian) || bytes_start_with(file, big_endian);
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
