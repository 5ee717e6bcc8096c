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

enum { CATALOG_SEARCH_LEN = 128 };

enum catalog_show { SHOW_ALL, SHOW_ACTIVE, SHOW_REGISTERED, SHOW_UNSEEDED };

enum catalog_sort {
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

struct catalog_query {
    char search[CATALOG_SEARCH_LEN]; /* a part of the name, or of the info_hash in hexadecimal;
                                        empty: every torrent */
    enum catalog_show show;
    enum catalog_sort sort; /* equal ones by name */
    bool descending;
};

struct catalog_row {
    struct torrent_figures figures;
    bool registered;
    bool has_file;
    uint64_t size; /* in bytes; 0: not known */
    int64_t added_s;
    char name[REGISTRY_TEXT_LEN]; /* empty: none is known */
};

struct catalog;

/* Both must outlive the catalog; `database` NULL: there is no registry. NULL without memory. */
struct catalog *catalog_create(struct tracker *tracker, const char *database);
void catalog_delete(struct catalog *catalog);

/* Copies up to `max` of the torrents that are asked for, from the one at `offset` on; `*count` says
 * how many, `*total` how many there are in all. False without memory. */
bool catalog_page(struct catalog *catalog, const struct catalog_query *query, size_t offset,
                  uint64_t now_ms, struct catalog_row *rows, size_t max, size_t *count,
                  size_t *total);

/* One torrent, as it is this moment. False if it is neither tracked nor registered. */
bool catalog_find(struct catalog *catalog, const uint8_t info_hash[static INFO_HASH_LEN],
                  uint64_t now_ms, struct catalog_row *row);

/* The name of a torrent; empty where none is known. */
void catalog_name(struct catalog *catalog, const uint8_t info_hash[static INFO_HASH_LEN],
                  char name[static REGISTRY_TEXT_LEN]);

/* The registry was written to: the next call looks into it. */
void catalog_renew(struct catalog *catalog);

/* Frees the copy if nobody has asked for a minute. To be called now and then. */
void catalog_rest(struct catalog *catalog, uint64_t now_ms);

/* By the figures alone, which never say HEALTH_STUCK. */
enum health catalog_health(const struct torrent_figures *figures);

static inline uint32_t figures_seeders(const struct torrent_figures *figures) {
    return figures->seeders_v4 + figures->seeders_v6;
}

static inline uint32_t figures_leechers(const struct torrent_figures *figures) {
    return figures->leechers_v4 + figures->leechers_v6;
}

#endif
