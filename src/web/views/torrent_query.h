/* Filter and order of the list of torrents. Pure; any thread. */
#ifndef SKEP_WEB_VIEWS_TORRENT_QUERY_H
#define SKEP_WEB_VIEWS_TORRENT_QUERY_H

#include <stdbool.h>

enum { TORRENT_SEARCH_LEN = 128 }; /* with the terminating zero */

/* The last five show the torrents of one health. */
enum torrent_show {
    SHOW_ALL,
    SHOW_ACTIVE,
    SHOW_REGISTERED,
    SHOW_UNNAMED,
    SHOW_IDLE,
    SHOW_UNSEEDED,
    SHOW_STUCK,
    SHOW_WEAK,
    SHOW_GOOD,
};

enum torrent_sort {
    BY_NAME,
    BY_SIZE,
    BY_SEEDERS,
    BY_LEECHERS,
    BY_DOWNLOADED,
    BY_RATE,
    BY_HEALTH,
};

struct torrent_query {
    char search[TORRENT_SEARCH_LEN]; /* substring of the name or of the info_hash in hexadecimal;
                                        empty: all torrents */
    enum torrent_show show;
    enum torrent_sort sort; /* ties are sorted by name */
    bool descending;
};

bool torrent_query_equal(const struct torrent_query *a, const struct torrent_query *b);
#endif
