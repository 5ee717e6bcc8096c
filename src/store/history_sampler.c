#include "store/history_sampler.h"

#include <stdlib.h>

#include "store/history_writer.h"
#include "store/top_torrents.h"
#include "swarm/swarm_snapshot.h"

enum { PERIOD_MIN_MS = 1000 };

struct history_sampler {
    struct tracker *tracker;
    struct store *store;
    struct top_torrents *largest; /* NULL: no torrents are sampled */
    bool running;                 /* a period has begun */
    int64_t at_s;                 /* its beginning, by the wall clock */
    uint64_t began_ms;
    uint64_t announces; /* as many there were then */
};

struct history_sampler *history_sampler_create(struct tracker *tracker, struct store *store,
                                               uint32_t torrents_max) {
    struct history_sampler *sampler = calloc(1, sizeof *sampler);
    if (sampler == NULL)
        return NULL;
    *sampler = (struct history_sampler){ .tracker = tracker, .store = store };
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

/* All that were asked, whatever the answer. */
static uint64_t count_announces(const struct tracker *tracker) {
    const struct tracker_stats stats = tracker_stats(tracker);
    uint64_t announces = 0;
    for (int i = 0; i < ANNOUNCE_RESULTS; i++)
        announces += stats.announces[i];
    return announces;
}

static void begin(struct history_sampler *sampler, uint64_t now_ms, int64_t at_s) {
    sampler->running = true;
    sampler->at_s = at_s;
    sampler->began_ms = now_ms;
    sampler->announces = count_announces(sampler->tracker);
}

struct survey {
    struct sample sample;
    struct top_torrents *largest; /* NULL: not wanted */
};

static void add_torrents(void *context, const struct torrent_stats *torrents, size_t count) {
    struct survey *survey = context;
    struct sample *sample = &survey->sample;
    for (size_t i = 0; i < count; i++) {
        const struct torrent_stats *torrent = &torrents[i];
        sample->torrents++;
        sample->seeders += (double)torrent->seeders_v4 + torrent->seeders_v6;
        sample->leechers += (double)torrent->leechers_v4 + torrent->leechers_v6;
        sample->upload_rate += (double)torrent->upload_rate;
        sample->download_rate += (double)torrent->download_rate;
        if (survey->largest != NULL)
            top_torrents_offer(survey->largest, torrent);
    }
}

static int64_t period_of(int64_t unix_s, int64_t period_s) {
    return unix_s - unix_s % period_s;
}

static void add_largest(struct history_sampler *sampler) {
    size_t count;
    const struct torrent_stats *torrents = top_torrents_list(sampler->largest, &count);
    history_writer_add_torrents(store_history(sampler->store),
                                period_of(sampler->at_s, HISTORY_TORRENT_SAMPLE_S), torrents,
                                count);
}

/* Where there is no memory for all torrents, there is no sample. */
static void end(struct history_sampler *sampler, uint64_t now_ms, bool with_torrents) {
    struct survey survey = {
        .sample.at_s = sampler->at_s,
        .largest = with_torrents ? sampler->largest : NULL,
    };
    if (with_torrents)
        top_torrents_clear(sampler->largest);
    if (!swarm_snapshot_torrents(sampler->tracker, now_ms, add_torrents, &survey))
        return;
    const double lasted_s = (double)(now_ms - sampler->began_ms) / 1000;
    const uint64_t announces = count_announces(sampler->tracker) - sampler->announces;
    survey.sample.peers = survey.sample.seeders + survey.sample.leechers;
    survey.sample.announces_per_s = (double)announces / lasted_s;
    history_writer_add_sample(store_history(sampler->store), &survey.sample);
    if (survey.largest != NULL)
        add_largest(sampler);
}

void history_sampler_tick(struct history_sampler *sampler, uint64_t now_ms, int64_t unix_s) {
    const int64_t at_s = period_of(unix_s, HISTORY_SAMPLE_S);
    if (sampler->running && at_s == sampler->at_s)
        return;
    if (sampler->running && now_ms - sampler->began_ms >= PERIOD_MIN_MS) {
        const bool with_torrents =
            sampler->largest != NULL && period_of(at_s, HISTORY_TORRENT_SAMPLE_S) !=
                                            period_of(sampler->at_s, HISTORY_TORRENT_SAMPLE_S);
        end(sampler, now_ms, with_torrents);
    }
    begin(sampler, now_ms, at_s);
}
