/* Magnet links: BEP 9 (`xt`, `dn`, `tr`), BEP 52 (`btmh`). Pure; any thread. */
#ifndef SKEP_TORRENT_MAGNET_H
#define SKEP_TORRENT_MAGNET_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/id_lengths.h"
#include "torrent/metainfo.h"

struct magnet {
    const uint8_t *info_hash;    /* as announced (BEP 52: truncated); NULL: none */
    const uint8_t *info_hash_v2; /* of version 2, SHA256_LEN bytes; NULL: none */
    struct bytes name;           /* any bytes; empty: omitted */
    uint64_t size;               /* of all files, in bytes; 0: omitted */
    const char *const *announce_urls;
    size_t announce_url_count;
};

/* Whether `text` starts as a magnet link, in either case, after white space and quotation marks. */
bool magnet_is_link(struct bytes text);

/* Reads a magnet link: the info_hashes (both of a hybrid torrent), the name and the size, as far as
 * it has them; the other fields are empty. Ignores parameters that it does not know, white space
 * and quotation marks around the link, and "&amp;" for "&". False, with the reason in `error` and
 * `*metainfo` unchanged, if it is invalid or names no BitTorrent torrent, or more than one. */
bool magnet_parse(struct bytes text, struct metainfo *metainfo, char error[static ERROR_LEN]);

/* Writes "magnet:?xt=urn:btih:...&dn=...&xl=...&tr=...", without a terminating zero. */
void magnet_write(struct writer *w, const struct magnet *magnet);

#endif
