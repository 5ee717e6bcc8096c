#include "torrent/magnet.h"

#include <strings.h>

#include "base/percent.h"
#include "base/utf8.h"

enum { VALUE_LEN = 4096, BASE32_LEN = 32 };

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

/* Drops a prefix of either case from `*text`. */
static bool take_prefix(struct bytes *text, const char *prefix) {
    const size_t len = strlen(prefix);
    if (text->len < len || strncasecmp((const char *)text->data, prefix, len) != 0)
        return false;
    *text = (struct bytes){ .data = text->data + len, .len = text->len - len };
    return true;
}

bool magnet_is_link(struct bytes text) {
    text = utf8_unquote(text);
    return take_prefix(&text, "magnet:");
}

/* RFC 4648, without padding, in either case. */
static bool decode_base32(struct bytes text, uint8_t hash[static INFO_HASH_LEN]) {
    uint64_t bits = 0;
    unsigned count = 0;
    if (text.len != BASE32_LEN)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i] & 0xdf; /* upper case of a letter */
        const bool letter = c >= 'A' && c <= 'Z';
        if (!letter && (text.data[i] < '2' || text.data[i] > '7'))
            return false;
        bits = bits << 5 | (uint8_t)(letter ? c - 'A' : text.data[i] - '2' + 26);
        count += 5;
        if (count >= 8) {
            count -= 8;
            *hash++ = (uint8_t)(bits >> count);
        }
    }
    return true;
}

static bool read_btih(struct bytes text, struct metainfo *metainfo, char error[static ERROR_LEN]) {
    uint8_t hash[INFO_HASH_LEN];
    if (!hex_decode(text, hash, sizeof hash) && !decode_base32(text, hash))
        return error_set(error,
                         "btih must be 40 hexadecimal or 32 base32 characters, not %zu characters",
                         text.len);
    if (metainfo->has_v1 && memcmp(hash, metainfo->info_hashes[0], sizeof hash) != 0)
        return error_set(error, "the magnet link names more than one torrent");
    memcpy(metainfo->info_hashes[0], hash, sizeof hash);
    metainfo->has_v1 = true;
    return true;
}

static bool read_btmh(struct bytes text, struct metainfo *metainfo, char error[static ERROR_LEN]) {
    uint8_t digest[SHA256_LEN];
    if (!take_prefix(&text, MULTIHASH_SHA256) || !hex_decode(text, digest, sizeof digest))
        return error_set(error, "btmh must be " MULTIHASH_SHA256 " and 64 hexadecimal digits");
    if (metainfo->has_v2 && memcmp(digest, metainfo->digest_v2, sizeof digest) != 0)
        return error_set(error, "the magnet link names more than one torrent");
    memcpy(metainfo->digest_v2, digest, sizeof digest);
    metainfo->has_v2 = true;
    return true;
}

/* `xt`, or one of several: `xt.1`. */
static bool is_topic(struct bytes key) {
    uint64_t number;
    return take_prefix(&key, "xt") &&
           (key.len == 0 || (take_prefix(&key, ".") && bytes_to_u64(key, &number)));
}

static bool read_parameter(struct bytes key, struct bytes value, struct metainfo *metainfo,
                           char error[static ERROR_LEN]) {
    uint8_t decoded[VALUE_LEN];
    const long len = percent_decode(value, decoded, sizeof decoded);
    if (len >= 0)
        value = (struct bytes){ .data = decoded, .len = (size_t)len };
    if (is_topic(key)) {
        value = utf8_trim(value);
        if (take_prefix(&value, "urn:btih:"))
            return read_btih(value, metainfo, error);
        return !take_prefix(&value, "urn:btmh:") || read_btmh(value, metainfo, error);
    }
    if (take_prefix(&key, "dn") && key.len == 0 && metainfo->name[0] == '\0')
        utf8_copy_line(utf8_trim(value), metainfo->name, sizeof metainfo->name);
    else if (take_prefix(&key, "xl") && key.len == 0 &&
             (!bytes_to_u64(value, &metainfo->size) || metainfo->size > INT64_MAX))
        metainfo->size = 0;
    return true;
}

bool magnet_parse(struct bytes text, struct metainfo *metainfo, char error[static ERROR_LEN]) {
    struct metainfo parsed = { 0 };
    struct bytes rest = utf8_unquote(text);
    if (!take_prefix(&rest, "magnet:?"))
        return error_set(error, "a magnet link must start with magnet:?");
    while (rest.len > 0) {
        struct bytes value = bytes_split(&rest, '&');
        (void)take_prefix(&value, "amp;");
        const struct bytes key = bytes_split(&value, '=');
        if (!read_parameter(key, value, &parsed, error))
            return false;
    }
    if (!parsed.has_v1 && !parsed.has_v2)
        return error_set(error, "a magnet link must have xt=urn:btih: or xt=urn:btmh:");
    parsed.hash_count = (size_t)parsed.has_v1 + parsed.has_v2;
    if (parsed.has_v2)
        memcpy(parsed.info_hashes[parsed.hash_count - 1], parsed.digest_v2, INFO_HASH_LEN);
    *metainfo = parsed;
    return true;
}
