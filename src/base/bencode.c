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
