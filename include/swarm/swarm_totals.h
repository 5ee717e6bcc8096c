/* How many torrents and peers there are, of which kinds. Counting walks over all swarms, so it is
 * done at most once a second, however many ask. */
#ifndef SKEP_SWARM_SWARM_TOTALS_H
#define SKEP_SWARM_SWARM_TOTALS_H

#include "base/metrics_text.h"
#include "swarm/swarm_snapshot.h"

struct swarm_totals_figures {
    uint64_t torrents_active; /* with peers */
    uint64_t torrents_idle;
    uint64_t seeders_v4;
    uint64_t seeders_v6;
    uint64_t leechers_v4; /* partial seeds are leechers */
    uint64_t leechers_v6;
    uint64_t paused;        /* partial seeds */
    uint64_t upload_rate;   /* bytes a second, of all peers, as they say */
    uint64_t download_rate; /* the same */
};

struct swarm_totals;

/* `tracker` must outlive the census. NULL without memory. */
struct swarm_totals *swarm_totals_create(struct tracker *tracker);
void swarm_totals_delete(struct swarm_totals *totals); /* NULL is fine */

/* Any thread; waits for a count that is under way. Without memory the last count stands. `now_ms`
 * is clock_now_ms(). */
struct swarm_totals_figures swarm_totals_read(struct swarm_totals *totals, uint64_t now_ms);

/* Pure. */
void swarm_totals_metrics_write(struct writer *w, const struct swarm_totals_figures *figures);

#endif
