/* Totals over all swarms, and the rate of announces. Counting takes every shard's lock once, so it
 * is done at most once a second for all callers together. Any thread. `now_ms` is clock_now_ms().
 */
#ifndef SKEP_SWARM_SWARM_TOTALS_H
#define SKEP_SWARM_SWARM_TOTALS_H

#include <stdint.h>

struct tracker;

/* As struct torrent_stats. */
struct totals {
    uint64_t torrents_active; /* with peers */
    uint64_t torrents_idle;
    uint64_t seeders_v4;
    uint64_t seeders_v6;
    uint64_t seeders_both;
    uint64_t leechers_v4;
    uint64_t leechers_v6;
    uint64_t leechers_both;
    uint64_t paused;
    uint64_t downloaded;    /* completions of all torrents */
    uint64_t upload_rate;   /* bytes per second, as the peers report */
    uint64_t download_rate; /* the same */
    uint64_t announces;     /* since the start, with any result */
    double announces_per_s; /* over the last ten seconds */
};

static inline uint64_t totals_seeders(const struct totals *totals) {
    return totals->seeders_v4 + totals->seeders_v6 - totals->seeders_both;
}

static inline uint64_t totals_leechers(const struct totals *totals) {
    return totals->leechers_v4 + totals->leechers_v6 - totals->leechers_both;
}

struct swarm_totals;

/* `tracker` must outlive it. NULL if out of memory. */
struct swarm_totals *swarm_totals_create(struct tracker *tracker, uint64_t now_ms);
void swarm_totals_delete(struct swarm_totals *totals); /* NULL is ignored */

/* Takes a sample for the announce rate. Call it once a second. */
void swarm_totals_tick(struct swarm_totals *totals, uint64_t now_ms);

/* Waits for a count in progress. If out of memory, returns the previous count. */
struct totals swarm_totals_read(struct swarm_totals *totals, uint64_t now_ms);

#endif
