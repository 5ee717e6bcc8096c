/* The inside of the catalog: the copy of all torrents, and what was found and sorted in it. Not for
 * other modules. One thread at a time. */
#ifndef SKEP_WEB_VIEWS_TORRENT_ORDER_H
#define SKEP_WEB_VIEWS_TORRENT_ORDER_H

#include "web/views/torrent_list.h"

enum { VIEWS = 8 };

struct torrent_entry_view {
    struct torrent_stats figures;
    int64_t name; /* its place among the names, or NAME_NONE */
};

struct snapshot {
    struct torrent_entry_view *entries;
    size_t count;
    size_t capacity;
    uint32_t *by_name; /* the places of all entries in the order of their names; those without a
                          name come last */
};

void snapshot_clear(struct snapshot *snapshot);

/* Puts the entries in order; there are `names` names. False without memory. */
bool snapshot_order(struct snapshot *snapshot, size_t names);

/* What one query found, in its order. */
struct view {
    struct torrent_query query;
    uint32_t *places; /* of entries; NULL: there is no such view */
    size_t count;
    uint64_t used; /* when, counted in look-ups */
};

/* Starts out as zeros. */
struct views {
    struct view list[VIEWS];
    uint64_t look_ups;
};

void views_clear(struct views *views);

/* The view of that query, made now if it is not there, in the place of the one that nobody has used
 * for longest. NULL without memory. Lives until views_clear or the next call. */
const struct view *views_find(struct views *views, const struct snapshot *snapshot,
                              const struct torrent_names *names, const struct torrent_query *query);

#endif
