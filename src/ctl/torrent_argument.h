/* What a command line says of a torrent: an info_hash, or a .torrent file. */
#ifndef SKEP_CTL_TORRENT_ARGUMENT_H
#define SKEP_CTL_TORRENT_ARGUMENT_H

#include "torrent/metainfo.h"

struct torrent_argument {
    struct metainfo metainfo; /* borrows `file` */
    struct bytes file;        /* empty where only the info_hash is known */
    uint8_t *owned;           /* the file's memory */
    size_t hash_count;
    uint8_t info_hashes[2][INFO_HASH_LEN];
};

/* Reads `word`. False if it is neither, which has been said. Afterwards, torrent_argument_free. */
bool torrent_argument_read(const char *word, struct torrent_argument *argument);
void torrent_argument_free(struct torrent_argument *argument);

/* Whether `word` is an info_hash, is called NAME.torrent, or is such a file whatever it is called;
 * and not, say, the name of a torrent whose content lies here. */
bool torrent_argument_is_one(const char *word);

#endif
