#include "web/views/torrent_query.h"

#include <string.h>

bool torrent_query_equal(const struct torrent_query *a, const struct torrent_query *b) {
    return a->show == b->show && a->sort == b->sort && a->descending == b->descending &&
           strcmp(a->search, b->search) == 0;
}

enum health torrent_health(const struct torrent_stats *stats) {
    const uint32_t seeders = torrent_seeders(stats);
    const uint32_t leechers = torrent_leechers(stats);
    if (seeders == 0)
        return leechers == 0 ? HEALTH_IDLE : HEALTH_UNSEEDED;
    return seeders == 1 && leechers > 0 ? HEALTH_WEAK : HEALTH_GOOD;
}
