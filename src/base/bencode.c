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

static void skip_bytes(struct bytes *rest, size_t len) {
    *rest = (struct bytes){ .data = rest->data + len, .len = rest->len - len };
}

static bool is_digit(struct bytes rest) {
    return rest.len > 0 && rest.data[0] >= '0' && rest.data[0] <= '9';
}

/* The taking functions return the reason why the bytes are invalid, or NULL. `*rest` then starts at
 * the byte at fault, or after the value taken. */

static const char *unexpected(struct bytes rest) {
    return rest.len == 0 ? "unexpected end" : "unexpected character";
}

/* Digits up to `end`. A leading zero is invalid, so that a number has one encoding. */
static const char *take_digits(struct bytes *rest, uint8_t end) {
    const struct bytes digits = *rest;
    while (is_digit(*rest))
        skip_bytes(rest, 1);
    const size_t len = digits.len - rest->len;
    if (len > 1 && digits.data[0] == '0') {
        *rest = digits;
        return "leading zero";
    }
    if (len == 0 || rest->len == 0 || rest->data[0] != end)
        return unexpected(*rest);
    skip_bytes(rest, 1);
    return NULL;
}

/* "i-42e". */
static const char *take_number(struct bytes *rest, struct bencode_value *value) {
    skip_bytes(rest, 1);
    struct bytes text = *rest;
    if (rest->len > 1 && rest->data[0] == '-') {
        skip_bytes(rest, 1);
        if (rest->data[0] == '0')
            return "leading zero";
    }
    const char *fault = take_digits(rest, 'e');
    if (fault != NULL)
        return fault;
    text.len -= rest->len + 1;
    value->kind = bytes_to_i64(text, &value->number) ? BENCODE_NUMBER : BENCODE_BIG_NUMBER;
    return NULL;
}

/* "4:spam". */
static const char *take_string(struct bytes *rest, struct bytes *text) {
    const struct bytes from = *rest;
    uint64_t len;
    const char *fault = take_digits(rest, ':');
    if (fault != NULL)
        return fault;
    const struct bytes digits = { .data = from.data, .len = from.len - rest->len - 1 };
    if (!bytes_to_u64(digits, &len) || len > rest->len) {
        *rest = from;
        return "string longer than the rest";
    }
    *text = (struct bytes){ .data = rest->data, .len = (size_t)len };
    skip_bytes(rest, text->len);
    return NULL;
}

/* Takes a number or a string. */
static const char *take_scalar(struct bytes *rest, struct bencode_value *value) {
    if (rest->len > 0 && rest->data[0] == 'i')
        return take_number(rest, value);
    value->kind = BENCODE_STRING;
    return is_digit(*rest) ? take_string(rest, &value->inside) : unexpected(*rest);
}

/* An open list or dictionary. */
struct container {
    bool is_dict;
    bool value_next; /* of a dictionary: its last key has no value yet */
    bool has_keys;
    struct bytes key; /* the last one */
};

/* The open containers, from the outside in. */
struct nesting {
    size_t depth;
    struct container open[BENCODE_DEPTH_MAX];
};

static const char *take_key(struct bytes *rest, struct container *dict, bool sorted) {
    const struct bytes from = *rest;
    struct bytes key;
    if (!is_digit(*rest))
        return rest->len == 0 ? unexpected(*rest) : "dictionary key is not a string";
    const char *fault = take_string(rest, &key);
    if (fault != NULL)
        return fault;
    const int order = dict->has_keys ? bytes_compare(dict->key, key) : -1;
    if (sorted && order >= 0) {
        *rest = from;
        return order == 0 ? "duplicate dictionary key" : "dictionary key out of order";
    }
    dict->key = key;
    dict->has_keys = true;
    dict->value_next = true;
    return NULL;
}

/* Skips a key, a number, a string, or the beginning or end of a container. */
static const char *skip_token(struct bytes *rest, struct nesting *nesting, bool sorted) {
    struct container *top = nesting->depth > 0 ? &nesting->open[nesting->depth - 1] : NULL;
    const uint8_t c = rest->len > 0 ? rest->data[0] : 0;
    struct bencode_value ignored;
    if (c == 'e' && top != NULL) {
        if (top->value_next)
            return "dictionary key without a value";
        skip_bytes(rest, 1);
        nesting->depth--;
        return NULL;
    }
    if (top != NULL && top->is_dict && !top->value_next)
        return take_key(rest, top, sorted);
    if (top != NULL)
        top->value_next = false;
    if (c != 'l' && c != 'd')
        return take_scalar(rest, &ignored);
    if (nesting->depth == BENCODE_DEPTH_MAX)
        return "nested too deeply";
    nesting->open[nesting->depth++] = (struct container){ .is_dict = c == 'd' };
    skip_bytes(rest, 1);
    return NULL;
}

/* Skips one value and everything inside it. Iterative, so that hostile bytes cannot exhaust the
 * stack. */
static const char *skip_value(struct bytes *rest, bool sorted) {
    struct nesting nesting;
    nesting.depth = 0;
    const char *fault = skip_token(rest, &nesting, sorted);
    while (fault == NULL && nesting.depth > 0)
        fault = skip_token(rest, &nesting, sorted);
    return fault;
}

const char *bencode_check(struct bytes all, bool sorted, size_t *at) {
    struct bytes rest = all;
    const char *fault = skip_value(&rest, sorted);
    *at = all.len - rest.len;
    return fault;
}

bool bencode_take(struct bytes *rest, struct bencode_value *value) {
    struct bytes behind = *rest;
    struct bencode_value taken = { 0 };
    const uint8_t first = rest->len > 0 ? rest->data[0] : 0;
    if (first == 'l' || first == 'd') {
        taken.kind = first == 'l' ? BENCODE_LIST : BENCODE_DICT;
        if (skip_value(&behind, false) != NULL)
            return false;
        taken.inside = (struct bytes){ .data = rest->data + 1, .len = rest->len - behind.len - 2 };
    } else if (take_scalar(&behind, &taken) != NULL) {
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

bool bencode_find_any(const struct bencode_value *dict, const char *key,
                      struct bencode_value *value) {
    struct bytes rest = dict->inside;
    struct bytes name;
    while (bencode_take_entry(&rest, &name, value)) {
        if (bytes_equal(name, bytes_of(key)))
            return true;
    }
    return false;
}

bool bencode_find(const struct bencode_value *dict, const char *key, enum bencode_kind kind,
                  struct bencode_value *value) {
    return bencode_find_any(dict, key, value) && value->kind == kind;
}
