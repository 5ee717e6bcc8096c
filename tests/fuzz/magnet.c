/* Fuzzes magnet_parse: what a link says survives being written and read again. */
#include "torrent/magnet.h"

#include <assert.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "fuzz.h"

enum { LINK_LEN = 512 + 3 * METAINFO_NAME_LEN };

FUZZ_TARGET(magnet, 1) {
    uint8_t out[LINK_LEN];
    char error[ERROR_LEN] = "";
    struct metainfo found;
    struct metainfo again;
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    const struct bytes text = { .data = copy, .len = size };
    const bool good = magnet_parse(text, &found, error);
    assert(good == (error[0] == '\0') && (!good || magnet_is_link(text)));
    if (good) {
        assert(found.hash_count == (size_t)found.has_v1 + found.has_v2 && found.hash_count > 0);
        assert(utf8_is_valid(bytes_of(found.name)));
        struct writer w = writer_on(out, sizeof out);
        magnet_write(&w, &(struct magnet){
                             .info_hash = found.has_v1 ? found.info_hashes[0] : NULL,
                             .info_hash_v2 = found.has_v2 ? found.digest_v2 : NULL,
                             .name = bytes_of(found.name),
                             .size = found.size,
                         });
        assert(!w.failed && magnet_parse((struct bytes){ out, w.len }, &again, error));
        assert(memcmp(found.info_hashes, again.info_hashes, sizeof found.info_hashes) == 0);
        assert(memcmp(found.digest_v2, again.digest_v2, sizeof found.digest_v2) == 0);
        assert(bytes_equal(utf8_trim(bytes_of(found.name)), bytes_of(again.name)));
        assert(found.size == again.size);
    }
    free(copy);
}
