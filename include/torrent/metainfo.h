/* Parser for .torrent files: BEP 3, 27 (private), 47 (padding, symbolic links), 52 (version 2 and
 * hybrid). Accepts what BitTorrent clients can use; the checks follow libtorrent. */
#ifndef SKEP_TORRENT_METAINFO_H
#define SKEP_TORRENT_METAINFO_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/id_lengths.h"

enum { METAINFO_NAME_LEN = 512 }; /* with the terminating zero */

struct metainfo {
    char name[METAINFO_NAME_LEN]; /* valid UTF-8 in one line; may be cut */
    struct bytes info; /* the info dictionary, whose digests are the info_hashes; borrowed */
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

/* Parses a .torrent file. False, with the reason in `error` and `*metainfo` unchanged, if it is
 * invalid. Ignores bytes after the dictionary. Any thread. */
bool metainfo_parse(struct bytes file, struct metainfo *metainfo, char error[static ERROR_LEN]);

#endif
