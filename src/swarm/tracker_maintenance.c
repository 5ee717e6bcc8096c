/* Everything but announces and scrapes: sweep, drain of the feed, dump and restore. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "swarm/idle_torrents.h"
#include "swarm/join_limits.h"
#include "swarm/tracker.h"
#include "swarm/tracker_state.h"

enum {
    SWEEP_BUDGET = 4096, /* units of work under one hold of a shard's lock: see sweep_some */
    SWEEP_PEERS_A_UNIT = 64,
    SWEEP_EXPIRED_MAX = 128, /* a removal reads about ten cache lines that no other needs */
    PURGE_VISITS = 4096,     /* peers, under one hold of a shard's lock */
    PURGE_PASSES = 4,
    TAKEN_KEPT_MAX = 64, /* changes; per shard, between two drains */
    DUMP_STEP = 512,     /* changes copied under one hold of a shard's lock */
    DUMP_VISITS = 8192,  /* peers visited under it */
    EXTEND_VISITS = 32768,
};

static void forget_torrent(struct tracker *tracker, struct shard *shard, uint32_t slot) {
    struct change change = { .kind = CHANGE_TORRENT_FORGOTTEN };
    memcpy(change.info_hash, shard->slots[slot].swarm->info_hash, INFO_HASH_LEN);
    change_feed_push(&shard->feed, &change);
    tally_add(&tracker->memory, 0 - (uint64_t)swarm_memory(shard->slots[slot].swarm));
    idle_torrents_release(tracker, shard->slots[slot].swarm);
    shard_remove_at(shard, slot);
    counter_add(&tracker->torrents, UINT32_MAX);
}

