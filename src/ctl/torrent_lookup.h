/* Looks up a torrent by an abbreviation: the first digits of its info_hash, or a substring of its
 * name (case-insensitive). An exact name match wins. */
#ifndef SKEP_CTL_TORRENT_LOOKUP_H
#define SKEP_CTL_TORRENT_LOOKUP_H

#include <locale.h>

#include "ctl/api_client.h"
#include "store/registry_rows.h"

enum {
    TORRENT_LOOKUP_DIGITS_MIN = 4, /* of an abbreviated info_hash */
    TORRENT_LOOKUP_SHOWN = 10,     /* listed if the text is ambiguous */
    TORRENT_LOOKUP_FOLDED_LEN = 4 * REGISTRY_TEXT_LEN,
};

struct torrent_lookup {
    const char *text;
    locale_t letters;
    char folded[TORRENT_LOOKUP_FOLDED_LEN];
    bool exact;                                      /* the matches have exactly this name */
    size_t count;                                    /* of all matches */
    struct registry_row found[TORRENT_LOOKUP_SHOWN]; /* the first matches */
};

/* Begins a lookup of `text`, which it borrows. The caller must call torrent_lookup_end. */
void torrent_lookup_begin(struct torrent_lookup *lookup, const char *text);

/* Compares a torrent with the text. A registry_visitor with the lookup as its context. */
void torrent_lookup_add(void *lookup, const struct registry_row *row);

/* Ends the lookup; `status` is the result of the search and is returned if it failed. STATUS_GOOD
 * and `*row` if exactly one torrent matches; otherwise prints an error with the matches. */
enum status torrent_lookup_end(struct torrent_lookup *lookup, enum status status,
                               struct registry_row *row);

/* Looks up `text` among all torrents of skepd; an info_hash or a .torrent file needs no request.
 * Prints errors, except STATUS_UNREACHABLE. */
enum status torrent_lookup_find(struct api_client *client, const char *text,
                                uint8_t info_hash[static INFO_HASH_LEN]);

#endif
