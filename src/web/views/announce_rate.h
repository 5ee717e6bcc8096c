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

struct pulse;

/* `tracker` must outlive the pulse. NULL without memory. */
struct pulse *pulse_create(struct tracker *tracker, uint64_t now_ms);
void pulse_delete(struct pulse *pulse);

/* To be called once a second. */
void pulse_tick(struct pulse *pulse, uint64_t now_ms);

/* The swarms are summed up at most once a second. */
struct totals pulse_totals(struct pulse *pulse, uint64_t now_ms);

#endif
