#include "store/history_sampler.h"

#include <stdlib.h>

#include "store/history_writer.h"
#include "store/top_torrents.h"
#include "swarm/swarm_snapshot.h"
#include "swarm/swarm_totals.h"

enum { PERIOD_MIN_MS = 1000 };

struct history_sampler {
    struct tracker *tracker;
    struct swarm_totals *totals;
    struct store *store;
    struct top_torrents *largest; /* NULL: torrents are not sampled */
    bool running;                 /* a period has begun */
    int64_t at_s;                 /* its start, wall clock */
    uint64_t began_ms;
    uint64_t announces; /* of the tracker, at that time */
};

struct history_sampler *history_sampler_create(struct tracker *tracker, struct swarm_totals *totals,
                                               struct store *store, uint32_t torrents_max) {
    struct history_sampler *sampler = calloc(1, sizeof *sampler);
    if (sampler == NULL)
        return NULL;
    *sampler = (struct history_sampler){
        .tracker = tracker,
        .totals = totals,
        .store = store,
    };
    if (torrents_max == 0)
        return sampler;
    sampler->largest = top_torrents_create(torrents_max);
    if (sampler->largest != NULL)
        return sampler;
    history_sampler_delete(sampler);
    return NULL;
}

void history_sampler_delete(struct history_sampler *sampler) {
    if (sampler == NULL)
        return;
    top_torrents_delete(sampler->largest);
    free(sampler);
}

static void begin_period(struct history_sampler *sampler, uint64_t now_ms, int64_t at_s) {
    sampler->running = true;
    sampler->at_s = at_s;
    sampler->began_ms = now_ms;
    sampler->announces = tracker_stats(sampler->tracker).announces_total;
}

static void offer_torrents(void *context, const struct torrent_stats *torrents, size_t count) {
    struct history_sampler *sampler = context;
    for (size_t i = 0; i < count; i++)
        top_torrents_offer(sampler->largest, &torrents[i]);
}

static int64_t period_start(int64_t unix_s, int64_t period_s) {
    return unix_s - unix_s % period_s;
}

/* The largest torrents are found by a walk over all of them: the totals do not hold rows. If out of
 * memory, this sample is skipped. */
static void add_largest_torrents(struct history_sampler *sampler, uint64_t now_ms) {
    size_t count;
    top_torrents_clear(sampler->largest);
    if (!swarm_snapshot_torrents(sampler->tracker, now_ms, offer_torrents, sampler))
        return;
    const struct torrent_stats *torrents = top_torrents_list(sampler->largest, &count);
    history_writer_add_torrents(store_history(sampler->store),
                                period_start(sampler->at_s, HISTORY_TORRENT_SAMPLE_S), torrents,
                                count);
}

static void add_sample(struct history_sampler *sampler, uint64_t now_ms) {
    const struct totals totals = swarm_totals_read(sampler->totals, now_ms);
    const double lasted_s = (double)(now_ms - sampler->began_ms) / 1000;
    const struct sample sample = {
        .at_s = sampler->at_s,
        .torrents = (double)(totals.torrents_active + totals.torrents_idle),
        .peers = (double)(totals_seeders(&totals) + totals_leechers(&totals)),
        .seeders = (double)totals_seeders(&totals),
        .leechers = (double)totals_leechers(&totals),
        .announces_per_s = (double)(totals.announces - sampler->announces) / lasted_s,
        .upload_rate = (double)totals.upload_rate,
        .download_rate = (double)totals.download_rate,
    };
    history_writer_add_sample(store_history(sampler->store), &sample);
}

void history_sampler_tick(struct history_sampler *sampler, uint64_t now_ms, int64_t unix_s) {
    const int64_t at_s = period_start(unix_s, HISTORY_SAMPLE_S);
    if (sampler->running && at_s == sampler->at_s)
        return;
    if (sampler->running && now_ms - sampler->began_ms >= PERIOD_MIN_MS) {
        const bool torrents_due = period_start(at_s, HISTORY_TORRENT_SAMPLE_S) !=
                                  period_start(sampler->at_s, HISTORY_TORRENT_SAMPLE_S);
        add_sample(sampler, now_ms);
        if (torrents_due && sampler->largest != NULL)
            add_largest_torrents(sampler, now_ms);
    }
    begin_period(sampler, now_ms, at_s);
}
