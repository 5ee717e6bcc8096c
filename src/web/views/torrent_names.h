/* The torrents registered by hand or by a file, sorted by name, so that 100,000 of them can be
 * searched and sorted for each request. Read again only if the registry changed. Not thread-safe.
 */
#ifndef SKEP_WEB_VIEWS_TORRENT_NAMES_H
#define SKEP_WEB_VIEWS_TORRENT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "swarm/registry.h"

enum { TORRENT_UNNAMED = -1 };

struct torrent_name {
    uint8_t info_hash[INFO_HASH_LEN];
    int64_t file_id;    /* equal for torrents that share a .torrent file; 0: no file */
    bool has_file;      /* this tracker has the file, not another node of the cluster */
    uint64_t size;      /* bytes; 0: unknown */
    int64_t added_s;    /* Unix time */
    int64_t sibling;    /* position of the other info_hash of a hybrid torrent; TORRENT_UNNAMED */
    char *text;         /* may be empty */
    const char *folded; /* `text` with case folded, for searching */
};

struct torrent_names;

/* Borrows `registry`. NULL if out of memory or randomness. */
struct torrent_names *torrent_names_create(struct registry *registry);
void torrent_names_delete(struct torrent_names *names); /* NULL is fine */

/* Reads the names again if the registry changed; then all positions change. Returns whether it did.
 * If out of memory, the old names stay. */
bool torrent_names_refresh(struct torrent_names *names);

/* Number of names, and the one at a position. They are sorted by folded name, then info_hash; empty
 * names come last. Borrowed until the next refresh. */
size_t torrent_names_count(const struct torrent_names *names);
const struct torrent_name *torrent_names_at(const struct torrent_names *names, size_t position);

/* Position of a torrent, or TORRENT_UNNAMED. */
int64_t torrent_names_find(const struct torrent_names *names,
                           const uint8_t info_hash[static INFO_HASH_LEN]);

/* The other info_hash of a hybrid torrent. NULL: none. */
const struct torrent_name *torrent_names_sibling(const struct torrent_names *names,
                                                 const struct torrent_name *name);

/* Folds the case of a search text in the same way as that of the names. */
void torrent_names_fold(const struct torrent_names *names, const char *text, char *folded,
                        size_t size);

#endif
