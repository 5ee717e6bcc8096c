#include "swarm/tracker.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "swarm/swarm_table.h"

enum {
    SWEEP_BUDGET = 4096, /* work for one hold of a shard's lock: see sweep_some */
    SWEEP_PEERS_A_UNIT = 64,
    SWEEP_EXPIRED_MAX = 512,
};

struct tracker {
    struct swarm_table *table;
    struct tracker_options options; /* read under any shard's lock, written under all */
    struct feed taken;              /* the draining thread's */
    _Atomic uint32_t peers;
    _Atomic uint32_t torrents;
    _Atomic uint32_t interval_min_s; /* these three repeat the options for readers without a lock */
    _Atomic uint32_t interval_max_s;
    _Atomic uint32_t announces_per_s;
};

static uint32_t seconds(uint64_t now_ms) {
    return (uint32_t)(now_ms / 1000);
}

static uint32_t read_relaxed(const _Atomic uint32_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void add_relaxed(_Atomic uint32_t *value, uint32_t difference) {
    if (difference != 0)
        atomic_fetch_add_explicit(value, difference, memory_order_relaxed);
}

static void take_options(struct tracker *tracker, const struct tracker_options *options) {
    assert(options->numwant_max <= NUMWANT_LIMIT);
    tracker->options = *options;
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
    if (tracker->table == NULL) {
        free(tracker);
        return NULL;
    }
    take_options(tracker, options);
    return tracker;
}

void tracker_delete(struct tracker *tracker) {
    if (tracker == NULL)
        return;
    swarm_table_delete(tracker->table);
    feed_free(&tracker->taken);
    free(tracker);
}

void tracker_apply(struct tracker *tracker, const struct tracker_options *options) {
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_lock(&tracker->table->shards[i].lock);
    take_options(tracker, options);
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_unlock(&tracker->table->shards[i].lock);
}

uint32_t tracker_interval_s(const struct tracker *tracker) {
    const uint32_t shortest = read_relaxed(&tracker->interval_min_s);
    const uint32_t longest = read_relaxed(&tracker->interval_max_s);
    const uint32_t wanted = read_relaxed(&tracker->peers) / read_relaxed(&tracker->announces_per_s);
    if (wanted < shortest)
        return shortest;
    return wanted > longest ? longest : wanted;
}

/* Up to a tenth more than the load asks for, so that a herd spreads out; never past the bounds. */
static uint32_t told_interval_s(const struct tracker *tracker, struct random *random) {
    const uint32_t base = tracker_interval_s(tracker);
    const uint32_t shortest = read_relaxed(&tracker->interval_min_s);
    const uint32_t longest = read_relaxed(&tracker->interval_max_s);
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

static enum announce_result find_or_add(struct tracker *tracker, struct shard *shard,
                                        const uint8_t *info_hash, uint64_t hash, uint32_t now_s,
                                        struct swarm **swarm) {
    *swarm = shard_find(shard, info_hash, hash);
    if (*swarm != NULL)
        return ANNOUNCE_OK;
    if (read_relaxed(&tracker->torrents) >= tracker->options.torrents_max)
        return ANNOUNCE_TORRENTS_FULL;
    *swarm = shard_add(shard, &tracker->table->key, info_hash, hash, now_s);
    if (*swarm == NULL)
        return ANNOUNCE_NO_MEMORY;
    add_relaxed(&tracker->torrents, 1);
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
        add_relaxed(&tracker->peers, swarm_peers(swarm) - before);
    }
    fill_counts(swarm, response);
    return ANNOUNCE_OK;
}

static enum announce_result put(struct tracker *tracker, struct shard *shard, uint64_t hash,
                                const struct announce_request *request, uint32_t now_s,
                                struct announce_response *response) {
    const struct tracker_options *options = &tracker->options;
    struct swarm *swarm;
    enum announce_result result =
        find_or_add(tracker, shard, request->info_hash, hash, now_s, &swarm);
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
    const bool full = read_relaxed(&tracker->peers) >= options->peers_max;
    if (full && peer_list_find(swarm_list(swarm, put.peer.family), put.peer.wire) == PEER_NOWHERE)
        return ANNOUNCE_PEERS_FULL;
    const uint32_t before = swarm_peers(swarm);
    uint32_t position;
    result = swarm_put(swarm, &shard->feed, &put, &position);
    add_relaxed(&tracker->peers, swarm_peers(swarm) - before);
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
    response->asker = known_address(&tracker->options, request);
    response->family = response->asker.family;
    response->peer_count = 0;
    const enum announce_result result =
        request->event == EVENT_STOPPED
            ? stop(tracker, shard, hash, request, seconds(now_ms), response)
            : put(tracker, shard, hash, request, seconds(now_ms), response);
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
        .torrents = read_relaxed(&tracker->torrents),
        .peers = read_relaxed(&tracker->peers),
    };
}

static bool forgettable(const struct tracker *tracker, const struct swarm *swarm, uint32_t now_s) {
    return swarm_peers(swarm) == 0 &&
           (swarm->downloaded == 0 ||
            now_s - swarm->idle_since_s >= tracker->options.idle_torrent_s);
}

static void forget(struct tracker *tracker, struct shard *shard, uint32_t slot) {
    struct change change = { .kind = CHANGE_TORRENT_FORGOTTEN };
    memcpy(change.info_hash, shard->slots[slot].swarm->info_hash, INFO_HASH_LEN);
    feed_push(&shard->feed, &change);
    shard_remove_at(shard, slot);
    add_relaxed(&tracker->torrents, UINT32_MAX);
}