static uint32_t lesser(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* Where the next step of a sweep begins in its shard. */
struct shard_sweep {
    uint32_t slot;
    uint32_t at; /* peer of its swarm: see swarm_expire */
};

/* Sweeps until the shard ends or SWEEP_BUDGET is used up. */
static uint32_t sweep_some(struct tracker *tracker, struct shard *shard, struct shard_sweep *sweep,
                           uint32_t now_s) {
    const uint32_t expire_s = shard->options->cluster
                                  ? lesser(now_s, tracker_seconds(tally_read(&tracker->merged_ms)))
                                  : now_s;
    uint32_t expired = 0;
    uint32_t work = 0;
    while (sweep->slot <= shard->slot_mask && work < SWEEP_BUDGET) {
        struct swarm *swarm = shard->slots[sweep->slot].swarm;
        work++;
        if (swarm == NULL) {
            *sweep = (struct shard_sweep){ .slot = sweep->slot + 1 };
            continue;
        }
        work += swarm_peers(swarm) / SWEEP_PEERS_A_UNIT;
        const size_t memory = swarm_memory(swarm);
        const uint32_t peers = swarm_peers(swarm);
        const uint32_t gone =
            swarm_expire(swarm, &shard->outputs, expire_s, SWEEP_EXPIRED_MAX, &sweep->at);
        tally_add(&tracker->memory, swarm_memory(swarm) - memory);
        idle_torrents_update(tracker, shard->options, swarm, peers);
        work += gone * (SWEEP_BUDGET / SWEEP_EXPIRED_MAX);
        expired += gone;
        if (sweep->at != UINT32_MAX)
            continue;
        sweep->at = 0;
        if (idle_torrents_can_forget(tracker, shard->options, swarm, now_s)) {
            forget_torrent(tracker, shard, sweep->slot);
            continue;
        }
        idle_torrents_measure(tracker, swarm);
        sweep->slot++;
    }
    return expired;
}

static void age_completions(struct tracker *tracker, struct shard *shard, uint32_t now_s) {
    completion_set_age(&shard->completions, now_s, shard->options->interval_max_s);
    const size_t memory = completion_set_memory(&shard->completions);
    tally_add(&tracker->memory, memory - shard->completions_memory);
    shard->completions_memory = memory;
}

static uint32_t sweep_shard(struct tracker *tracker, struct shard *shard, uint32_t now_s,
                            sweep_step step, void *context) {
    uint32_t expired = 0;
    struct shard_sweep sweep = { .slot = 0 };
    pthread_mutex_lock(&shard->lock);
    for (;;) {
        const uint32_t gone = sweep_some(tracker, shard, &sweep, now_s);
        counter_add(&tracker->peers, 0U - gone);
        expired += gone;
        if (sweep.slot > shard->slot_mask)
            break;
        shard_yield(shard);
        if (step != NULL)
            step(context);
        pthread_mutex_lock(&shard->lock);
    }
    age_completions(tracker, shard, now_s);
    pthread_mutex_unlock(&shard->lock);
    return expired;
}

static uint32_t read_torrents_max(struct shard *shard) {
    pthread_mutex_lock(&shard->lock);
    const uint32_t torrents_max = shard->options->torrents_max;
    pthread_mutex_unlock(&shard->lock);
    return torrents_max;
}

uint32_t tracker_sweep(struct tracker *tracker, uint32_t first, uint32_t shards, uint64_t now_ms) {
    return tracker_sweep_in_steps(tracker, first, shards, now_ms, NULL, NULL);
}

uint32_t tracker_sweep_in_steps(struct tracker *tracker, uint32_t first, uint32_t shards,
                                uint64_t now_ms, sweep_step step, void *context) {
    const uint32_t now_s = tracker_seconds(now_ms);
    uint32_t expired = 0;
    for (uint32_t i = 0; i < shards; i++) {
        const uint32_t number = (first + i) % SHARDS;
        struct shard *shard = &tracker->table->shards[number];
        if (number == 0)
            idle_torrents_begin_round(tracker, now_s);
        expired += sweep_shard(tracker, shard, now_s, step, context);
        if (number == SHARDS - 1)
            idle_torrents_end_round(tracker, read_torrents_max(shard));
    }
    return expired;
}

/* A pass over peers that may have lost their access. */
struct purge_pass {
    struct tracker *tracker;
    const struct shard *shard;
    bool allowed; /* the torrent that is visited */
    bool unknown_passkeys;
    uint32_t now_s;
    uint32_t removed;
};

static bool peer_stays(void *context, const struct endpoint *peer, const struct peer_record *record,
                       uint64_t passkey_tag) {
    const struct purge_pass *pass = context;
    const struct access *access = pass->shard->access;
    if (!pass->allowed ||
        (passkey_tag == 0 && pass->unknown_passkeys && access_needs_passkey(access)))
        return false;
    return access_allows_peer(access, pass->tracker->registry, peer, record->peer_id, passkey_tag);
}

/* Visits at most `visits` peers of a swarm, from `*at`; returns the number of visits left. The
 * shard is locked. */
static uint32_t purge_swarm(struct purge_pass *pass, struct shard *shard, struct swarm *swarm,
                            uint32_t *at, uint32_t visits) {
    char detail[REFUSAL_DETAIL_LEN];
    struct tracker *tracker = pass->tracker;
    pass->shard = shard;
    pass->allowed = access_check_torrent(shard->access, tracker->registry, swarm->info_hash,
                                         detail) == ANNOUNCE_OK;
    const struct swarm_filter filter = { .stays = peer_stays, .context = pass };
    const uint32_t most = swarm_peers(swarm) + 1;
    const size_t memory = swarm_memory(swarm);
    const uint32_t removed = swarm_filter(swarm, &shard->outputs, &filter, pass->now_s, at, visits);
    tally_add(&tracker->memory, swarm_memory(swarm) - memory);
    counter_add(&tracker->peers, 0U - removed);
    idle_torrents_update(tracker, shard->options, swarm, most - 1);
    pass->removed += removed;
    return visits > most ? visits - most : 0;
}

static void purge_shard(struct purge_pass *pass, struct shard *shard) {
    uint32_t slot = 0;
    uint32_t at = 0;
    pthread_mutex_lock(&shard->lock);
    for (;;) {
        uint32_t visits = PURGE_VISITS;
        while (slot <= shard->slot_mask && visits > 0) {
            struct swarm *swarm = shard->slots[slot].swarm;
            visits--;
            if (swarm != NULL)
                visits = purge_swarm(pass, shard, swarm, &at, visits);
            if (swarm == NULL || at == UINT32_MAX) {
                at = 0;
                slot++;
            }
        }
        if (slot > shard->slot_mask)
            break;
        shard_yield(shard);
        pthread_mutex_lock(&shard->lock);
    }
    pthread_mutex_unlock(&shard->lock);
}

static void purge_torrent(struct purge_pass *pass, const uint8_t *info_hash) {
    uint32_t at = 0;
    uint64_t hash;
    struct shard *shard = swarm_table_lock(pass->tracker->table, info_hash, &hash);
    struct swarm *swarm;
    while ((swarm = shard_find(shard, info_hash, hash)) != NULL) {
        (void)purge_swarm(pass, shard, swarm, &at, PURGE_VISITS);
        if (at == UINT32_MAX)
            break;
        shard_yield(shard);
        pthread_mutex_lock(&shard->lock);
    }
    swarm_table_unlock(shard);
}

/* Peers that change places while the lock is released may be missed, so that another pass follows
 * until one has found nothing. */
void tracker_purge_all(struct tracker *tracker, bool unknown_passkeys, uint64_t now_ms) {
    uint32_t removed = 1;
    for (int i = 0; i < PURGE_PASSES && removed > 0; i++) {
        struct purge_pass pass = { .tracker = tracker,
                                   .unknown_passkeys = unknown_passkeys,
                                   .now_s = tracker_seconds(now_ms) };
        for (int at = 0; at < SHARDS; at++)
            purge_shard(&pass, &tracker->table->shards[at]);
        removed = pass.removed;
    }
}

void tracker_purge(struct tracker *tracker, uint64_t now_ms) {
    struct registry_purge purge;
    if (!registry_take_purge(tracker->registry, &purge))
        return;
    struct purge_pass pass = { .tracker = tracker, .now_s = tracker_seconds(now_ms) };
    for (size_t i = 0; i < purge.torrent_count && !purge.everything; i++)
        purge_torrent(&pass, purge.torrents[i]);
    if (purge.everything)
        tracker_purge_all(tracker, false, now_ms);
}

uint64_t tracker_take_refused(struct tracker *tracker, refused_clients_reader read, void *context) {
    uint64_t refused = 0;
    for (int i = 0; i < ANNOUNCE_RESULTS; i++)
        refused += tally_read(&tracker->refused[i]);
    if (refused == tracker->refused_taken)
        return refused;
    tracker->refused_taken = refused;
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        const struct refused_clients taken = shard->refused;
        shard->refused.count = 0;
        pthread_mutex_unlock(&shard->lock);
        if (taken.count > 0)
            read(context, taken.list, taken.count);
    }
    return refused;
}

