/* All torrents as a list for people: those that have swarms and those that are registered, with
 * their names, to be searched, sorted and paged over.
 *
 * Works on a copy of the tracker's figures, taken at most once a second and only when somebody
 * asks; what was found and sorted is kept as long as the copy. Any thread; calls wait for each
 * other. `now_ms` is clock_now_ms(). */
#ifndef SKEP_WEB_VIEWS_TORRENT_LIST_H
#define SKEP_WEB_VIEWS_TORRENT_LIST_H

#include "store/registry.h"
#include "swarm/swarm_snapshot.h"
#include "web/views/torrent_names.h"

enum { TORRENT_SEARCH_LEN = 128 };

enum torrent_show { SHOW_ALL, SHOW_ACTIVE, SHOW_REGISTERED, SHOW_UNSEEDED };

enum torrent_sort {
    BY_NAME,
    BY_SIZE,
    BY_SEEDERS,
    BY_LEECHERS,
    BY_DOWNLOADED,
    BY_RATE,
    BY_HEALTH,
};

/* No peers; leechers alone; leechers, and seeders none of which can be reached; one seeder for all
 * leechers; anything better. */
enum health { HEALTH_IDLE, HEALTH_UNSEEDED, HEALTH_STUCK, HEALTH_WEAK, HEALTH_GOOD };

struct torrent_query {
    char search[TORRENT_SEARCH_LEN]; /* a part of the name, or of the info_hash in hexadecimal;
                                        empty: every torrent */
    enum torrent_show show;
    enum torrent_sort sort; /* equal ones by name */
    bool descending;
};

struct torrent_row {
    struct torrent_stats figures;
    bool registered;
    bool has_file;
    uint64_t size; /* in bytes; 0: not known */
    int64_t added_s;
    char name[REGISTRY_TEXT_LEN]; /* empty: none is known */
};

struct torrent_list;

/* Both must outlive the catalog; `database` NULL: there is no registry. NULL without memory. */
struct torrent_list *torrent_list_create(struct tracker *tracker, const char *database);
void torrent_list_delete(struct torrent_list *list);

/* Copies up to `max` of the torrents that are asked for, from the one at `offset` on; `*count` says
 * how many, `*total` how many there are in all. False without memory. */
bool torrent_list_page(struct torrent_list *list, const struct torrent_query *query, size_t offset,
                       uint64_t now_ms, struct torrent_row *rows, size_t max, size_t *count,
                       size_t *total);

/* One torrent, as it is this moment. False if it is neither tracked nor registered. */
bool torrent_list_find(struct torrent_list *list, const uint8_t info_hash[static INFO_HASH_LEN],
                       uint64_t now_ms, struct torrent_row *row);

/* The name of a torrent; empty where none is known. */
void torrent_list_name(struct torrent_list *list, const uint8_t info_hash[static INFO_HASH_LEN],
                       char name[static REGISTRY_TEXT_LEN]);

/* The registry was written to: the next call looks into it. */
void torrent_list_invalidate(struct torrent_list *list);

/* Frees the copy if nobody has asked for a minute. To be called now and then. */
void torrent_list_release_idle(struct torrent_list *list, uint64_t now_ms);

/* By the figures alone, which never say HEALTH_STUCK. */
enum health torrent_list_health(const struct torrent_stats *stats);

static inline uint32_t torrent_seeders(const struct torrent_stats *stats) {
    return stats->seeders_v4 + stats->seeders_v6;
}

static inline uint32_t torrent_leechers(const struct torrent_stats *stats) {
    return stats->leechers_v4 + stats->leechers_v6;
}

#endif
