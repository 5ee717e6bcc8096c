/* A torrent argument of the command line: an info_hash or a .torrent file. */
#ifndef SKEP_CTL_TORRENT_ARGUMENT_H
#define SKEP_CTL_TORRENT_ARGUMENT_H

#include "torrent/metainfo.h"

struct torrent_argument {
    struct metainfo metainfo; /* borrows `file` */
    struct bytes file;        /* empty if only the info_hash is known */
    uint8_t *owned;           /* contents of the file */
    size_t hash_count;
    uint8_t info_hashes[2][INFO_HASH_LEN];
};

/* Reads `word`. False if it is neither, which is printed. Call torrent_argument_free afterwards. */
bool torrent_argument_read(const char *word, struct torrent_argument *argument);
void torrent_argument_free(struct torrent_argument *argument);

/* Whether `word` is an info_hash, ends in .torrent, or is a .torrent file of any name; false, for
 * example, for a torrent's name whose content is in this directory. */
bool torrent_argument_is_one(const char *word);

#endif
