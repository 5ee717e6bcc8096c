/* The piece layers of a version 2 torrent (BEP 52): for each file of several pieces, the digests of
 * its pieces, by the root of its hash tree. */
#ifndef SKEP_TORRENT_PIECE_LAYERS_H
#define SKEP_TORRENT_PIECE_LAYERS_H

#include "base/bencode.h"
#include "base/error.h"

struct file_root {
    const uint8_t *root; /* SHA256_LEN bytes; borrowed */
    uint64_t pieces;
};

/* Checks the layers against the files of the torrent. Sorts `files`. A file without a layer is
 * fine: clients get it from each other. False, with the reason in `error`, if a layer belongs to no
 * file or does not fit, or out of memory. */
bool piece_layers_check(const struct bencode_value *layers, struct file_root *files, size_t count,
                        uint64_t piece_len, char error[static ERROR_LEN]);

#endif
