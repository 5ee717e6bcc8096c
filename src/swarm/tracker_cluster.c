#include "swarm/tracker_cluster.h"

#include "swarm/idle_torrents.h"
#include "swarm/join_limits.h"
#include "swarm/stamp.h"
#include "swarm/tracker_state.h"

void tracker_set_cluster(struct tracker *tracker, const struct tracker_cluster *cluster) {
    atomic_store_explicit(&tracker->node, cluster->node, memory_order_relaxed);
    atomic_store_explicit(&tracker->clock_offset_ms, cluster->clock_offset_ms,
                          memory_order_relaxed);
    atomic_store_explicit(&tracker->merged_ms, cluster->merged_ms, memory_order_relaxed);
    atomic_store_explicit(&tracker->current_until_s, tracker_seconds(cluster->current_until_ms),
                          memory_order_relaxed);
    atomic_store_explicit(&tracker->budget_per_s, cluster->budget_per_s, memory_order_relaxed);
}

void tracker_state_draw_stamp(const struct tracker *tracker, struct shard *shard, uint64_t now_ms) {
    const uint64_t stamp = stamp_next(now_ms + tally_read(&tracker->clock_offset_ms),
                                      shard->highest_stamp, tally_read(&tracker->node));
    shard->highest_stamp = stamp;
    shard->outputs.stamping = (struct swarm_stamping){
        .origin = ORIGIN_SENT,
        .stamp = stamp,
        .made_s = tracker_state_made_s(tracker, stamp),
    };
}

static struct swarm_stamping merged_stamping(const struct tracker *tracker, uint64_t stamp) {
    return (struct swarm_stamping){
        .origin = ORIGIN_MERGED,
        .stamp = stamp,
        .made_s = tracker_state_made_s(tracker, stamp),
    };
}

static void end_stamping(struct shard *shard) {
    shard->outputs.stamping = (struct swarm_stamping){ .origin = ORIGIN_NODE };
}

static void note_stamp(struct shard *shard, uint64_t stamp) {
    if (stamp > shard->highest_stamp)
        shard->highest_stamp = stamp;
}

static struct held_peer hold_peer(const struct peer_list *list, uint32_t position) {
    const struct peer_record *record = peer_list_record(list, position);
    struct held_peer held = {
        .stamp = peer_list_word(list, WORD_STAMP, position),
        .state = {
            .key = record->key,
            .left = record->left,
            .uploaded_kib = record->uploaded_kib,
            .downloaded_kib = record->downloaded_kib,
            .passkey_tag = peer_list_word(list, WORD_TAG, position),
            .interval_s = (uint16_t)peer_record_interval_s(record),
            .paused = record->flags & PEER_PAUSED,
            .counted = record->flags & PEER_COMPLETED_COUNTED,
            .own_address = peer_record_owns_address(record),
        },
    };
    memcpy(held.state.peer_id, record->peer_id, PEER_ID_LEN);
    return held;
}

static enum announce_result check_access(const struct tracker *tracker, const struct shard *shard,
                                         const struct peer_key *key,
                                         const struct peer_state *state) {
    char detail[REFUSAL_DETAIL_LEN];
    const struct access *access = shard->access;
    if (access_needs_passkey(access) && state->passkey_tag == 0)
        return ANNOUNCE_PASSKEY_MISSING;
    if (!access_allows_peer(access, tracker->registry, &key->endpoint, state->peer_id,
                            state->passkey_tag))
        return ANNOUNCE_BANNED;
    return access_check_torrent(access, tracker->registry, key->info_hash, detail);
}

/* The swarm of the key, with room for its peer. */
static enum announce_result admit_peer(struct tracker *tracker, struct shard *shard,
                                       const struct peer_key *key, uint64_t hash, uint32_t now_s,
                                       struct swarm **swarm) {
    const enum announce_result result = join_limits_check(tracker, shard->options, *swarm, NULL);
    if (result != ANNOUNCE_OK || *swarm != NULL)
        return result;
    return tracker_add_swarm(tracker, shard, key->info_hash, hash, now_s, swarm);
}

void tracker_state_update_totals(struct tracker *tracker, struct shard *shard, struct swarm *swarm,
                                 uint32_t peers, size_t memory) {
    counter_add(&tracker->peers, swarm_peers(swarm) - peers);
    tally_add(&tracker->memory, swarm_memory(swarm) - memory);
    idle_torrents_update(tracker, shard->options, swarm, peers);
}

/* Returns whether the download count of the swarm is another one now. */
static bool set_downloaded(struct swarm *swarm, const struct merged_count *count) {
    if (count->downloaded == swarm->downloaded ||
        (count->only_raises && count->downloaded < swarm->downloaded))
        return false;
    swarm->downloaded = count->downloaded;
    return true;
}

static void report_downloaded(struct shard *shard, const struct swarm *swarm, uint32_t now_s) {
    struct change change = swarm_describe_torrent(swarm, now_s);
    change.origin = ORIGIN_MERGED;
    change_feed_push(&shard->feed, &change);
}

/* Where the peer of a key is, or would be. The shard is locked. */
struct key_place {
    struct shard *shard;
    uint64_t hash;          /* of the info_hash */
    struct swarm *swarm;    /* NULL: unknown */
    struct peer_list *list; /* of the swarm */
    uint32_t position;      /* PEER_NOWHERE: there is no such peer */
};

