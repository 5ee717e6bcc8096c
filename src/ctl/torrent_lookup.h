/* Which torrent a word means: it is the start of its info_hash, or its name or a part of that, in
 * whatever case. One that is called exactly so counts more than all others. */
#ifndef SKEP_CTL_TORRENT_LOOKUP_H
#define SKEP_CTL_TORRENT_LOOKUP_H

#include <locale.h>

#include "ctl/api_client.h"
#include "store/registry.h"

enum {
    TORRENT_LOOKUP_DIGITS_MIN = 4, /* of an info_hash */
    TORRENT_LOOKUP_SHOWN = 10,
    TORRENT_LOOKUP_FOLDED_LEN = 4 * REGISTRY_TEXT_LEN,
};

struct torrent_lookup {
    const char *word;
    locale_t letters;
    char folded[TORRENT_LOOKUP_FOLDED_LEN];
    bool exact;                                      /* those that were found are called so */
    size_t count;                                    /* how many were found */
    struct registry_row found[TORRENT_LOOKUP_SHOWN]; /* the first of them */
};

/* Begins to look for `word`, which it borrows. Afterwards, torrent_lookup_end. */
void torrent_lookup_begin(struct torrent_lookup *lookup, const char *word);

/* Looks whether a torrent is the one: a registry_visitor, whose context is the choice. */
void torrent_lookup_add(void *choice, const struct registry_row *row);

/* STATUS_GOOD and `*row` where there is exactly one; otherwise says which there are. Another
 * `status` than STATUS_GOOD, with which the search ended, is returned as it is. */
enum status torrent_lookup_end(struct torrent_lookup *lookup, enum status status,
                               struct registry_row *row);

/* Looks for `word` among all torrents that the skepd knows. An info_hash and a .torrent file are
 * taken without asking. Says what failed, unless no skepd answers (STATUS_UNREACHABLE). */
enum status torrent_lookup_send(struct api_client *client, const char *word,
                                uint8_t info_hash[static INFO_HASH_LEN]);

#endif
