#include "torrent/piece_layers.h"

#include <stdlib.h>

#include "torrent/piece_hash.h"

static int compare_roots(const void *a, const void *b) {
    const struct file_root *x = a;
    const struct file_root *y = b;
    return memcmp(x->root, y->root, SHA256_LEN);
}

static bool check_layer(struct bytes layer, const struct file_root *file, uint64_t piece_len,
                        char error[static ERROR_LEN]) {
    uint8_t root[SHA256_LEN];
    if (layer.len % SHA256_LEN != 0 || layer.len / SHA256_LEN != file->pieces)
        return error_set(error,
                         "piece layers: a layer must have %ju bytes, 32 for each piece of its file,"
                         " but has %zu",
                         (uintmax_t)file->pieces * SHA256_LEN, layer.len);
    if (!piece_hash_layer_root(layer, piece_len, root))
        return error_set(error, "out of memory");
    return memcmp(root, file->root, SHA256_LEN) == 0 ||
           error_set(error, "piece layers: the hashes of a layer must match its pieces root");
}

bool piece_layers_check(const struct bencode_value *layers, struct file_root *files, size_t count,
                        uint64_t piece_len, char error[static ERROR_LEN]) {
    struct bytes rest = layers->inside;
    struct bytes root;
    struct bencode_value layer;
    if (count > 0)
        qsort(files, count, sizeof *files, compare_roots);
    while (bencode_take_entry(&rest, &root, &layer)) {
        const struct file_root key = { .root = root.data };
        const struct file_root *file = NULL;
        if (root.len == SHA256_LEN && count > 0)
            file = bsearch(&key, files, count, sizeof *files, compare_roots);
        if (file == NULL)
            return error_set(error, "piece layers: each key must be the pieces root of a file");
        if (layer.kind != BENCODE_STRING)
            return error_set(error, "piece layers: each layer must be a string");
        if (!check_layer(layer.inside, file, piece_len, error))
            return false;
    }
    return true;
}
