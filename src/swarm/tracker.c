#include "swarm/tracker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "swarm/tracker_state.h"

static void publish_load_options(struct tracker *tracker, const struct tracker_options *options) {
    atomic_store_explicit(&tracker->interval_min_s, options->interval_min_s, memory_order_relaxed);
    atomic_store_explicit(&tracker->interval_max_s, options->interval_max_s, memory_order_relaxed);
    atomic_store_explicit(&tracker->announces_per_s, options->announces_per_s,
                          memory_order_relaxed);
}

struct tracker *tracker_create(const struct tracker_options *options, size_t feed_capacity) {
    struct tracker *tracker = calloc(1, sizeof *tracker);
    if (tracker == NULL)
        return NULL;
    tracker->table = swarm_table_create(feed_capacity);
    if (tracker->table != NULL && tracker_apply(tracker, options))
        return tracker;
    tracker_delete(tracker);
    return NULL;
}

void tracker_delete(struct tracker *tracker) {
    if (tracker == NULL)
        return;
    swarm_table_delete(tracker->table);
    feed_free(&tracker->taken);
    free(tracker->options);
    free(tracker);
}

/* Options are read under a shard's lock only, so that nobody has the old ones any more when the
 * last shard has the new. */
bool tracker_apply(struct tracker *tracker, const struct tracker_options *options) {
    assert(options->numwant_max <= NUMWANT_LIMIT);
    struct tracker_options *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return false;
    *copy = *options;
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        shard->options = copy;
        pthread_mutex_unlock(&shard->lock);
    }
    free(tracker->options);
    tracker->options = copy;
    publish_load_options(tracker, copy);
    return true;
}

uint32_t tracker_interval_s(const struct tracker *tracker) {
    const uint32_t shortest = counter_read(&tracker->interval_min_s);
    const uint32_t longest = counter_read(&tracker->interval_max_s);
    const uint32_t wanted = counter_read(&tracker->peers) / counter_read(&tracker->announces_per_s);
    if (wanted < shortest)
        return shortest;
    return wanted > longest ? longest : wanted;
}

/* Up to a tenth more than the load asks for, so that a herd spreads out; never past the bounds. */
static uint32_t told_interval_s(const struct tracker *tracker, struct random *random) {
    const uint32_t base = tracker_interval_s(tracker);
    const uint32_t shortest = counter_read(&tracker->interval_min_s);
    const uint32_t longest = counter_read(&tracker->interval_max_s);
    uint32_t spread = base / 10;
    if (longest < shortest + spread)
        spread = longest > shortest ? longest - shortest : 0;
    const uint32_t lowest = base + spread > longest ? longest - spread : base;
    return lowest + random_below(random, spread + 1);
}

static struct endpoint known_address(const struct tracker_options *options,
                                     const struct announce_request *request) {
    if (request->claimed.family == FAMILY_NONE || options->trust.count == 0 ||
        !networks_contain(&options->trust, &request->peer))
        return request->peer;
    struct endpoint claimed = request->claimed;
    endpoint_set_port(&claimed, endpoint_port(&request->peer));
    return claimed;
}

enum announce_result tracker_find_or_add(struct tracker *tracker, struct shard *shard,
                                         const uint8_t *info_hash, uint64_t hash, uint32_t now_s,
                                         struct swarm **swarm) {
    *swarm = shard_find(shard, info_hash, hash);
    if (*swarm != NULL)
        return ANNOUNCE_OK;
    if (counter_read(&tracker->torrents) >= shard->options->torrents_max)
        return ANNOUNCE_TORRENTS_FULL;
    *swarm = shard_add(shard, &tracker->table->key, info_hash, hash, now_s);
    if (*swarm == NULL)
        return ANNOUNCE_NO_MEMORY;
    counter_add(&tracker->torrents, 1);
    return ANNOUNCE_OK;
}

static uint32_t wanted_peers(const struct tracker_options *options,
                             const struct announce_request *request,
                             const struct announce_response *response) {
    uint32_t want = request->numwant < 0 ? options->numwant : (uint32_t)request->numwant;
    if (want > options->numwant_max)
        want = options->numwant_max;
    return want < response->peers_max ? want : response->peers_max;
}

