/* Writer of magnet links: BEP 9 (`xt`, `dn`, `tr`), BEP 52 (`btmh`). Pure. */
#ifndef SKEP_TORRENT_MAGNET_H
#define SKEP_TORRENT_MAGNET_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/id_lengths.h"

struct magnet {
    const uint8_t *info_hash;    /* as announced (BEP 52: truncated); NULL: none */
    const uint8_t *info_hash_v2; /* of version 2, SHA256_LEN bytes; NULL: none */
    struct bytes name;           /* any bytes; empty: omitted */
    uint64_t size;               /* of all files, in bytes; 0: omitted */
    const char *const *announce_urls;
    size_t announce_url_count;
};

/* Writes "magnet:?xt=urn:btih:...&dn=...&xl=...&tr=...", without a terminating zero. */
void magnet_write(struct writer *w, const struct magnet *magnet);

#endif
