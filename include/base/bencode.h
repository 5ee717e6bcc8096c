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

enum bencode_kind { BENCODE_NUMBER, BENCODE_STRING, BENCODE_LIST, BENCODE_DICT };

enum { BENCODE_DEPTH_MAX = 64 }; /* nesting of lists and dictionaries */

struct bencode_value {
    enum bencode_kind kind;
    int64_t number;      /* of a number */
    struct bytes inside; /* bytes of a string; contents of a list or dictionary */
    struct bytes whole;  /* the encoded value */
};

/* Takes the first value from `*rest`. False, and `*rest` unchanged, if it is truncated, nested too
 * deeply, or not valid bencoding. */
bool bencode_take(struct bytes *rest, struct bencode_value *value);

/* Takes the first key and its value from the contents of a dictionary. False at its end; if it is
 * malformed, `*rest` is not empty then. */
bool bencode_take_entry(struct bytes *rest, struct bytes *key, struct bencode_value *value);

/* Finds the value of `key`, of this kind, in the dictionary `dict`. */
bool bencode_find(const struct bencode_value *dict, const char *key, enum bencode_kind kind,
                  struct bencode_value *value);

#endif
