/* Bencoding, and what a .torrent file says in it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bencode.h"
#include "fuzz.h"
#include "wire/metainfo.h"

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

int fuzz_metainfo(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    const struct bytes file = { .data = copy, .len = size };
    struct metainfo metainfo;
    walk(file);
    if (metainfo_parse(file, &metainfo) == NULL)
        assert(metainfo.hash_count >= 1 && metainfo.hash_count <= 2 && within(metainfo.name, file));
    free(copy);
    return 0;
}
