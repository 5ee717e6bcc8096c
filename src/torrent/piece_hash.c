#include "torrent/piece_hash.h"

#include <stdlib.h>

static const uint8_t zeros[4096];

/* Allocates a writer for `count` digests; at least one, since malloc(0) may return NULL. */
static bool allocate_digests(struct writer *w, uint64_t count, size_t digest_len) {
    size_t len;
    if (__builtin_mul_overflow(count + 1, digest_len, &len))
        return false;
    *w = writer_on(malloc(len), len);
    return w->data != NULL;
}

bool piece_hash_begin(struct piece_hash *pieces, enum torrent_version version, uint64_t piece_len,
                      uint64_t size, uint64_t file_size) {
    *pieces = (struct piece_hash){
        .piece_len = piece_len,
        .v1 = (version & TORRENT_V1) != 0,
        .v2 = (version & TORRENT_V2) != 0,
        .nodes_max = piece_len / TORRENT_BLOCK_LEN,
    };
    sha1_stream_begin(&pieces->piece);
    sha256_stream_begin(&pieces->block);
    if (pieces->v1 && !allocate_digests(&pieces->v1_digests, size / piece_len + 1, SHA1_LEN))
        return false;
    if (!pieces->v2)
        return true;
    pieces->nodes = calloc(pieces->nodes_max, sizeof *pieces->nodes);
    return pieces->nodes != NULL &&
           allocate_digests(&pieces->v2_layer, file_size / piece_len + 1, SHA256_LEN);
}

void piece_hash_free(struct piece_hash *pieces) {
    free(pieces->v1_digests.data);
    free(pieces->v2_layer.data);
    free(pieces->nodes);
    *pieces = (struct piece_hash){ 0 };
}

static void end_v1_piece(struct piece_hash *pieces) {
    uint8_t *digest = writer_reserve(&pieces->v1_digests, SHA1_LEN);
    if (digest != NULL)
        sha1_stream_end(&pieces->piece, digest);
    pieces->piece_filled = 0;
}

static void add_v1(struct piece_hash *pieces, const uint8_t *data, size_t len) {
    while (len > 0) {
        const uint64_t space = pieces->piece_len - pieces->piece_filled;
        const size_t some = len < space ? len : (size_t)space;
        sha1_stream_add(&pieces->piece, data, some);
        pieces->piece_filled += some;
        data += some;
        len -= some;
        if (pieces->piece_filled == pieces->piece_len)
            end_v1_piece(pieces);
    }
}

static void hash_pair(const uint8_t left[static SHA256_LEN], const uint8_t right[static SHA256_LEN],
                      uint8_t parent[static SHA256_LEN]) {
    uint8_t both[2 * SHA256_LEN];
    memcpy(both, left, SHA256_LEN);
    memcpy(both + SHA256_LEN, right, SHA256_LEN);
    digest_sha256(both, sizeof both, parent);
}

/* Reduces `count` nodes to the root of a tree with `leaves` leaves, a power of two, in nodes[0].
 * Missing leaves have the digest `filler`. */
static void reduce_tree(uint8_t (*nodes)[SHA256_LEN], size_t count, size_t leaves,
                        uint8_t filler[static SHA256_LEN]) {
    for (; leaves > 1; leaves /= 2) {
        for (size_t i = 0; i < count; i += 2)
            hash_pair(nodes[i], i + 1 < count ? nodes[i + 1] : filler, nodes[i / 2]);
        count = (count + 1) / 2;
        hash_pair(filler, filler, filler);
    }
}

static size_t next_power_of_two(size_t count) {
    size_t power = 1;
    while (power < count)
        power *= 2;
    return power;
}

/* A file of up to one piece has a tree of its own size and no piece layer (BEP 52). */
static void end_v2_piece(struct piece_hash *pieces) {
    uint8_t filler[SHA256_LEN] = { 0 };
    if (pieces->node_count == 0)
        return;
    const bool small = pieces->file_len <= pieces->piece_len;
    reduce_tree(pieces->nodes, pieces->node_count,
                small ? next_power_of_two(pieces->node_count) : pieces->nodes_max, filler);
    writer_put(&pieces->v2_layer, pieces->nodes[0], SHA256_LEN);
    pieces->node_count = 0;
}

static void end_block(struct piece_hash *pieces) {
    sha256_stream_end(&pieces->block, pieces->nodes[pieces->node_count++]);
    pieces->block_filled = 0;
}

/* A full piece is ended when more data follows: the only piece of a file is hashed differently. */
static void add_v2(struct piece_hash *pieces, const uint8_t *data, size_t len) {
    while (len > 0) {
        const uint64_t space = TORRENT_BLOCK_LEN - pieces->block_filled;
        const size_t some = len < space ? len : (size_t)space;
        pieces->file_len += some;
        if (pieces->node_count == pieces->nodes_max)
            end_v2_piece(pieces);
        sha256_stream_add(&pieces->block, data, some);
        pieces->block_filled += some;
        data += some;
        len -= some;
        if (pieces->block_filled == TORRENT_BLOCK_LEN)
            end_block(pieces);
    }
}

void piece_hash_add(struct piece_hash *pieces, const uint8_t *data, size_t len) {
    if (pieces->v1)
        add_v1(pieces, data, len);
    if (pieces->v2)
        add_v2(pieces, data, len);
}

void piece_hash_pad(struct piece_hash *pieces) {
    while (pieces->piece_filled > 0) {
        const uint64_t space = pieces->piece_len - pieces->piece_filled;
        add_v1(pieces, zeros, space < sizeof zeros ? (size_t)space : sizeof zeros);
    }
}

bool piece_hash_layer_root(struct bytes layer, uint64_t piece_len,
                           uint8_t root[static SHA256_LEN]) {
    const size_t count = layer.len / SHA256_LEN;
    uint8_t filler[SHA256_LEN] = { 0 };
    /* BEP 52: missing pieces count as the root of a piece tree with zero leaves. */
    for (uint64_t leaves = piece_len / TORRENT_BLOCK_LEN; leaves > 1; leaves /= 2)
        hash_pair(filler, filler, filler);
    uint8_t(*nodes)[SHA256_LEN] = malloc(layer.len);
    if (nodes == NULL)
        return false;
    memcpy(nodes, layer.data, layer.len);
    reduce_tree(nodes, count, next_power_of_two(count), filler);
    memcpy(root, nodes[0], SHA256_LEN);
    free(nodes);
    return true;
}

bool piece_hash_end_file(struct piece_hash *pieces, uint8_t root[static SHA256_LEN]) {
    if (pieces->block_filled > 0)
        end_block(pieces);
    end_v2_piece(pieces);
    const struct writer *layer = &pieces->v2_layer;
    return piece_hash_layer_root((struct bytes){ layer->data, layer->len }, pieces->piece_len,
                                 root) &&
           !layer->failed;
}

void piece_hash_next_file(struct piece_hash *pieces) {
    pieces->v2_layer.len = 0;
    pieces->file_len = 0;
    pieces->node_count = 0;
    pieces->block_filled = 0;
}

void piece_hash_end(struct piece_hash *pieces) {
    if (pieces->v1 && pieces->piece_filled > 0)
        end_v1_piece(pieces);
}
