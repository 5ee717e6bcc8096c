#include "swarm/swarm_totals.h"

#include <pthread.h>
#include <stdlib.h>

#include "swarm/swarm_snapshot.h"

enum { FRESH_MS = 1000, RATE_SAMPLES = 11 };

struct rate_sample {
    uint64_t at_ms;
    uint64_t announces;
};

struct swarm_totals {
    struct tracker *tracker;
    pthread_mutex_t lock; /* for all below */
    bool counted;
    uint64_t counted_ms;
    struct totals totals;
    struct rate_sample samples[RATE_SAMPLES]; /* a ring; `oldest` is replaced next */
    size_t oldest;
};

static struct rate_sample take_rate_sample(const struct tracker *tracker, uint64_t now_ms) {
    return (struct rate_sample){
        .at_ms = now_ms,
        .announces = tracker_stats(tracker).announces_total,
    };
}

struct swarm_totals *swarm_totals_create(struct tracker *tracker, uint64_t now_ms) {
    struct swarm_totals *totals = calloc(1, sizeof *totals);
    if (totals == NULL)
        return NULL;
    totals->tracker = tracker;
    pthread_mutex_init(&totals->lock, NULL);
    for (size_t i = 0; i < RATE_SAMPLES; i++)
        totals->samples[i] = take_rate_sample(tracker, now_ms);
    return totals;
}

void swarm_totals_delete(struct swarm_totals *totals) {
    if (totals == NULL)
        return;
    pthread_mutex_destroy(&totals->lock);
    free(totals);
}

void swarm_totals_tick(struct swarm_totals *totals, uint64_t now_ms) {
    const struct rate_sample sample = take_rate_sample(totals->tracker, now_ms);
    pthread_mutex_lock(&totals->lock);
    totals->samples[totals->oldest] = sample;
    totals->oldest = (totals->oldest + 1) % RATE_SAMPLES;
    pthread_mutex_unlock(&totals->lock);
}

static void add_torrents(void *context, const struct torrent_stats *torrents, size_t count) {
    struct totals *totals = context;
    for (size_t i = 0; i < count; i++) {
        const struct torrent_stats *torrent = &torrents[i];
        const bool active = torrent_seeders(torrent) + torrent_leechers(torrent) > 0;
        totals->torrents_active += active;
        totals->torrents_idle += !active;
        totals->seeders_v4 += torrent->seeders_v4;
        totals->seeders_v6 += torrent->seeders_v6;
        totals->seeders_both += torrent->seeders_both;
        totals->leechers_v4 += torrent->leechers_v4;
        totals->leechers_v6 += torrent->leechers_v6;
        totals->leechers_both += torrent->leechers_both;
        totals->paused += torrent->paused;
        totals->downloaded += torrent->downloaded;
        totals->upload_rate += torrent->upload_rate;
        totals->download_rate += torrent->download_rate;
    }
}

static void count_swarms(struct swarm_totals *totals, uint64_t now_ms) {
    struct totals sum = { 0 };
    if (totals->counted && now_ms < totals->counted_ms + FRESH_MS)
        return;
    if (!swarm_snapshot_torrents(totals->tracker, now_ms, add_torrents, &sum))
        return;
    totals->totals = sum;
    totals->counted = true;
    totals->counted_ms = now_ms;
}

static double rate_between(const struct rate_sample *past, const struct rate_sample *now) {
    if (now->at_ms <= past->at_ms)
        return 0;
    return (double)(now->announces - past->announces) * 1000 / (double)(now->at_ms - past->at_ms);
}

struct totals swarm_totals_read(struct swarm_totals *totals, uint64_t now_ms) {
    const struct rate_sample now = take_rate_sample(totals->tracker, now_ms);
    pthread_mutex_lock(&totals->lock);
    count_swarms(totals, now_ms);
    struct totals result = totals->totals;
    result.announces = now.announces;
    result.announces_per_s = rate_between(&totals->samples[totals->oldest], &now);
    pthread_mutex_unlock(&totals->lock);
    return result;
}
