/* A snapshot of all torrents in the order of their names, and the results of the latest queries on
 * it. Private to torrent_list. Not thread-safe. */
#ifndef SKEP_WEB_VIEWS_TORRENT_ORDER_H
#define SKEP_WEB_VIEWS_TORRENT_ORDER_H

#include "web/views/torrent_health.h"
#include "web/views/torrent_names.h"
#include "web/views/torrent_query.h"

enum { TORRENT_RESULTS_MAX = 8 };

struct torrent_entry {
    struct torrent_stats stats;
    int64_t name;   /* position in torrent_names, or TORRENT_UNNAMED */
    uint8_t health; /* enum health */
    bool secondary; /* of a hybrid torrent, the info_hash with fewer peers: not listed */
};

/* The result of one query. */
struct torrent_result {
    struct torrent_query query;
    uint32_t *positions; /* of entries, in the query's order; NULL: empty slot */
    size_t count;
    uint64_t used; /* value of `lookups` at the last use */
};

/* All zeros is valid and empty. */
struct torrent_order {
    struct torrent_entry *entries;
    size_t count;
    size_t capacity;
    uint32_t *by_name; /* positions of all entries by name; unnamed ones last */
    struct torrent_result results[TORRENT_RESULTS_MAX];
    uint64_t lookups;
};

/* Adds an entry. False if out of memory. */
bool torrent_order_add(struct torrent_order *order, const struct torrent_entry *entry);

/* Fills `by_name` once all entries are added, and hides the secondary ones. False if out of memory.
 */
bool torrent_order_sort(struct torrent_order *order, const struct torrent_names *names);

/* The cached result of the query; if there is none, a new one replaces the least recently used.
 * Borrowed until the next call of any function here. NULL if out of memory. */
const struct torrent_result *torrent_order_find(struct torrent_order *order,
                                                const struct torrent_names *names,
                                                const struct torrent_query *query);

/* Removes entries and results, and frees their memory. */
void torrent_order_clear(struct torrent_order *order);

#endif
