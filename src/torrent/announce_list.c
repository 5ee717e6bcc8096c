#include "torrent/announce_list.h"

#include "base/bencode.h"

static const struct bytes announce_key = BYTES_LITERAL("announce");
static const struct bytes announce_list_key = BYTES_LITERAL("announce-list");

enum { KEYS_LEN_MAX = 64, URL_OVERHEAD = 24 }; /* bencoding around strings and lists */

size_t announce_list_len_max(struct bytes file, const char *const *announce_urls, size_t count) {
    size_t len = file.len + KEYS_LEN_MAX;
    for (size_t i = 0; i < count; i++)
        len += 2 * (strlen(announce_urls[i]) + URL_OVERHEAD);
    return len;
}

void announce_list_put(struct writer *w, const char *const *announce_urls, size_t count) {
    if (count > 0)
        bencode_put_text_entry(w, "announce", announce_urls[0]);
    if (count < 2)
        return;
    bencode_put_text(w, "announce-list");
    bencode_open_list(w);
    for (size_t i = 0; i < count; i++) {
        bencode_open_list(w);
        bencode_put_text(w, announce_urls[i]);
        bencode_close(w);
    }
    bencode_close(w);
}

bool announce_list_write(struct writer *w, struct bytes file, const char *const *announce_urls,
                         size_t count) {
    struct bencode_value top;
    if (!bencode_take(&file, &top) || top.kind != BENCODE_DICT)
        return false;
    bool written = false;
    struct bytes rest = top.inside;
    struct bytes key;
    struct bencode_value value;
    bencode_open_dict(w);
    for (struct bytes entry = rest; bencode_take_entry(&rest, &key, &value); entry = rest) {
        if (bytes_equal(key, announce_key) || bytes_equal(key, announce_list_key))
            continue;
        if (!written && bytes_compare(announce_key, key) < 0) {
            announce_list_put(w, announce_urls, count);
            written = true;
        }
        writer_put(w, entry.data, entry.len - rest.len);
    }
    if (!written)
        announce_list_put(w, announce_urls, count);
    bencode_close(w);
    return rest.len == 0 && !w->failed;
}
