/* Fuzzes bencoding, metainfo_parse, announce_list_write and magnet_write. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bencode.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "torrent/announce_list.h"
#include "torrent/magnet.h"
#include "torrent/metainfo.h"

static const char *const urls[] = { "http://192.0.2.1:6969/announce", "udp://192.0.2.1:6969" };

static bool within(struct bytes part, struct bytes all) {
    return part.len == 0 || (part.data >= all.data && part.data + part.len <= all.data + all.len);
}

static void walk(struct bytes all) {
    struct bytes rest = all;
    struct bencode_value value;
    while (bencode_take(&rest, &value)) {
        assert(within(value.whole, all) && within(value.inside, value.whole));
        struct bytes entries = value.inside;
        struct bytes key;
        struct bencode_value entry;
        while (value.kind == BENCODE_DICT && bencode_take_entry(&entries, &key, &entry))
            assert(within(key, value.inside) && within(entry.whole, value.inside));
    }
}

/* The bound on the length of a magnet link holds for any name. */
static void check_magnet(const struct metainfo *metainfo) {
    const size_t capacity = 512 + 3 * METAINFO_NAME_LEN;
    uint8_t *out = malloc(capacity);
    assert(out != NULL);
    struct writer w = writer_on(out, capacity);
    magnet_write(&w, &(struct magnet){
                         .info_hash = metainfo->info_hashes[0],
                         .info_hash_v2 = metainfo->has_v2 ? metainfo->digest_v2 : NULL,
                         .name = bytes_of(metainfo->name),
                         .size = metainfo->size,
                         .announce_urls = urls,
                         .announce_url_count = sizeof urls / sizeof *urls,
                     });
    assert(!w.failed && memcmp(out, "magnet:?xt=urn:bt", 17) == 0);
    free(out);
}

/* Replacing the announce URLs keeps the info dictionary. */
static void check_rewritten(struct bytes file, const struct metainfo *metainfo) {
    const size_t count = sizeof urls / sizeof *urls;
    const size_t capacity = announce_list_len_max(file, urls, count);
    uint8_t *out = malloc(capacity);
    assert(out != NULL);
    struct writer w = writer_on(out, capacity);
    const bool good = announce_list_write(&w, file, urls, count);
    assert(!w.failed && (good || metainfo == NULL));
    if (metainfo != NULL) {
        struct metainfo rewritten;
        char error[ERROR_LEN];
        assert(metainfo_parse((struct bytes){ .data = out, .len = w.len }, &rewritten, error));
        assert(bytes_equal(rewritten.info, metainfo->info) && rewritten.size == metainfo->size);
    }
    free(out);
}

FUZZ_TARGET(metainfo, 1) {
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    const struct bytes file = { .data = copy, .len = size };
    struct metainfo metainfo;
    walk(file);
    char error[ERROR_LEN] = "";
    const bool good = metainfo_parse(file, &metainfo, error);
    assert(good == (error[0] == '\0'));
    if (good) {
        assert(metainfo.hash_count >= 1 && metainfo.hash_count <= 2);
        assert(within(metainfo.info, file) && utf8_is_valid(bytes_of(metainfo.name)));
        assert(metainfo.file_count > 0 && metainfo.size > 0 && metainfo.size <= INT64_MAX);
        check_magnet(&metainfo);
    }
    check_rewritten(file, good ? &metainfo : NULL);
    free(copy);
}
