#include "metrics/client_metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics_text.h"
#include "base/ticker.h"

enum { PERIOD_MS = 1000, REST_FACTOR = 100 };

struct client_metrics {
    struct tracker *tracker;
    struct ticker *ticker;
    _Atomic bool wanted;  /* since the last count */
    uint64_t next_ms;     /* belongs to the ticker's thread */
    pthread_mutex_t lock; /* guards what follows */
    size_t count;
    struct client_count top[CLIENT_METRICS_SHOWN];
    uint64_t other;
};

static size_t hash_family(const struct client_family *family) {
    size_t hash = 5381; /* of names from a list of ours: no attacker chooses them */
    for (const char *c = family->name; *c != '\0'; c++)
        hash = hash * 33 + (unsigned char)*c;
    for (const char *c = family->version; *c != '\0'; c++)
        hash = hash * 33 + (unsigned char)*c;
    return hash;
}

void client_counts_add(struct client_counts *counts, const uint8_t peer_id[static PEER_ID_LEN]) {
    struct client_family family;
    if (!client_family_read(peer_id, &family)) {
        counts->other++;
        return;
    }
    for (size_t i = hash_family(&family);; i++) {
        struct client_count *place = &counts->list[i % (2 * (size_t)CLIENT_METRICS_MAX)];
        if (place->family.name[0] == '\0' && counts->count == CLIENT_METRICS_MAX) {
            counts->other++;
            return;
        }
        if (place->family.name[0] == '\0') {
            counts->count++;
            *place = (struct client_count){ family, 1 };
            return;
        }
        if (memcmp(&place->family, &family, sizeof family) == 0) {
            place->peers++;
            return;
        }
    }
}

static int compare_counts(const void *a, const void *b) {
    const struct client_count *one = a;
    const struct client_count *other = b;
    if (one->peers != other->peers)
        return one->peers > other->peers ? -1 : 1;
    return memcmp(&one->family, &other->family, sizeof one->family);
}

size_t client_counts_top(struct client_counts *counts,
                         struct client_count top[static CLIENT_METRICS_SHOWN], uint64_t *other) {
    const size_t size = sizeof counts->list / sizeof counts->list[0];
    qsort(counts->list, size, sizeof counts->list[0], compare_counts);
    const size_t count =
        counts->count < CLIENT_METRICS_SHOWN ? counts->count : CLIENT_METRICS_SHOWN;
    memcpy(top, counts->list, count * sizeof *top);
    *other = counts->other;
    for (size_t i = count; i < size; i++)
        *other += counts->list[i].peers;
    return count;
}

static void read_peers(void *context, const struct peer_stats *peers, size_t count) {
    for (size_t i = 0; i < count; i++)
        client_counts_add(context, peers[i].peer_id);
}

static void count_clients(struct client_metrics *metrics, uint64_t now_ms) {
    struct client_count top[CLIENT_METRICS_SHOWN];
    uint64_t other;
    struct client_counts *counts = calloc(1, sizeof *counts);
    if (counts == NULL || !swarm_snapshot_all_peers(metrics->tracker, now_ms, read_peers, counts)) {
        free(counts);
        return;
    }
    const size_t count = client_counts_top(counts, top, &other);
    free(counts);
    pthread_mutex_lock(&metrics->lock);
    metrics->count = count;
    memcpy(metrics->top, top, count * sizeof *top);
    metrics->other = other;
    pthread_mutex_unlock(&metrics->lock);
}

static void on_tick(void *context) {
    struct client_metrics *metrics = context;
    const uint64_t began_ms = clock_now_ms();
    if (began_ms < metrics->next_ms || !atomic_exchange(&metrics->wanted, false))
        return;
    count_clients(metrics, began_ms);
    metrics->next_ms = began_ms + REST_FACTOR * (clock_now_ms() - began_ms);
}

struct client_metrics *client_metrics_start(struct tracker *tracker) {
    struct client_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL)
        return NULL;
    metrics->tracker = tracker;
    pthread_mutex_init(&metrics->lock, NULL);
    metrics->ticker = ticker_start("client metrics", PERIOD_MS, on_tick, metrics);
    if (metrics->ticker != NULL)
        return metrics;
    client_metrics_stop(metrics);
    return NULL;
}

void client_metrics_stop(struct client_metrics *metrics) {
    if (metrics == NULL)
        return;
    ticker_stop(metrics->ticker);
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

void client_metrics_write(struct client_metrics *metrics, struct writer *w) {
    const char *name = "skep_client_peers";
    atomic_store(&metrics->wanted, true);
    metrics_text_family(w, name, METRIC_GAUGE,
                        "Peers of the most frequent clients, by name and major version; counted "
                        "after the previous scrape.");
    pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < metrics->count; i++)
        metrics_text_value(w, name,
                           METRIC_LABELS({ "client", metrics->top[i].family.name },
                                         { "version", metrics->top[i].family.version }),
                           (double)metrics->top[i].peers);
    metrics_text_value(w, name, METRIC_LABELS({ "client", "other" }, { "version", "" }),
                       (double)metrics->other);
    pthread_mutex_unlock(&metrics->lock);
}
