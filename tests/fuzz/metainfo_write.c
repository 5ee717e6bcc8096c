/* Writes a torrent whose files the input describes, and reads it back: the same name, size and
 * number of files, for version 1, 2 and hybrid. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "torrent/metainfo.h"
#include "torrent/metainfo_write.h"
#include "torrent/piece_hash.h"

enum { FILES_MAX = 4, PIECE_LEN = 32768, FILE_PIECES_MAX = 3, NAME_MAX_LEN = 8 };

static uint64_t pieces_of(uint64_t size) {
    return (size + PIECE_LEN - 1) / PIECE_LEN;
}

static int compare_entries(const void *a, const void *b) {
    return metainfo_write_compare(((const struct torrent_entry *)a)->path,
                                  ((const struct torrent_entry *)b)->path);
}

FUZZ_TARGET(metainfo_write, 1) {
    static uint8_t digests[(FILES_MAX * FILE_PIECES_MAX + 1) * SHA256_LEN];
    static char names[FILES_MAX][4] = { "a", "b", "c/d", "c/e" };
    static const char *const urls[] = { "http://192.0.2.1:6969/announce" };
    struct torrent_entry entries[FILES_MAX] = { 0 };
    const struct torrent_entry *by_root[FILES_MAX];
    if (size < 3 + 3 * FILES_MAX)
        return;
    struct metainfo_source source = {
        .version = (enum torrent_version)(1 + data[0] % 3),
        .name = { (const uint8_t *)"content", 1 + data[1] % 7U },
        .entries = entries,
        .count = 1 + data[2] % FILES_MAX,
        .piece_len = PIECE_LEN,
        .announce_urls = urls,
        .announce_url_count = 1,
        .is_private = data[0] & 0x80,
    };
    uint64_t total = 0, padded = 0;
    for (size_t i = 0; i < source.count; i++) {
        struct torrent_entry *entry = &entries[i];
        const uint8_t *at = data + 3 + 3 * i;
        entry->path = bytes_of(names[i]);
        entry->size = 1 + (at[0] | (uint64_t)at[1] << 8) % (FILE_PIECES_MAX * PIECE_LEN);
        const struct bytes layer = { digests, pieces_of(entry->size) * SHA256_LEN };
        digests[0] = 7; /* files of one size share their layer */
        assert(piece_hash_layer_root(layer, PIECE_LEN, entry->root));
        if (entry->size > PIECE_LEN)
            entry->layer = layer;
        total += entry->size;
    }
    qsort(entries, source.count, sizeof *entries, compare_entries);
    for (size_t i = 0; i < source.count; i++) {
        padded += entries[i].size;
        if (source.version == TORRENT_HYBRID && i + 1 < source.count)
            padded += metainfo_write_padding(entries[i].size, PIECE_LEN);
    }
    source.pieces = (struct bytes){ digests, pieces_of(padded) * SHA1_LEN };
    const size_t capacity = metainfo_write_len_max(&source);
    uint8_t *file = malloc(capacity);
    assert(file != NULL);
    struct writer w = writer_on(file, capacity);
    metainfo_write(&w, &source, by_root);
    assert(!w.failed);
    struct metainfo metainfo;
    char error[ERROR_LEN];
    assert(metainfo_parse((struct bytes){ file, w.len }, &metainfo, error));
    assert(bytes_equal(bytes_of(metainfo.name), source.name));
    assert(metainfo.size == total);
    assert(metainfo.hash_count == (source.version == TORRENT_HYBRID ? 2 : 1));
    free(file);
}
