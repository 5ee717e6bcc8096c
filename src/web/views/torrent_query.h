/* Filter and order of the list of torrents, and the health of a torrent. Pure; any thread. */
#ifndef SKEP_WEB_VIEWS_TORRENT_QUERY_H
#define SKEP_WEB_VIEWS_TORRENT_QUERY_H

#include "swarm/swarm_snapshot.h"

enum { TORRENT_SEARCH_LEN = 128 }; /* with the terminating zero */

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

/* In ascending order, as BY_HEALTH sorts. */
enum health {
    HEALTH_IDLE,     /* no peers */
    HEALTH_UNSEEDED, /* leechers only */
    HEALTH_STUCK,    /* leechers, and no seeder is reachable */
    HEALTH_WEAK,     /* leechers, and one seeder */
    HEALTH_GOOD,
};

struct torrent_query {
    char search[TORRENT_SEARCH_LEN]; /* substring of the name or of the info_hash in hexadecimal;
                                        empty: all torrents */
    enum torrent_show show;
    enum torrent_sort sort; /* ties are sorted by name */
    bool descending;
};

bool torrent_query_equal(const struct torrent_query *a, const struct torrent_query *b);

/* Health by the counts alone. Never HEALTH_STUCK, which depends on the reachability of peers. */
enum health torrent_health(const struct torrent_stats *stats);

#endif
