/* Hashes the content of a torrent as a stream: version 1 over all files in sequence (BEP 3),
 * version 2 as one hash tree per file (BEP 52). Pure; one thread. */
#ifndef SKEP_TORRENT_PIECE_HASH_H
#define SKEP_TORRENT_PIECE_HASH_H

#include "base/digest.h"
#include "torrent/metainfo_write.h"

struct piece_hash {
    uint64_t piece_len;
    bool v1;
    bool v2;

    struct sha1_stream piece;
    uint64_t piece_filled; /* bytes of the current piece */
    struct writer v1_digests;

    struct sha256_stream block;
    uint64_t block_filled;
    uint64_t file_len; /* bytes of the current file so far */
    uint8_t (
        *nodes)[SHA256_LEN]; /* digests of the blocks of the current piece; capacity `nodes_max` */
    size_t node_count;
    size_t nodes_max;
    struct writer v2_layer; /* digests of the pieces of the current file */
};

/* Allocates memory for a torrent of `size` bytes, with padding, whose largest file has `file_size`
 * bytes. False if out of memory. The caller calls piece_hash_free even on failure. */
bool piece_hash_begin(struct piece_hash *pieces, enum torrent_version version, uint64_t piece_len,
                      uint64_t size, uint64_t file_size);
void piece_hash_free(struct piece_hash *pieces);

/* Adds bytes of the current file. */
void piece_hash_add(struct piece_hash *pieces, const uint8_t *data, size_t len);

/* Adds the padding of a hybrid torrent: zeros up to the end of the piece, for version 1 only. */
void piece_hash_pad(struct piece_hash *pieces);

/* Version 2: ends a file that is not empty. Stores the root of its hash tree in `root` and the
 * digests of its pieces in `pieces->v2_layer`, until piece_hash_next_file. False if out of memory.
 */
bool piece_hash_end_file(struct piece_hash *pieces, uint8_t root[static SHA256_LEN]);

/* Version 2: the root of a file's hash tree from the digests of its pieces, at least one. False if
 * out of memory. */
bool piece_hash_layer_root(struct bytes layer, uint64_t piece_len, uint8_t root[static SHA256_LEN]);

/* Version 2: begins the next file. */
void piece_hash_next_file(struct piece_hash *pieces);

/* Ends the last piece. The digests of version 1 are then in `pieces->v1_digests`. */
void piece_hash_end(struct piece_hash *pieces);

#endif
