/* What the registry knows of its torrents, in memory, so that a hundred thousand of them can be
 * searched and sorted at once. Read anew only where the registry changed. One thread at a time. */
#ifndef SKEP_WEB_VIEWS_TORRENT_NAMES_H
#define SKEP_WEB_VIEWS_TORRENT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "swarm/announce.h"

enum { NAME_NONE = -1 };

struct torrent_name {
    uint8_t info_hash[INFO_HASH_LEN];
    int64_t file_id; /* the same for those that share a .torrent file; 0: there is none */
    uint64_t size;   /* bytes of all that it shares; 0: not known */
    int64_t added_s;
    char *text;         /* empty where it has none */
    const char *folded; /* the same, as a search compares it */
};

struct torrent_names;

/* `database` NULL: there is no registry, and nothing has a name. It must outlive the names. NULL
 * without memory or randomness. */
struct torrent_names *torrent_names_create(const char *database);
void torrent_names_delete(struct torrent_names *names);

/* Looks whether the registry changed, and reads it anew if so: then all places are new. Returns
 * whether that was done. A registry that cannot be read is as it was. */
bool torrent_names_refresh(struct torrent_names *names);

/* How many there are; the one at a place, in the order of their names (those without one come last)
 * and of their info_hashes. It lives until the next refresh. */
size_t torrent_names_count(const struct torrent_names *names);
const struct torrent_name *torrent_names_at(const struct torrent_names *names, size_t place);

/* The place of a torrent, or NAME_NONE. */
int64_t torrent_names_find(const struct torrent_names *names,
                           const uint8_t info_hash[static INFO_HASH_LEN]);

/* Writes `text` as the names are folded, to search for it. */
void torrent_names_fold(const struct torrent_names *names, const char *text, char *folded,
                        size_t size);

#endif
