/* The tracker's pulse: how many announces a second it has had of late, and its totals. Any thread.
 * `now_ms` is clock_now_ms(). */
#ifndef SKEP_WEB_VIEWS_ANNOUNCE_RATE_H
#define SKEP_WEB_VIEWS_ANNOUNCE_RATE_H

#include "swarm/swarm_snapshot.h"

struct totals {
    uint32_t torrents;
    uint32_t peers_v4;
    uint32_t peers_v6;
    uint32_t seeders;
    uint32_t leechers;
    uint64_t downloaded;
    uint64_t upload_rate; /* bytes a second, of all peers */
    uint64_t download_rate;
    uint64_t announces;     /* since the start, whatever became of them */
    double announces_per_s; /* over the last ten seconds */
};

struct announce_rate;

/* `tracker` must outlive the pulse. NULL without memory. */
struct announce_rate *announce_rate_create(struct tracker *tracker, uint64_t now_ms);
void announce_rate_delete(struct announce_rate *rate);

/* To be called once a second. */
void announce_rate_tick(struct announce_rate *rate, uint64_t now_ms);

/* The swarms are summed up at most once a second. */
struct totals announce_rate_totals(struct announce_rate *rate, uint64_t now_ms);

#endif