static struct key_place lock_place(const struct tracker *tracker, const struct peer_key *key) {
    struct key_place place = { .position = PEER_NOWHERE };
    place.shard = swarm_table_lock(tracker->table, key->info_hash, &place.hash);
    place.swarm = shard_find(place.shard, key->info_hash, place.hash);
    change_feed_prefetch(&place.shard->feed);
    if (place.swarm == NULL)
        return place;
    place.list = swarm_list(place.swarm, key->endpoint.family);
    place.position = peer_list_find(place.list, key->endpoint.wire);
    if (place.position != PEER_NOWHERE)
        peer_list_prefetch_swap(place.list, place.position);
    return place;
}

/* Whether a put has a completion that is new here. A new peer may have completed long ago, unless
 * the download count has just changed. */
static bool completes(const struct key_place *place, const struct peer_state *state, bool counted) {
    if (!state->counted)
        return false;
    if (place->position == PEER_NOWHERE)
        return counted;
    return (peer_list_record(place->list, place->position)->flags & PEER_COMPLETED_COUNTED) == 0;
}

static enum announce_result put_peer(struct tracker *tracker, const struct key_place *place,
                                     const struct peer_key *key, const struct held_peer *peer,
                                     const struct merged_count *count, uint32_t now_s) {
    struct shard *shard = place->shard;
    struct swarm *swarm = place->swarm;
    enum announce_result result = check_access(tracker, shard, key, &peer->state);
    if (result == ANNOUNCE_OK && place->position == PEER_NOWHERE)
        result = admit_peer(tracker, shard, key, place->hash, now_s, &swarm);
    if (result != ANNOUNCE_OK)
        return result;
    const uint32_t peers = swarm_peers(swarm);
    const size_t memory = swarm_memory(swarm);
    const bool on_lan = networks_contain(&shard->options->lan, &key->endpoint);
    const uint32_t downloaded = swarm->downloaded;
    const bool counted = count != NULL && set_downloaded(swarm, count);
    const bool completed = completes(place, &peer->state, counted);
    shard->outputs.stamping = merged_stamping(tracker, peer->stamp);
    if (!swarm_merge(swarm, &shard->outputs, &key->endpoint, place->position, &peer->state, on_lan,
                     completed, now_s)) {
        swarm->downloaded = downloaded;
        result = ANNOUNCE_NO_MEMORY;
    } else if (counted && !completed) {
        report_downloaded(shard, swarm, now_s);
    }
    end_stamping(shard);
    tracker_state_update_totals(tracker, shard, swarm, peers, memory);
    return result;
}

static void remove_peer(struct tracker *tracker, const struct key_place *place, uint64_t stamp,
                        uint32_t now_s) {
    const uint32_t peers = swarm_peers(place->swarm);
    const size_t memory = swarm_memory(place->swarm);
    place->shard->outputs.stamping = merged_stamping(tracker, stamp);
    swarm_merge_removal(place->swarm, &place->shard->outputs, place->list, place->position, now_s);
    end_stamping(place->shard);
    tracker_state_update_totals(tracker, place->shard, place->swarm, peers, memory);
}

enum announce_result tracker_merge_peer(struct tracker *tracker, const struct peer_key *key,
                                        const struct held_peer *peer, merge_rule *rule,
                                        void *context, const struct merged_count *count,
                                        uint64_t now_ms) {
    const struct key_place place = lock_place(tracker, key);
    const bool found = place.position != PEER_NOWHERE;
    const uint32_t now_s = tracker_seconds(now_ms);
    enum announce_result result = ANNOUNCE_OK;
    struct held_peer held;
    if (found)
        held = hold_peer(place.list, place.position);
    const enum merge_effect effect = rule(context, found ? &held : NULL);
    if (effect != MERGE_NOTHING)
        note_stamp(place.shard, peer->stamp);
    if (effect == MERGE_PUT)
        result = put_peer(tracker, &place, key, peer, count, now_s);
    else if (effect == MERGE_REMOVE && found)
        remove_peer(tracker, &place, peer->stamp, now_s);
    swarm_table_unlock(place.shard);
    return result;
}

void tracker_merge_removal(struct tracker *tracker, const struct peer_key *key, uint64_t stamp,
                           uint64_t now_ms) {
    const struct key_place place = lock_place(tracker, key);
    note_stamp(place.shard, stamp);
    if (place.position != PEER_NOWHERE &&
        peer_list_word(place.list, WORD_STAMP, place.position) <= stamp)
        remove_peer(tracker, &place, stamp, tracker_seconds(now_ms));
    swarm_table_unlock(place.shard);
}

bool tracker_merge_downloaded(struct tracker *tracker,
                              const uint8_t info_hash[static INFO_HASH_LEN],
                              const struct merged_count *count, uint32_t idle_s, uint64_t now_ms) {
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, info_hash, &hash);
    change_feed_prefetch(&shard->feed);
    struct swarm *swarm = shard_find(shard, info_hash, hash);
    const uint32_t now_s = tracker_seconds(now_ms);
    if (swarm == NULL && count->downloaded > 0 &&
        tracker_add_swarm(tracker, shard, info_hash, hash, now_s, &swarm) == ANNOUNCE_OK)
        swarm->idle_since_s = now_s - idle_s;
    if (swarm != NULL && set_downloaded(swarm, count))
        report_downloaded(shard, swarm, now_s);
    swarm_table_unlock(shard);
    return swarm != NULL;
}

void tracker_end_join(struct tracker *tracker, bool confirmed, uint64_t now_ms) {
    const uint32_t now_s = tracker_seconds(now_ms);
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        for (uint32_t slot = 0; slot <= shard->slot_mask; slot++) {
            struct swarm *swarm = shard->slots[slot].swarm;
            if (swarm == NULL)
                continue;
            peer_list_end_lasting(&swarm->v4, now_s, confirmed);
            peer_list_end_lasting(&swarm->v6, now_s, confirmed);
        }
        pthread_mutex_unlock(&shard->lock);
    }
}
