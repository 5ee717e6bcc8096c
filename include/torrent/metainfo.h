/* Parser for .torrent files: BEP 3, 27 (private), 47 (padding), 52 (version 2 and hybrid). Pure. */
#ifndef SKEP_TORRENT_METAINFO_H
#define SKEP_TORRENT_METAINFO_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/id_lengths.h"

struct metainfo {
    struct bytes name; /* this and `info` borrow the file's bytes */
    struct bytes info; /* the info dictionary, whose digests are the info_hashes */
    bool has_v1;       /* a hybrid torrent has both */
    bool has_v2;
    size_t hash_count; /* 2 for a hybrid torrent, version 1 first */
    uint8_t info_hashes[2]
                       [INFO_HASH_LEN]; /* as announced: of version 2, the start of `digest_v2` */
    uint8_t digest_v2[SHA256_LEN];
    uint64_t size;       /* sum of all files in bytes, without padding; up to INT64_MAX */
    uint64_t file_count; /* without padding */
    uint64_t piece_len;
    bool is_private;
};

/* Parses a .torrent file. Returns NULL and fills `*metainfo`, or returns the reason why it is
 * invalid. Ignores bytes after the dictionary. */
const char *metainfo_parse(struct bytes file, struct metainfo *metainfo);

#endif
