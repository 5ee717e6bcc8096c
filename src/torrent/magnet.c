#include "torrent/magnet.h"

#include "base/percent.h"

/* Multihash prefix: type 0x12 (SHA-256), length 0x20. */
#define MULTIHASH_SHA256 "1220"

static void put_hex(struct writer *w, const uint8_t *hash, size_t len) {
    char text[2 * SHA256_LEN + 1];
    hex_encode(hash, len, text);
    writer_put(w, text, 2 * len);
}

/* Puts the separator and a name; the next separator is '&'. */
static void put_name(struct writer *w, const char *name, char *separator) {
    writer_put(w, separator, 1);
    *separator = '&';
    writer_put_text(w, name);
}

void magnet_write(struct writer *w, const struct magnet *magnet) {
    char separator = '?';
    writer_put_text(w, "magnet:");
    if (magnet->info_hash != NULL) {
        put_name(w, "xt=urn:btih:", &separator);
        put_hex(w, magnet->info_hash, INFO_HASH_LEN);
    }
    if (magnet->info_hash_v2 != NULL) {
        put_name(w, "xt=urn:btmh:" MULTIHASH_SHA256, &separator);
        put_hex(w, magnet->info_hash_v2, SHA256_LEN);
    }
    if (magnet->name.len > 0) {
        put_name(w, "dn=", &separator);
        percent_encode(w, magnet->name);
    }
    if (magnet->size > 0) {
        put_name(w, "xl=", &separator);
        writer_put_number(w, magnet->size);
    }
    for (size_t i = 0; i < magnet->announce_url_count; i++) {
        put_name(w, "tr=", &separator);
        percent_encode(w, bytes_of(magnet->announce_urls[i]));
    }
}