bool tracker_drain(struct tracker *tracker, change_reader read, void *context) {
    bool complete = true;
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        change_feed_take(&shard->feed, &tracker->taken);
        pthread_mutex_unlock(&shard->lock);
        complete = complete && !tracker->taken.overflowed;
        if (tracker->taken.count > 0)
            read(context, tracker->taken.changes, tracker->taken.count);
        tracker->taken.count = 0;
        /* Frees the memory of a burst. */
        if (tracker->taken.allocated > TAKEN_KEPT_MAX)
            change_feed_free(&tracker->taken);
    }
    return complete;
}

struct hash_list {
    uint8_t (*hashes)[INFO_HASH_LEN];
    size_t count;
    size_t capacity;
};

static bool collect_shard(const struct shard *shard, struct hash_list *list) {
    uint8_t(*hashes)[INFO_HASH_LEN] =
        array_grow(list->hashes, &list->capacity, list->count + shard->count + 1, INFO_HASH_LEN);
    if (hashes == NULL)
        return false;
    list->hashes = hashes;
    for (uint32_t i = 0; i <= shard->slot_mask; i++) {
        if (shard->slots[i].swarm != NULL)
            memcpy(hashes[list->count++], shard->slots[i].swarm->info_hash, INFO_HASH_LEN);
    }
    return true;
}

/* A copy of swarms, made in steps that hold their shard's lock for a short time. */
struct swarm_copy {
    struct shard *shard; /* locked, except between two steps */
    struct change_feed *all;
    uint64_t node; /* of a cluster */
    uint32_t now_s;
    uint32_t visits; /* left in this step */
    size_t count;    /* changes of this step */
    struct change changes[DUMP_STEP];
};

/* Appends the changes of the step while the shard is unlocked: this may copy all of them. */
static void end_copy_step(struct swarm_copy *copy) {
    shard_yield(copy->shard);
    for (size_t i = 0; i < copy->count; i++)
        change_feed_push(copy->all, &copy->changes[i]);
    copy->count = 0;
    copy->visits = DUMP_VISITS;
}

static bool step_has_room(const struct swarm_copy *copy) {
    return copy->count < DUMP_STEP && copy->visits > 0;
}

static void mark_merged(struct swarm_copy *copy, size_t from) {
    for (size_t i = from; i < copy->count; i++) {
        struct change *change = &copy->changes[i];
        if (change->stamp != 0 && !stamp_is_of(change->stamp, copy->node))
            change->origin = ORIGIN_MERGED;
    }
}

