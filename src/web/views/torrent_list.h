/* All torrents, active or registered, with their names: search, sort and pages for the API. A
 * hybrid torrent (BEP 52) with a .torrent file is listed once, by its info_hash with more peers.
 *
 * Works on a snapshot of the tracker that is at most a second old and taken on demand. Query
 * results are cached as long as the snapshot. Any thread; calls are serialised by a lock. `now_ms`
 * is clock_now_ms(). */
#ifndef SKEP_WEB_VIEWS_TORRENT_LIST_H
#define SKEP_WEB_VIEWS_TORRENT_LIST_H

#include "swarm/registry.h"
#include "web/views/torrent_health.h"
#include "web/views/torrent_query.h"

struct torrent_row {
    struct torrent_stats stats;
    enum health health;
    bool registered;
    bool hybrid; /* `other_hash` is its other info_hash */
    uint8_t other_hash[INFO_HASH_LEN];
    bool has_file;
    uint64_t size; /* bytes; 0: unknown */
    int64_t added_s;
    char name[REGISTRY_TEXT_LEN]; /* empty: unknown */
};

/* Torrents in the list, by health. */
struct torrent_counts {
    uint32_t by_health[HEALTHS];
};

struct torrent_list;

/* Borrows `tracker` and `prober`, which may be NULL. NULL if out of memory. */
struct torrent_list *torrent_list_create(struct tracker *tracker, struct prober *prober);
void torrent_list_delete(struct torrent_list *list); /* NULL is fine */

/* Copies up to `max` rows of the query's result from `offset` on. `*count` is the number of rows
 * copied, `*total` the number of matches. False if out of memory. */
bool torrent_list_page(struct torrent_list *list, const struct torrent_query *query, size_t offset,
                       uint64_t now_ms, struct torrent_row *rows, size_t max, size_t *count,
                       size_t *total);

/* Counts all torrents. A count takes up to 5 % of a core: with many torrents it may be some seconds
 * old. False if out of memory. */
bool torrent_list_count(struct torrent_list *list, uint64_t now_ms, struct torrent_counts *counts);

/* Fills `row` with the current state of one torrent. False if it is neither active nor registered.
 */
bool torrent_list_find(struct torrent_list *list, const uint8_t info_hash[static INFO_HASH_LEN],
                       uint64_t now_ms, struct torrent_row *row);

/* Copies the name of a torrent; empty if unknown. */
void torrent_list_name(struct torrent_list *list, const uint8_t info_hash[static INFO_HASH_LEN],
                       char name[static REGISTRY_TEXT_LEN]);

/* Number of registered torrents. */
size_t torrent_list_registered(struct torrent_list *list);

/* Frees the snapshot if it was not used for a minute. To be called about once a second. */
void torrent_list_release_idle(struct torrent_list *list, uint64_t now_ms);

#endif
