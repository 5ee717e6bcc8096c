#include "cluster/tracker_table.h"

#include <string.h>

_Static_assert(RECORD_BATCH_MAX <= (int)ANNOUNCE_HINTS_MAX, "each record is a hint");

static bool is_lack_of_room(enum announce_result result) {
    return result >= ANNOUNCE_TORRENTS_FULL && result <= ANNOUNCE_NO_MEMORY;
}

static struct merged_count count_to_merge(const struct tracker_table *table, uint32_t downloaded) {
    return (struct merged_count){ .downloaded = downloaded, .only_raises = table->only_raises };
}

static bool merge_peer(void *context, const struct peer_key *key, const struct held_peer *peer,
                       merge_rule *rule, void *decision, const uint32_t *downloaded) {
    struct tracker_table *table = context;
    const struct merged_count count = count_to_merge(table, downloaded == NULL ? 0 : *downloaded);
    const enum announce_result result =
        tracker_merge_peer(table->tracker, key, peer, rule, decision,
                           downloaded == NULL ? NULL : &count, table->now_ms);
    table->full = table->full || is_lack_of_room(result);
    return result == ANNOUNCE_OK;
}

static void remove_peer(void *context, const struct peer_key *key, uint64_t stamp) {
    const struct tracker_table *table = context;
    tracker_merge_removal(table->tracker, key, stamp, table->now_ms);
}

static void count_downloads(void *context, const uint8_t info_hash[static INFO_HASH_LEN],
                            uint32_t downloaded, uint64_t stamp) {
    struct tracker_table *table = context;
    const uint64_t now_ms = table->now_ms + table->clock_offset_ms;
    const uint64_t idle_ms = now_ms > stamp_ms(stamp) ? now_ms - stamp_ms(stamp) : 0;
    const struct merged_count count = count_to_merge(table, downloaded);
    if (!tracker_merge_downloaded(table->tracker, info_hash, &count, (uint32_t)(idle_ms / 1000),
                                  table->now_ms))
        table->full = table->full || downloaded > 0;
}

static void prefetch_peers(void *context, const struct record *records, size_t count) {
    const struct tracker_table *table = context;
    struct announce_hint hints[RECORD_BATCH_MAX];
    size_t hint_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct record *record = &records[i];
        if (record->kind == RECORD_PUT || record->kind == RECORD_REMOVE)
            hints[hint_count++] = (struct announce_hint){
                .info_hash = record->peer.info_hash,
                .client = record->peer.endpoint,
            };
        else if (record->kind == RECORD_COUNTER)
            hints[hint_count++] = (struct announce_hint){ .info_hash = record->counter.info_hash };
    }
    tracker_prefetch(table->tracker, hints, hint_count);
}

struct peer_table tracker_table_peers(struct tracker_table *table) {
    return (struct peer_table){
        .context = table,
        .merge = merge_peer,
        .remove = remove_peer,
        .prefetch = prefetch_peers,
        .count = count_downloads,
    };
}

static struct peer_key key_of(const struct change *change) {
    struct peer_key key = { .endpoint = change->peer, .on_lan = change->on_lan };
    memcpy(key.info_hash, change->info_hash, INFO_HASH_LEN);
    return key;
}

void record_of_peer(const struct change *change, struct record *record) {
    *record = (struct record){
        .kind = RECORD_PUT,
        .stamp = change->stamp,
        .peer = key_of(change),
        .state = {
            .key = change->key,
            .left = change->left,
            .uploaded_kib = change->uploaded_kib,
            .downloaded_kib = change->downloaded_kib,
            .passkey_tag = change->passkey_tag,
            .interval_s = (uint16_t)change->interval_s,
            .paused = change->paused,
            .counted = change->counted,
            .own_address = change->own_address,
        },
    };
    memcpy(record->state.peer_id, change->peer_id, PEER_ID_LEN);
}

static void note_put(struct replica *replica, const struct peer_table *table,
                     const struct change *change, struct record *put) {
    record_of_peer(change, put);
    if (!put->state.counted)
        return;
    const uint64_t client = replica_hash_client(replica, &put->peer, &put->state);
    if (change->kind == CHANGE_PEER_COMPLETED) {
        put->count = replica_count_completion(replica, change->info_hash, client, change->stamp);
        replica_show_count(replica, table, change->info_hash, change->stamp);
    }
    /* Another node may have counted it later, but its record was merged before. */
    const uint64_t completed = replica_completion(replica, client);
    put->state.completed = completed <= put->stamp ? completed : 0;
}

static void note_removal(struct replica *replica, const struct peer_table *table,
                         const struct change *change, struct record *removal) {
    const struct peer_key key = key_of(change);
    replica_note_removal(replica, &key, change->stamp);
    table->remove(table->context, &key, change->stamp);
    *removal = (struct record){ .kind = RECORD_REMOVE, .stamp = change->stamp, .peer = key };
}

bool replica_note_change(struct replica *replica, const struct peer_table *table,
                         const struct change *change, struct record *record) {
    if (change->kind == CHANGE_TORRENT_FORGOTTEN)
        replica_forget_torrent(replica, change->info_hash);
    if (change->origin != ORIGIN_SENT)
        return false;
    switch (change->kind) {
    case CHANGE_PEER_JOINED:
    case CHANGE_PEER_UPDATED:
    case CHANGE_PEER_COMPLETED:
    case CHANGE_PEER_REFRESHED:
        note_put(replica, table, change, record);
        return true;
    case CHANGE_PEER_LEFT:
    case CHANGE_PEER_MOVED:
    case CHANGE_PEER_ABSENT:
        note_removal(replica, table, change, record);
        return true;
    case CHANGE_PEER_EXPIRED:
    case CHANGE_PEER_CONFIRMED:
    case CHANGE_TORRENT:
    case CHANGE_TORRENT_FORGOTTEN:
    case CHANGE_TORRENT_LOST:
        break;
    }
    return false;
}