/* The swarm may be forgotten between two steps. */
static void copy_swarm(struct swarm_copy *copy, const uint8_t *info_hash, uint64_t hash) {
    struct swarm *swarm = shard_find(copy->shard, info_hash, hash);
    if (swarm == NULL)
        return;
    copy->changes[copy->count++] = swarm_describe_torrent(swarm, copy->now_s);
    struct swarm_walk walk = swarm_begin_walk(swarm);
    while (swarm != NULL && walk.family != FAMILY_NONE) {
        const size_t from = copy->count;
        copy->count += swarm_walk(swarm, &walk, copy->now_s, copy->changes + from, DUMP_STEP - from,
                                  &copy->visits);
        mark_merged(copy, from);
        if (step_has_room(copy))
            continue;
        end_copy_step(copy);
        pthread_mutex_lock(&copy->shard->lock);
        swarm = shard_find(copy->shard, info_hash, hash);
    }
}

/* Copies these torrents of one shard. Walks mark the peers, so there is one at a time. */
static void copy_swarms(struct tracker *tracker, struct shard *shard, struct change_feed *all,
                        uint8_t (*hashes)[INFO_HASH_LEN], size_t count, uint32_t now_s) {
    struct swarm_copy copy = {
        .shard = shard,
        .all = all,
        .node = tally_read(&tracker->node),
        .now_s = now_s,
        .visits = DUMP_VISITS,
    };
    pthread_mutex_lock(&tracker->walk_lock);
    pthread_mutex_lock(&shard->lock);
    for (size_t i = 0; i < count; i++) {
        uint64_t hash;
        (void)swarm_table_shard(tracker->table, hashes[i], &hash);
        copy_swarm(&copy, hashes[i], hash);
        if (step_has_room(&copy))
            continue;
        end_copy_step(&copy);
        pthread_mutex_lock(&shard->lock);
    }
    end_copy_step(&copy);
    pthread_mutex_unlock(&tracker->walk_lock);
}

static bool copy_shard(struct tracker *tracker, struct shard *shard, struct change_feed *all,
                       uint32_t now_s) {
    struct hash_list list = { 0 };
    pthread_mutex_lock(&shard->lock);
    const bool good = collect_shard(shard, &list);
    pthread_mutex_unlock(&shard->lock);
    if (good && list.count > 0)
        copy_swarms(tracker, shard, all, list.hashes, list.count, now_s);
    free(list.hashes);
    return good;
}

bool tracker_dump(struct tracker *tracker, uint32_t first, uint32_t shards, uint64_t now_ms,
                  change_reader read, void *context) {
    struct change_feed all;
    bool complete = true;
    change_feed_init(&all, SIZE_MAX);
    for (uint32_t i = 0; i < shards && complete; i++) {
        struct shard *shard = &tracker->table->shards[(first + i) % SHARDS];
        complete = copy_shard(tracker, shard, &all, tracker_seconds(now_ms)) && !all.overflowed;
        if (complete)
            read(context, all.changes, all.count);
        all.count = 0;
    }
    change_feed_free(&all);
    return complete;
}

bool tracker_dump_torrent(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN],
                          uint64_t now_ms, change_reader read, void *context) {
    struct change_feed all;
    struct change lost = { .kind = CHANGE_TORRENT_LOST };
    uint8_t hashes[1][INFO_HASH_LEN];
    uint64_t hash;
    memcpy(lost.info_hash, info_hash, INFO_HASH_LEN);
    memcpy(hashes[0], info_hash, INFO_HASH_LEN);
    change_feed_init(&all, SIZE_MAX);
    change_feed_push(&all, &lost);
    struct shard *shard = swarm_table_shard(tracker->table, info_hash, &hash);
    copy_swarms(tracker, shard, &all, hashes, 1, tracker_seconds(now_ms));
    const bool complete = !all.overflowed;
    if (complete)
        read(context, all.changes, all.count);
    change_feed_free(&all);
    return complete;
}

/* False if out of memory. */
static bool restore_change(struct tracker *tracker, struct shard *shard, struct swarm *swarm,
                           const struct change *change, uint32_t now_s) {
    const struct tracker_options *options = shard->options;
    if (change->peer.family == FAMILY_NONE) {
        swarm->downloaded = change->downloaded;
        swarm->idle_since_s = now_s - change->age_s;
        return true;
    }
    const uint32_t before = swarm_peers(swarm);
    if (counter_read(&tracker->peers) >= options->peers_max || before >= options->torrent_peers_max)
        return true;
    const bool good = swarm_restore(swarm, &shard->outputs, change,
                                    networks_contain(&options->lan, &change->peer),
                                    options->cluster, now_s, (uint16_t)options->interval_max_s);
    counter_add(&tracker->peers, swarm_peers(swarm) - before);
    return good;
}

