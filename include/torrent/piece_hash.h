/* The digests of a torrent's content, which comes piece by piece: version 1's over all files in a
 * row (BEP 3), version 2's as a hash tree for each file (BEP 52). Pure; one thread. */
#ifndef SKEP_TORRENT_PIECE_HASH_H
#define SKEP_TORRENT_PIECE_HASH_H

#include "base/digest.h"
#include "torrent/metainfo_write.h"

struct piece_hash {
    uint64_t piece_len;
    bool v1;
    bool v2;

    struct sha1_stream piece;
    uint64_t piece_filled; /* bytes of the piece that is under way */
    struct writer v1_digests;

    struct sha256_stream block;
    uint64_t block_filled;
    uint64_t file_len;            /* bytes of the file so far */
    uint8_t (*nodes)[SHA256_LEN]; /* of the blocks of a piece; room for `nodes_max` */
    size_t node_count;
    size_t nodes_max;
    struct writer v2_layer; /* the pieces of the file so far */
};

/* Makes room for pieces of a torrent of `size` bytes, padding included, whose largest file has
 * `file_size`. False without memory. Afterwards, piece_hash_free, whatever the result. */
bool piece_hash_begin(struct piece_hash *pieces, enum torrent_version version, uint64_t piece_len,
                      uint64_t size, uint64_t file_size);
void piece_hash_free(struct piece_hash *pieces);

/* Adds bytes of the file that is under way. */
void piece_hash_add(struct piece_hash *pieces, const uint8_t *data, size_t len);

/* Adds zeros, for version 1 only, up to the end of the piece: a hybrid torrent's padding. */
void piece_hash_pad(struct piece_hash *pieces);

/* Ends a file that was not empty: the root of its tree, and the digests of its pieces in
 * `pieces->v2_layer`, to be taken before the next file. For version 2 only; false without memory.
 */
bool piece_hash_end_file(struct piece_hash *pieces, uint8_t root[static SHA256_LEN]);

/* Forgets the file before. */
void piece_hash_next_file(struct piece_hash *pieces);

/* Ends everything: version 1's digests are in `pieces->v1_digests`. */
void piece_hash_end(struct piece_hash *pieces);

#endif