/* Sweeps on from `*slot` until the shard's end or until enough was done for one hold of its lock.
 */
static uint32_t sweep_some(struct tracker *tracker, struct shard *shard, uint32_t *slot,
                           uint32_t now_s) {
    uint32_t expired = 0;
    uint32_t work = 0;
    while (*slot <= shard->slot_mask && work < SWEEP_BUDGET) {
        struct swarm *swarm = shard->slots[*slot].swarm;
        work++;
        if (swarm == NULL) {
            ++*slot;
            continue;
        }
        work += swarm_peers(swarm) / SWEEP_PEERS_A_UNIT;
        const uint32_t gone = swarm_expire(swarm, &shard->feed, now_s, SWEEP_EXPIRED_MAX);
        work += gone * (SWEEP_BUDGET / SWEEP_EXPIRED_MAX);
        expired += gone;
        if (gone == SWEEP_EXPIRED_MAX)
            continue;
        if (forgettable(tracker, swarm, now_s))
            forget(tracker, shard, *slot);
        else
            ++*slot;
    }
    return expired;
}

static uint32_t sweep_shard(struct tracker *tracker, struct shard *shard, uint32_t now_s) {
    uint32_t expired = 0;
    uint32_t slot = 0;
    bool more = true;
    while (more) {
        pthread_mutex_lock(&shard->lock);
        const uint32_t gone = sweep_some(tracker, shard, &slot, now_s);
        more = slot <= shard->slot_mask;
        pthread_mutex_unlock(&shard->lock);
        add_relaxed(&tracker->peers, 0U - gone);
        expired += gone;
    }
    return expired;
}

uint32_t tracker_sweep(struct tracker *tracker, uint32_t first, uint32_t shards, uint64_t now_ms) {
    uint32_t expired = 0;
    for (uint32_t i = 0; i < shards; i++)
        expired +=
            sweep_shard(tracker, &tracker->table->shards[(first + i) % SHARDS], seconds(now_ms));
    return expired;
}

bool tracker_drain(struct tracker *tracker, change_reader read, void *context) {
    bool complete = true;
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        feed_take(&shard->feed, &tracker->taken);
        pthread_mutex_unlock(&shard->lock);
        complete = complete && !tracker->taken.overflowed;
        if (tracker->taken.count > 0)
            read(context, tracker->taken.changes, tracker->taken.count);
        tracker->taken.count = 0;
    }
    return complete;
}

static struct change describe_torrent(const struct swarm *swarm) {
    struct change change = { .kind = CHANGE_TORRENT, .downloaded = swarm->downloaded };
    memcpy(change.info_hash, swarm->info_hash, INFO_HASH_LEN);
    return change;
}

static void push_list(struct feed *all, const struct swarm *swarm, const struct peer_list *list) {
    for (uint32_t i = 0; i < peer_list_count(list); i++) {
        const struct change change = swarm_describe(swarm, list, i, CHANGE_PEER_JOINED);
        feed_push(all, &change);
    }
}

static void push_shard(struct feed *all, const struct shard *shard) {
    for (uint32_t i = 0; i <= shard->slot_mask; i++) {
        const struct swarm *swarm = shard->slots[i].swarm;
        if (swarm == NULL)
            continue;
        const struct change torrent = describe_torrent(swarm);
        feed_push(all, &torrent);
        push_list(all, swarm, &swarm->v4);
        push_list(all, swarm, &swarm->v6);
    }
}

bool tracker_replay(struct tracker *tracker, change_reader read, void *context) {
    struct feed all;
    feed_init(&all, SIZE_MAX);
    for (int i = 0; i < SHARDS && !all.overflowed; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        push_shard(&all, shard);
        pthread_mutex_unlock(&shard->lock);
        read(context, all.changes, all.count);
        all.count = 0;
    }
    const bool complete = !all.overflowed;
    feed_free(&all);
    return complete;
}

bool tracker_restore(struct tracker *tracker, const struct change *change, uint64_t now_ms) {
    const uint32_t now_s = seconds(now_ms);
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, change->info_hash, &hash);
    const struct tracker_options *options = &tracker->options;
    struct swarm *swarm;
    enum announce_result result =
        find_or_add(tracker, shard, change->info_hash, hash, now_s, &swarm);
    if (result == ANNOUNCE_OK && change->peer.family == FAMILY_NONE) {
        swarm->downloaded = change->downloaded;
    } else if (result == ANNOUNCE_OK && read_relaxed(&tracker->peers) < options->peers_max) {
        const uint32_t before = swarm_peers(swarm);
        if (!swarm_restore(swarm, change, networks_contain(&options->lan, &change->peer), now_s,
                           (uint16_t)options->interval_max_s))
            result = ANNOUNCE_NO_MEMORY;
        add_relaxed(&tracker->peers, swarm_peers(swarm) - before);
    }
    swarm_table_unlock(shard);
    return result != ANNOUNCE_NO_MEMORY;
}

void tracker_grace(struct tracker *tracker, uint64_t now_ms) {
    const uint32_t base = tracker_interval_s(tracker);
    const uint32_t deadline_s = seconds(now_ms) + base + base / 10 + 1;
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        for (uint32_t slot = 0; slot <= shard->slot_mask; slot++) {
            struct swarm *swarm = shard->slots[slot].swarm;
            if (swarm == NULL)
                continue;
            peer_list_set_deadlines(&swarm->v4, deadline_s);
            peer_list_set_deadlines(&swarm->v6, deadline_s);
        }
        pthread_mutex_unlock(&shard->lock);
    }
}
