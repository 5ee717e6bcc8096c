/* The digests of a torrent's content, which comes piece by piece: version 1's over all files in a
 * row (BEP 3), version 2's as a hash tree for each file (BEP 52). Pure; one thread. */
#ifndef SKEP_TORRENT_PIECE_HASH_H
#define SKEP_TORRENT_PIECE_HASH_H

#include "base/digest_stream.h"
#include "torrent/metainfo_write.h"

struct torrent_pieces {
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
 * `file_size`. False without memory. Afterwards, torrent_pieces_free, whatever the result. */
bool torrent_pieces_begin(struct torrent_pieces *pieces, enum torrent_version version,
                          uint64_t piece_len, uint64_t size, uint64_t file_size);
void torrent_pieces_free(struct torrent_pieces *pieces);

/* Adds bytes of the file that is under way. */
void torrent_pieces_add(struct torrent_pieces *pieces, const uint8_t *data, size_t len);

/* Adds zeros, for version 1 only, up to the end of the piece: a hybrid torrent's padding. */
void torrent_pieces_pad(struct torrent_pieces *pieces);

/* Ends a file that was not empty: the root of its tree, and the digests of its pieces in
 * `pieces->v2_layer`, to be taken before the next file. For version 2 only; false without memory.
 */
bool torrent_pieces_end_file(struct torrent_pieces *pieces, uint8_t root[static SHA256_LEN]);

/* Forgets the file before. */
void torrent_pieces_next_file(struct torrent_pieces *pieces);

/* Ends everything: version 1's digests are in `pieces->v1_digests`. */
void torrent_pieces_end(struct torrent_pieces *pieces);

#endif
