/* Writer of .torrent files: version 1 (BEP 3), version 2 and hybrid (BEP 52). Pure. */
#ifndef SKEP_TORRENT_METAINFO_WRITE_H
#define SKEP_TORRENT_METAINFO_WRITE_H

#include "base/bytes.h"
#include "base/digest.h"

enum torrent_version { TORRENT_V1 = 1, TORRENT_V2 = 2, TORRENT_HYBRID = 3 };

enum {
    TORRENT_BLOCK_LEN = 16384, /* leaf of a version 2 hash tree, and the smallest piece */
    TORRENT_PIECE_MAX = 64 << 20,
};

struct torrent_entry {
    struct bytes path; /* below the torrent's name, with '/' as separator */
    uint64_t size;
    uint8_t root[SHA256_LEN]; /* version 2: root of the hash tree, unless the file is empty */
    struct bytes layer;       /* version 2: digests of its pieces if it has several */
};

/* A DHT node from which clients start (BEP 5). */
struct torrent_node {
    struct bytes host; /* a name or an address */
    uint16_t port;
};

struct metainfo_source {
    enum torrent_version version;
    struct bytes name;
    const struct torrent_entry *entries; /* in the order of metainfo_write_compare */
    size_t count;
    bool single; /* a single file: the path of its entry is ignored */
    bool is_private;
    uint64_t piece_len;
    struct bytes pieces; /* version 1: SHA-1 digests of all pieces */

    const char *const *announce_urls;
    size_t announce_url_count;
    struct torrent_node node; /* empty host: none */
    const char *comment;      /* NULL: none */
    const char *created_by;   /* NULL: none */
    int64_t created_s;        /* Unix time */
};

/* Compares paths in the order of files in a torrent: by path component, bytewise. As strcmp. */
int metainfo_write_compare(struct bytes a, struct bytes b);

/* Chooses a piece length for about a thousand pieces: a power of two from 16 KiB to 16 MiB. */
uint64_t metainfo_write_piece_len(uint64_t size);

/* Bytes of padding after a file in a hybrid torrent, unless it is the last file. */
uint64_t metainfo_write_padding(uint64_t size, uint64_t piece_len);

/* Maximum length of the output of metainfo_write. */
size_t metainfo_write_len_max(const struct metainfo_source *source);

/* Writes the .torrent file. `sorted` is scratch memory for `source->count` pointers. */
void metainfo_write(struct writer *w, const struct metainfo_source *source,
                    const struct torrent_entry **sorted);

#endif
