/* A .torrent file: what it shares, and the info_hashes that its clients announce. BEP 3, 52. Pure.
 */
#ifndef SKEP_WIRE_METAINFO_H
#define SKEP_WIRE_METAINFO_H

#include "base/bytes.h"
#include "swarm/announce.h"

struct metainfo {
    struct bytes name;                     /* borrows the file's bytes */
    size_t hash_count;                     /* 1, or 2 for a hybrid torrent: version 1's first */
    uint8_t info_hashes[2][INFO_HASH_LEN]; /* version 2's is the start of a SHA-256 */
};

/* Reads a whole .torrent file. NULL and `*metainfo` filled, or in words why it is none. */
const char *metainfo_parse(struct bytes file, struct metainfo *metainfo);

#endif
