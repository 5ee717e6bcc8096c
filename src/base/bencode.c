#include "base/bencode.h"

#include <string.h>

void bencode_open_dict(struct writer *w) {
    writer_put(w, "d", 1);
}

void bencode_open_list(struct writer *w) {
    writer_put(w, "l", 1);
}

void bencode_close(struct writer *w) {
    writer_put(w, "e", 1);
}

void bencode_put_string(struct writer *w, const void *data, size_t len) {
    writer_put_number(w, len);
    writer_put(w, ":", 1);
    writer_put(w, data, len);
}

void bencode_put_text(struct writer *w, const char *text) {
    bencode_put_string(w, text, strlen(text));
}

void bencode_put_number(struct writer *w, uint64_t value) {
    writer_put(w, "i", 1);
    writer_put_number(w, value);
    writer_put(w, "e", 1);
}

void bencode_put_text_entry(struct writer *w, const char *key, const char *text) {
    bencode_put_text(w, key);
    bencode_put_text(w, text);
}

void bencode_put_string_entry(struct writer *w, const char *key, const void *data, size_t len) {
    bencode_put_text(w, key);
    bencode_put_string(w, data, len);
}

void bencode_put_number_entry(struct writer *w, const char *key, uint64_t value) {
    bencode_put_text(w, key);
    bencode_put_number(w, value);
}

static struct bytes skip_bytes(struct bytes all, size_t len) {
    return (struct bytes){ .data = all.data + len, .len = all.len - len };
}

/* "i-42e". Leading zeros and "-0" are invalid, so that a number has one encoding. */
static bool take_number(struct bytes *rest, int64_t *number) {
    const uint8_t *end = memchr(rest->data, 'e', rest->len);
    if (end == NULL)
        return false;
    const struct bytes digits = { .data = rest->data + 1, .len = (size_t)(end - rest->data) - 1 };
    const bool negative = digits.len > 0 && digits.data[0] == '-';
    const struct bytes magnitude = skip_bytes(digits, negative);
    if (!bytes_to_i64(digits, number) ||
        (magnitude.data[0] == '0' && (magnitude.len > 1 || negative)))
        return false;
    *rest = skip_bytes(*rest, digits.len + 2);
    return true;
}

/* "4:spam". */
static bool take_string(struct bytes *rest, struct bytes *text) {
    struct bytes behind = *rest;
    const struct bytes digits = bytes_split(&behind, ':');
    uint64_t len;
    if (digits.len == rest->len || !bytes_to_u64(digits, &len) ||
        (digits.len > 1 && digits.data[0] == '0') || len > behind.len)
        return false;
    *text = (struct bytes){ .data = rest->data + digits.len + 1, .len = (size_t)len };
    *rest = skip_bytes(*rest, digits.len + 1 + (size_t)len);
    return true;
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* Takes a number or a string. */
static bool take_scalar(struct bytes *rest, struct bencode_value *value) {
    if (rest->data[0] == 'i') {
        value->kind = BENCODE_NUMBER;
        return take_number(rest, &value->number);
    }
    value->kind = BENCODE_STRING;
    return is_digit(rest->data[0]) && take_string(rest, &value->inside);
}

/* Skips to the end that matches the beginning taken before. */
static bool skip_to_end(struct bytes *rest) {
    unsigned depth = 1;
    while (rest->len > 0) {
        struct bencode_value ignored;
        const uint8_t c = rest->data[0];
        if (c == 'e' || c == 'l' || c == 'd') {
            *rest = skip_bytes(*rest, 1);
            depth += c == 'e' ? -1U : 1U;
            if (depth == 0)
                return true;
            if (depth > BENCODE_DEPTH_MAX)
                return false;
        } else if (!take_scalar(rest, &ignored)) {
            return false;
        }
    }
    return false;
}

bool bencode_take(struct bytes *rest, struct bencode_value *value) {
    struct bytes behind = *rest;
    struct bencode_value taken = { 0 };
    if (behind.len == 0)
        return false;
    const uint8_t first = behind.data[0];
    if (first == 'l' || first == 'd') {
        taken.kind = first == 'l' ? BENCODE_LIST : BENCODE_DICT;
        behind = skip_bytes(behind, 1);
        const struct bytes inside = behind;
        if (!skip_to_end(&behind))
            return false;
        taken.inside = (struct bytes){ .data = inside.data, .len = inside.len - behind.len - 1 };
    } else if (!take_scalar(&behind, &taken)) {
        return false;
    }
    taken.whole = (struct bytes){ .data = rest->data, .len = rest->len - behind.len };
    *rest = behind;
    *value = taken;
    return true;
}

bool bencode_take_entry(struct bytes *rest, struct bytes *key, struct bencode_value *value) {
    struct bytes behind = *rest;
    struct bencode_value name;
    if (!bencode_take(&behind, &name) || name.kind != BENCODE_STRING ||
        !bencode_take(&behind, value))
        return false;
    *key = name.inside;
    *rest = behind;
    return true;
}

bool bencode_find(const struct bencode_value *dict, const char *key, enum bencode_kind kind,
                  struct bencode_value *value) {
    struct bytes rest = dict->inside;
    struct bytes name;
    while (bencode_take_entry(&rest, &name, value)) {
        if (bytes_equal(name, bytes_of(key)))
            return value->kind == kind;
    }
    return false;
}
