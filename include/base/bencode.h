/* Bencoding, as BEP 3 defines it. The writing half puts one token at a time on a `struct writer`;
 * that dictionary keys come in bytewise order is up to the caller. The reading half takes values
 * off borrowed bytes, without allocation and without recursion. Pure; any thread. */
#ifndef SKEP_BASE_BENCODE_H
#define SKEP_BASE_BENCODE_H

#include "base/bytes.h"

void bencode_open_dict(struct writer *w);
void bencode_open_list(struct writer *w);

/* Ends the dictionary or list that was opened last. */
void bencode_close(struct writer *w);

void bencode_put_string(struct writer *w, const void *data, size_t len);
void bencode_put_text(struct writer *w, const char *text);
void bencode_put_number(struct writer *w, uint64_t value);

/* A key and its value at once. */
void bencode_put_text_entry(struct writer *w, const char *key, const char *text);
void bencode_put_string_entry(struct writer *w, const char *key, const void *data, size_t len);
void bencode_put_number_entry(struct writer *w, const char *key, uint64_t value);

enum bencode_kind { BENCODE_NUMBER, BENCODE_STRING, BENCODE_LIST, BENCODE_DICT };

enum { BENCODE_DEPTH_MAX = 64 }; /* of lists and dictionaries in one another */

struct bencode_value {
    enum bencode_kind kind;
    int64_t number;      /* of a number */
    struct bytes inside; /* a string's bytes; what stands between a list's or dictionary's ends */
    struct bytes whole;  /* as it is encoded */
};

/* Takes the first value off `*rest`. False, and `*rest` as it was, if none begins there or it is
 * cut off, too deep, or no proper bencoding. */
bool bencode_take(struct bytes *rest, struct bencode_value *value);

/* Takes the first key with its value off the inside of a dictionary. False at its end and where it
 * is broken, which leaves `*rest` not empty. */
bool bencode_take_entry(struct bytes *rest, struct bytes *key, struct bencode_value *value);

/* Finds the value of `key`, of that kind, in the dictionary `dict`. */
bool bencode_find(const struct bencode_value *dict, const char *key, enum bencode_kind kind,
                  struct bencode_value *value);

#endif
