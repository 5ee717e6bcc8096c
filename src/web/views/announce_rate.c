#include "web/views/announce_rate.h"

#include <pthread.h>
#include <stdlib.h>

enum { BEATS = 11, FRESH_MS = 1000 };

/* How many announces there had been at a time. */
struct beat {
    uint64_t at_ms;
    uint64_t announces;
};

struct announce_rate {
    struct tracker *tracker;
    pthread_mutex_t lock;     /* of all below */
    struct beat beats[BEATS]; /* a ring; the one at `next` is the oldest */
    size_t next;
    bool summed;
    uint64_t summed_ms;
    struct totals totals; /* of the swarms */
};

static struct beat take_beat(const struct tracker *tracker, uint64_t now_ms) {
    const struct tracker_stats stats = tracker_stats(tracker);
    struct beat beat = { .at_ms = now_ms };
    for (size_t i = 0; i < ANNOUNCE_RESULTS; i++)
        beat.announces += stats.announces[i];
    return beat;
}

struct announce_rate *announce_rate_create(struct tracker *tracker, uint64_t now_ms) {
    struct announce_rate *rate = calloc(1, sizeof *rate);
    if (rate == NULL)
        return NULL;
    rate->tracker = tracker;
    pthread_mutex_init(&rate->lock, NULL);
    for (size_t i = 0; i < BEATS; i++)
        rate->beats[i] = take_beat(tracker, now_ms);
    return rate;
}

void announce_rate_delete(struct announce_rate *rate) {
    if (rate == NULL)
        return;
    pthread_mutex_destroy(&rate->lock);
    free(rate);
}

void announce_rate_tick(struct announce_rate *rate, uint64_t now_ms) {
    const struct beat beat = take_beat(rate->tracker, now_ms);
    pthread_mutex_lock(&rate->lock);
    rate->beats[rate->next] = beat;
    rate->next = (rate->next + 1) % BEATS;
    pthread_mutex_unlock(&rate->lock);
}

static void sum_up(void *context, const struct torrent_stats *torrents, size_t count) {
    struct totals *totals = context;
    for (size_t i = 0; i < count; i++) {
        const struct torrent_stats *torrent = &torrents[i];
        totals->peers_v4 += torrent->seeders_v4 + torrent->leechers_v4;
        totals->peers_v6 += torrent->seeders_v6 + torrent->leechers_v6;
        totals->seeders += torrent->seeders_v4 + torrent->seeders_v6;
        totals->leechers += torrent->leechers_v4 + torrent->leechers_v6;
        totals->downloaded += torrent->downloaded;
        totals->upload_rate += torrent->upload_rate;
        totals->download_rate += torrent->download_rate;
    }
    totals->torrents += (uint32_t)count;
}

/* Without memory, what was summed up before goes on. */
static void renew_totals(struct announce_rate *rate, uint64_t now_ms) {
    struct totals totals = { .torrents = 0 };
    if (rate->summed && now_ms - rate->summed_ms < FRESH_MS)
        return;
    rate->summed_ms = now_ms;
    if (!swarm_snapshot_torrents(rate->tracker, now_ms, sum_up, &totals))
        return;
    rate->summed = true;
    rate->totals = totals;
}

static double rate_between(const struct beat *before, const struct beat *now) {
    if (now->at_ms <= before->at_ms)
        return 0;
    return (double)(now->announces - before->announces) * 1000 /
           (double)(now->at_ms - before->at_ms);
}

struct totals announce_rate_totals(struct announce_rate *rate, uint64_t now_ms) {
    const struct beat now = take_beat(rate->tracker, now_ms);
    pthread_mutex_lock(&rate->lock);
    renew_totals(rate, now_ms);
    struct totals totals = rate->totals;
    totals.announces = now.announces;
    totals.announces_per_s = rate_between(&rate->beats[rate->next], &now);
    pthread_mutex_unlock(&rate->lock);
    return totals;
}
