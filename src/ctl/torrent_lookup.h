/* Finds the torrent that an argument refers to: by a prefix of its info_hash or a substring of its
 * name, case-insensitive. An exact name match wins. */
#ifndef SKEP_CTL_TORRENT_LOOKUP_H
#define SKEP_CTL_TORRENT_LOOKUP_H

#include <locale.h>

#include "ctl/api_client.h"
#include "store/registry.h"

enum {
    TORRENT_LOOKUP_DIGITS_MIN = 4, /* minimum digits of an info_hash */
    TORRENT_LOOKUP_SHOWN = 10,
    TORRENT_LOOKUP_FOLDED_LEN = 4 * REGISTRY_TEXT_LEN,
};

struct torrent_lookup {
    const char *word;
    locale_t letters;
    char folded[TORRENT_LOOKUP_FOLDED_LEN];
    bool exact;                                      /* the matches found so far are exact */
    size_t count;                                    /* number of matches */
    struct registry_row found[TORRENT_LOOKUP_SHOWN]; /* the first matches */
};

/* Starts a lookup of `word`, which is borrowed. Call torrent_lookup_end afterwards. */
void torrent_lookup_begin(struct torrent_lookup *lookup, const char *word);

/* Offers one torrent to the lookup: a registry_visitor with the lookup as context. */
void torrent_lookup_add(void *choice, const struct registry_row *row);

/* STATUS_GOOD and `*row` if exactly one torrent matches; otherwise prints the matches. Any other
 * `status` of the search is returned as it is. */
enum status torrent_lookup_end(struct torrent_lookup *lookup, enum status status,
                               struct registry_row *row);

/* Looks up `word` among all torrents of the running skepd. An info_hash or a .torrent file needs no
 * request. Prints a failure, unless no skepd answers (STATUS_UNREACHABLE). */
enum status torrent_lookup_send(struct api_client *client, const char *word,
                                uint8_t info_hash[static INFO_HASH_LEN]);

#endif