static void pick(const struct tracker_options *options, struct shard *shard, struct swarm *swarm,
                 const struct announce_request *request, bool on_lan, uint32_t position,
                 struct announce_response *response) {
    const struct endpoint *external =
        response->family == FAMILY_V6 ? &options->external_v6 : &options->external_v4;
    const bool substitute = !on_lan && external->family != FAMILY_NONE;
    const struct peer_filter filter = {
        .self = position,
        .leechers_only = request->left == 0 || request->event == EVENT_PAUSED,
        .outside_only = !on_lan && !substitute,
    };
    response->peer_count =
        peer_list_pick(swarm_list(swarm, response->family), &shard->random, &filter,
                       wanted_peers(options, request, response), substitute ? external->wire : NULL,
                       response->peers, response->peer_ids);
}

static void fill_counts(const struct swarm *swarm, struct announce_response *response) {
    response->seeders = swarm == NULL ? 0 : swarm_seeders(swarm);
    response->leechers = swarm == NULL ? 0 : swarm_leechers(swarm);
    response->downloaded = swarm == NULL ? 0 : swarm->downloaded;
}

static enum announce_result stop(struct tracker *tracker, struct shard *shard, uint64_t hash,
                                 const struct announce_request *request, uint32_t now_s,
                                 struct announce_response *response) {
    struct swarm *swarm = shard_find(shard, request->info_hash, hash);
    if (swarm != NULL) {
        const uint32_t before = swarm_peers(swarm);
        swarm_drop(swarm, &shard->feed, request, &response->asker, now_s);
        counter_add(&tracker->peers, swarm_peers(swarm) - before);
    }
    fill_counts(swarm, response);
    return ANNOUNCE_OK;
}

static enum announce_result put(struct tracker *tracker, struct shard *shard, uint64_t hash,
                                const struct announce_request *request, uint32_t now_s,
                                struct announce_response *response) {
    const struct tracker_options *options = shard->options;
    struct swarm *swarm;
    enum announce_result result =
        tracker_find_or_add(tracker, shard, request->info_hash, hash, now_s, &swarm);
    if (result != ANNOUNCE_OK)
        return result;

    const struct peer_put put = {
        .request = request,
        .peer = response->asker,
        .on_lan = networks_contain(&options->lan, &response->asker),
        .ttl_s = (uint16_t)(2 * response->interval_s),
        .now_s = now_s,
        .peers_max = options->torrent_peers_max,
    };
    if (counter_read(&tracker->peers) >= options->peers_max && !swarm_knows(swarm, &put))
        return ANNOUNCE_PEERS_FULL;
    const uint32_t before = swarm_peers(swarm);
    uint32_t position;
    result = swarm_put(swarm, &shard->feed, &put, &position);
    counter_add(&tracker->peers, swarm_peers(swarm) - before);
    if (result != ANNOUNCE_OK)
        return result;
    pick(options, shard, swarm, request, put.on_lan, position, response);
    fill_counts(swarm, response);
    return ANNOUNCE_OK;
}

enum announce_result tracker_announce(struct tracker *tracker,
                                      const struct announce_request *request, uint64_t now_ms,
                                      struct announce_response *response) {
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, request->info_hash, &hash);
    response->interval_s = told_interval_s(tracker, &shard->random);
    response->min_interval_s = response->interval_s / 2;
    response->asker = known_address(shard->options, request);
    response->family = response->asker.family;
    response->peer_count = 0;
    const enum announce_result result =
        request->event == EVENT_STOPPED
            ? stop(tracker, shard, hash, request, tracker_seconds(now_ms), response)
            : put(tracker, shard, hash, request, tracker_seconds(now_ms), response);
    swarm_table_unlock(shard);
    return result;
}

struct scrape_entry tracker_scrape(struct tracker *tracker,
                                   const uint8_t info_hash[static INFO_HASH_LEN]) {
    struct scrape_entry entry = { 0 };
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, info_hash, &hash);
    const struct swarm *swarm = shard_find(shard, info_hash, hash);
    if (swarm != NULL) {
        entry.seeders = swarm_seeders(swarm);
        entry.leechers = swarm_leechers(swarm);
        entry.downloaders = entry.leechers - swarm->paused;
        entry.downloaded = swarm->downloaded;
    }
    swarm_table_unlock(shard);
    return entry;
}

struct tracker_stats tracker_stats(const struct tracker *tracker) {
    return (struct tracker_stats){
        .torrents = counter_read(&tracker->torrents),
        .peers = counter_read(&tracker->peers),
    };
}
