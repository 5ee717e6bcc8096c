#include "swarm/swarm_totals.h"

#include <pthread.h>
#include <stdlib.h>

enum { GOOD_FOR_MS = 1000 };

struct swarm_totals {
    struct tracker *tracker;
    pthread_mutex_t lock; /* for all below */
    bool taken;
    uint64_t taken_ms;
    struct swarm_totals_figures figures;
};

struct swarm_totals *swarm_totals_create(struct tracker *tracker) {
    struct swarm_totals *totals = calloc(1, sizeof *totals);
    if (totals == NULL)
        return NULL;
    totals->tracker = tracker;
    pthread_mutex_init(&totals->lock, NULL);
    return totals;
}

void swarm_totals_delete(struct swarm_totals *totals) {
    if (totals == NULL)
        return;
    pthread_mutex_destroy(&totals->lock);
    free(totals);
}

static void add_torrent(struct swarm_totals_figures *sum, const struct torrent_stats *torrent) {
    const bool active =
        torrent->seeders_v4 + torrent->seeders_v6 + torrent->leechers_v4 + torrent->leechers_v6 > 0;
    sum->torrents_active += active;
    sum->torrents_idle += !active;
    sum->seeders_v4 += torrent->seeders_v4;
    sum->seeders_v6 += torrent->seeders_v6;
    sum->leechers_v4 += torrent->leechers_v4;
    sum->leechers_v6 += torrent->leechers_v6;
    sum->paused += torrent->paused;
    sum->upload_rate += torrent->upload_rate;
    sum->download_rate += torrent->download_rate;
}

static void add_torrents(void *context, const struct torrent_stats *torrents, size_t count) {
    for (size_t i = 0; i < count; i++)
        add_torrent(context, &torrents[i]);
}

struct swarm_totals_figures swarm_totals_read(struct swarm_totals *totals, uint64_t now_ms) {
    pthread_mutex_lock(&totals->lock);
    /* Who waited for the count of another may have asked before it was taken. */
    if (!totals->taken || now_ms >= totals->taken_ms + GOOD_FOR_MS) {
        struct swarm_totals_figures figures = { 0 };
        if (swarm_snapshot_torrents(totals->tracker, now_ms, add_torrents, &figures)) {
            totals->figures = figures;
            totals->taken = true;
            totals->taken_ms = now_ms;
        }
    }
    const struct swarm_totals_figures figures = totals->figures;
    pthread_mutex_unlock(&totals->lock);
    return figures;
}

static void write_peers(struct writer *w, const char *family, const char *role, uint64_t count) {
    metrics_text_value(w, "skep_peers", METRIC_LABELS({ "family", family }, { "role", role }),
                       (double)count);
}

static void write_rate(struct writer *w, const char *direction, uint64_t rate) {
    metrics_text_value(w, "skep_transfer_bytes_per_second",
                       METRIC_LABELS({ "direction", direction }), (double)rate);
}

void swarm_totals_metrics_write(struct writer *w, const struct swarm_totals_figures *figures) {
    metrics_text_family(w, "skep_torrents", METRIC_GAUGE,
                        "Torrents that are tracked: active ones have peers, idle ones have none.");
    metrics_text_value(w, "skep_torrents", METRIC_LABELS({ "state", "active" }),
                       (double)figures->torrents_active);
    metrics_text_value(w, "skep_torrents", METRIC_LABELS({ "state", "idle" }),
                       (double)figures->torrents_idle);
    metrics_text_family(w, "skep_peers", METRIC_GAUGE, "Peers in all torrents.");
    write_peers(w, "ipv4", "seeder", figures->seeders_v4);
    write_peers(w, "ipv4", "leecher", figures->leechers_v4);
    write_peers(w, "ipv6", "seeder", figures->seeders_v6);
    write_peers(w, "ipv6", "leecher", figures->leechers_v6);
    metrics_text_single(w, "skep_partial_seeds", METRIC_GAUGE,
                        "Those of the leechers that want only a part of their torrent and have it.",
                        (double)figures->paused);
    metrics_text_family(w, "skep_transfer_bytes_per_second", METRIC_GAUGE,
                        "What all peers send and get now, as their announces say.");
    write_rate(w, "upload", figures->upload_rate);
    write_rate(w, "download", figures->download_rate);
}
