/* A torrent given on the command line as an info_hash, a magnet link or a .torrent file. */
#ifndef SKEP_CTL_TORRENT_ARGUMENT_H
#define SKEP_CTL_TORRENT_ARGUMENT_H

#include "torrent/metainfo.h"

struct torrent_argument {
    struct metainfo metainfo; /* of a magnet link or a file, which it borrows; else empty */
    struct bytes file;        /* empty: none was given */
    uint8_t *owned;           /* buffer of `file` */
    size_t hash_count;
    uint8_t info_hashes[2][INFO_HASH_LEN];
};

/* Reads `text`. Returns false and prints the error if it is none of them. The caller frees
 * `argument` on success. */
bool torrent_argument_read(const char *text, struct torrent_argument *argument);
void torrent_argument_free(struct torrent_argument *argument);

/* Whether `text` is an info_hash or a magnet link, ends with ".torrent" or is the path of a valid
 * .torrent file. If not, it is an abbreviation to look up, even if a file of that name exists: the
 * content of a torrent is often in the current directory. */
bool torrent_argument_is_exact(const char *text);

#endif
