/* A .torrent file: what it shares, and the info_hashes that its clients announce. BEP 3, 27
 * (private), 47 (padding), 52 (version 2 and hybrid). Pure. */
#ifndef SKEP_TORRENT_METAINFO_H
#define SKEP_TORRENT_METAINFO_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/id_lengths.h"

struct metainfo {
    struct bytes name; /* this and `info` borrow the file's bytes */
    struct bytes info; /* the whole info dictionary, of which the info_hashes are digests */
    bool has_v1;       /* a hybrid torrent has both */
    bool has_v2;
    size_t hash_count;                     /* 1, or 2 for a hybrid torrent: version 1's first */
    uint8_t info_hashes[2][INFO_HASH_LEN]; /* version 2's is the start of `digest_v2` */
    uint8_t digest_v2[SHA256_LEN];
    uint64_t size;       /* bytes of all files, without padding; as an int64_t at most */
    uint64_t file_count; /* without padding */
    uint64_t piece_len;
    bool is_private;
};

/* Reads a whole .torrent file. NULL and `*metainfo` filled, or in words why it is none. What stands
 * behind its dictionary is ignored. */
const char *metainfo_parse(struct bytes file, struct metainfo *metainfo);

#endif
