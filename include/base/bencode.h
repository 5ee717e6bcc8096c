/* Bencoding (BEP 3). The writing functions put one token at a time on a `struct writer`; the caller
 * writes dictionary keys in bytewise order. The reading functions take values from borrowed bytes,
 * without allocation and recursion. Pure; any thread. */
#ifndef SKEP_BASE_BENCODE_H
#define SKEP_BASE_BENCODE_H

#include "base/bytes.h"

void bencode_open_dict(struct writer *w);
void bencode_open_list(struct writer *w);

/* Closes the innermost open dictionary or list. */
void bencode_close(struct writer *w);

void bencode_put_string(struct writer *w, const void *data, size_t len);
void bencode_put_text(struct writer *w, const char *text);
void bencode_put_number(struct writer *w, uint64_t value);

/* Puts a key and its value. */
void bencode_put_text_entry(struct writer *w, const char *key, const char *text);
void bencode_put_string_entry(struct writer *w, const char *key, const void *data, size_t len);
void bencode_put_number_entry(struct writer *w, const char *key, uint64_t value);

enum bencode_kind {
    BENCODE_NUMBER,
    BENCODE_BIG_NUMBER, /* does not fit in 64 bits */
    BENCODE_STRING,
    BENCODE_LIST,
    BENCODE_DICT,
};

enum { BENCODE_DEPTH_MAX = 99 }; /* nesting of lists and dictionaries, as in libtorrent */

struct bencode_value {
    enum bencode_kind kind;
    int64_t number;      /* of a number */
    struct bytes inside; /* bytes of a string; contents of a list or dictionary */
    struct bytes whole;  /* the encoded value */
};

/* Checks the first value and everything inside it. Returns NULL, or the reason why it is invalid
 * and the offset of the byte at fault in `*at`. `sorted`: each dictionary's keys must be in
 * bytewise order, without duplicates. */
const char *bencode_check(struct bytes all, bool sorted, size_t *at);

/* Takes the first value from `*rest`. False, and `*rest` unchanged, if it is truncated, nested too
 * deeply, or not valid bencoding. The order of keys does not matter. */
bool bencode_take(struct bytes *rest, struct bencode_value *value);

/* Takes the first key and its value from the contents of a dictionary. False at its end; if it is
 * malformed, `*rest` is not empty then. */
bool bencode_take_entry(struct bytes *rest, struct bytes *key, struct bencode_value *value);

/* Finds the value of `key`, the first of duplicates, in the dictionary `dict`. */
bool bencode_find_any(const struct bencode_value *dict, const char *key,
                      struct bencode_value *value);

/* The same if the value is of this kind. */
bool bencode_find(const struct bencode_value *dict, const char *key, enum bencode_kind kind,
                  struct bencode_value *value);

#endif
