/* A new .torrent file, of version 1 (BEP 3), 2 or both (BEP 52), written from what is known of its
 * files. Pure. */
#ifndef SKEP_TORRENT_METAINFO_WRITE_H
#define SKEP_TORRENT_METAINFO_WRITE_H

#include "base/bytes.h"
#include "base/digest.h"

enum torrent_version { TORRENT_V1 = 1, TORRENT_V2 = 2, TORRENT_HYBRID = 3 };

enum {
    TORRENT_BLOCK_LEN = 16384, /* the least that a piece may have, and version 2's leaves */
    TORRENT_PIECE_MAX = 64 << 20,
};

struct torrent_entry {
    struct bytes path; /* below the torrent's name, its parts separated by '/' */
    uint64_t size;
    uint8_t root[SHA256_LEN]; /* of its tree, for version 2; not for an empty file */
    struct bytes layer;       /* the digests of its pieces, for version 2, if it has several */
};

struct metainfo_source {
    enum torrent_version version;
    struct bytes name;
    const struct torrent_entry *entries; /* in the order of metainfo_write_compare */
    size_t count;
    bool single; /* the one entry is the torrent itself; its path does not count */
    bool is_private;
    uint64_t piece_len;
    struct bytes pieces; /* version 1's digests */

    const char *const *announce_urls;
    size_t announce_url_count;
    const char *comment;    /* NULL: none */
    const char *created_by; /* NULL: none */
    int64_t created_s;      /* Unix time */
};

/* The order that files must have: by the parts of their paths, bytewise. As strcmp. */
int metainfo_write_compare(struct bytes a, struct bytes b);

/* A power of two that makes about a thousand pieces, from 16 KiB to 16 MiB. */
uint64_t metainfo_write_piece_len(uint64_t size);

/* Zeros that a hybrid torrent has behind a file of that size, unless it is the last. */
uint64_t metainfo_write_padding(uint64_t size, uint64_t piece_len);

/* Room that metainfo_write needs at most. */
size_t metainfo_write_len_max(const struct metainfo_source *source);

/* Room to put the entries into another order. */
struct torrent_layer {
    const struct torrent_entry *entry;
};

/* Writes the .torrent file. `layers` is room for `count` of them. */
void metainfo_write(struct writer *w, const struct metainfo_source *source,
                    struct torrent_layer *layers);

#endif
