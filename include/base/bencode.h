/* Bencoding, as BEP 3 defines it. The writing half puts one token at a time on a `struct writer`;
 * that dictionary keys come in bytewise order is up to the caller. Pure; any thread. */
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

#endif