static bool restore_changes(struct tracker *tracker, struct shard *shard, struct swarm *swarm,
                            const struct change *changes, size_t count, uint32_t now_s) {
    const size_t memory = swarm_memory(swarm);
    bool good = true;
    swarm_expect(swarm, changes, count);
    for (size_t i = 0; good && i < count; i++)
        good = restore_change(tracker, shard, swarm, &changes[i], now_s);
    swarm_expect(swarm, NULL, 0);
    tally_add(&tracker->memory, swarm_memory(swarm) - memory);
    return good;
}

bool tracker_restore(struct tracker *tracker, const struct change *changes, size_t count,
                     uint64_t now_ms) {
    const uint32_t now_s = tracker_seconds(now_ms);
    uint64_t hash;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].peer.family != FAMILY_NONE)
            address_counts_prefetch(tracker->addresses, &changes[i].peer);
    }
    struct shard *shard = swarm_table_lock(tracker->table, changes->info_hash, &hash);
    struct swarm *swarm = shard_find(shard, changes->info_hash, hash);
    enum announce_result result = ANNOUNCE_OK;
    if (swarm == NULL)
        result = tracker_add_swarm(tracker, shard, changes->info_hash, hash, now_s, &swarm);
    bool good = result != ANNOUNCE_NO_MEMORY;
    if (result == ANNOUNCE_OK)
        good = restore_changes(tracker, shard, swarm, changes, count, now_s);
    swarm_table_unlock(shard);
    return good;
}

/* The swarm may be forgotten between two steps. */
static void extend_swarm(struct shard *shard, const uint8_t *info_hash, uint64_t hash,
                         uint32_t now_s, uint32_t interval_s, uint32_t *visits) {
    struct swarm *swarm = shard_find(shard, info_hash, hash);
    if (swarm == NULL)
        return;
    struct swarm_walk walk = swarm_begin_walk(swarm);
    while (swarm != NULL && walk.family != FAMILY_NONE) {
        swarm_extend_deadlines(swarm, &walk, now_s, interval_s, visits);
        if (*visits > 0)
            continue;
        shard_yield(shard);
        *visits = EXTEND_VISITS;
        pthread_mutex_lock(&shard->lock);
        swarm = shard_find(shard, info_hash, hash);
    }
}

static void extend_shard(struct tracker *tracker, struct shard *shard, uint32_t now_s,
                         uint32_t interval_s) {
    struct hash_list list = { 0 };
    uint32_t visits = EXTEND_VISITS;
    pthread_mutex_lock(&tracker->walk_lock);
    pthread_mutex_lock(&shard->lock);
    if (!shard->options->cluster)
        (void)collect_shard(shard, &list);
    for (size_t i = 0; i < list.count; i++) {
        uint64_t hash;
        (void)swarm_table_shard(tracker->table, list.hashes[i], &hash);
        extend_swarm(shard, list.hashes[i], hash, now_s, interval_s, &visits);
    }
    pthread_mutex_unlock(&shard->lock);
    pthread_mutex_unlock(&tracker->walk_lock);
    free(list.hashes);
}

void tracker_extend_deadlines(struct tracker *tracker, uint64_t now_ms) {
    const uint32_t interval_s = tracker_interval_s(tracker);
    for (int i = 0; i < SHARDS; i++)
        extend_shard(tracker, &tracker->table->shards[i], tracker_seconds(now_ms), interval_s);
}

bool tracker_reserve_memory(struct tracker *tracker, size_t bytes) {
    struct shard *shard = &tracker->table->shards[0];
    pthread_mutex_lock(&shard->lock);
    const uint64_t most = (uint64_t)shard->options->memory_max_mib << 20;
    pthread_mutex_unlock(&shard->lock);
    if (most > 0 && tally_read(&tracker->memory) + bytes > most)
        return false;
    tally_add(&tracker->memory, bytes);
    return true;
}

void tracker_release_memory(struct tracker *tracker, size_t bytes) {
    tally_add(&tracker->memory, 0 - (uint64_t)bytes);
}

static int compare_hashes(const void *a, const void *b) {
    return memcmp(a, b, INFO_HASH_LEN);
}

uint8_t (*tracker_info_hashes(struct tracker *tracker, size_t *count))[INFO_HASH_LEN] {
    struct hash_list list = { 0 };
    bool good = true;
    for (int i = 0; i < SHARDS && good; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        good = collect_shard(shard, &list);
        pthread_mutex_unlock(&shard->lock);
    }
    if (!good) {
        free(list.hashes);
        return NULL;
    }
    qsort(list.hashes, list.count, INFO_HASH_LEN, compare_hashes);
    *count = list.count;
    return list.hashes;
}
