#include "swarm/swarm_snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "swarm/tracker.h"
#include "swarm/tracker_state.h"

enum {
    SLOTS_MAX = 4096, /* read under one hold of a shard's lock */
    ROOM_MIN = 64,    /* torrents */
};

static uint64_t bytes_from_kib(uint64_t kib) {
    return kib << 10;
}

static struct torrent_stats describe_torrent(const struct swarm *swarm, uint32_t now_s) {
    struct torrent_stats stats = {
        .seeders_v4 = peer_list_seeders(&swarm->v4),
        .seeders_v6 = peer_list_seeders(&swarm->v6),
        .seeders_both = swarm->twin_seeders,
        .leechers_v4 = peer_list_count(&swarm->v4) - peer_list_seeders(&swarm->v4),
        .leechers_v6 = peer_list_count(&swarm->v6) - peer_list_seeders(&swarm->v6),
        .leechers_both = swarm->v4.twins - swarm->twin_seeders,
        .paused = swarm->paused,
        .downloaded = swarm->downloaded,
        .idle_s = swarm_idle_s(swarm, now_s),
        .upload_rate = bytes_from_kib(swarm->upload_rate),
        .download_rate = bytes_from_kib(swarm->download_rate),
    };
    memcpy(stats.info_hash, swarm->info_hash, INFO_HASH_LEN);
    return stats;
}

struct torrents {
    struct torrent_stats *list;
    size_t count;
    size_t capacity;
};

static bool grow_copy(struct torrents *torrents, size_t need) {
    struct torrent_stats *list =
        array_grow(torrents->list, &torrents->capacity, need, sizeof *list);
    if (list == NULL)
        return false;
    torrents->list = list;
    return true;
}

/* Locks the shard with room for a copy of its torrents; memory is allocated while it is unlocked.
 */
static bool lock_with_room(struct shard *shard, struct torrents *torrents) {
    pthread_mutex_lock(&shard->lock);
    while (shard->count > torrents->capacity) {
        const size_t wanted = shard->count;
        pthread_mutex_unlock(&shard->lock);
        if (!grow_copy(torrents, wanted))
            return false;
        pthread_mutex_lock(&shard->lock);
    }
    return true;
}

static bool copy_torrents(struct shard *shard, uint32_t now_s, struct torrents *torrents) {
    if (!lock_with_room(shard, torrents))
        return false;
    torrents->count = 0;
    for (uint32_t i = 0; i <= shard->slot_mask; i++) {
        if (shard->slots[i].swarm != NULL)
            torrents->list[torrents->count++] = describe_torrent(shard->slots[i].swarm, now_s);
    }
    pthread_mutex_unlock(&shard->lock);
    return true;
}

bool swarm_snapshot_torrents(struct tracker *tracker, uint64_t now_ms, torrents_reader read,
                             void *context) {
    struct torrents torrents = { 0 };
    bool good = grow_copy(&torrents, ROOM_MIN);
    for (int i = 0; i < SHARDS && good; i++) {
        good = copy_torrents(&tracker->table->shards[i], tracker_seconds(now_ms), &torrents);
        if (good && torrents.count > 0)
            read(context, torrents.list, torrents.count);
    }
    free(torrents.list);
    return good;
}

bool swarm_snapshot_torrent(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN],
                            uint64_t now_ms, struct torrent_stats *stats) {
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, info_hash, &hash);
    const struct swarm *swarm = shard_find(shard, info_hash, hash);
    if (swarm != NULL)
        *stats = describe_torrent(swarm, tracker_seconds(now_ms));
    swarm_table_unlock(shard);
    return swarm != NULL;
}

static struct peer_stats describe_peer(const struct swarm *swarm, const struct peer_list *list,
                                       uint32_t position, uint32_t now_s) {
    const struct peer_record *record = peer_list_record(list, position);
    const enum peer_zone zone = peer_list_zone(list, position);
    struct peer_stats stats = {
        .peer = endpoint_from_wire(list->family, peer_list_wire(list, position)),
        .left = record->left,
        .uploaded = bytes_from_kib(record->uploaded_kib),
        .downloaded = bytes_from_kib(record->downloaded_kib),
        .upload_rate = bytes_from_kib(record->upload_rate),
        .download_rate = bytes_from_kib(record->download_rate),
        .age_s = clock_elapsed_s(record->joined_s, now_s),
        .silent_s = peer_list_silent_s(list, position, now_s),
        .seeder = peer_zone_is_seeder(zone),
        .paused = record->flags & PEER_PAUSED,
        .lan = peer_zone_is_lan(zone),
        .in_both = record->flags & PEER_TWIN,
        .own_address = peer_record_owns_address(record),
    };
    memcpy(stats.info_hash, swarm->info_hash, INFO_HASH_LEN);
    memcpy(stats.peer_id, record->peer_id, PEER_ID_LEN);
    return stats;
}

/* A range of positions in one list. */
struct run {
    const struct peer_list *list;
    uint32_t from;
    uint32_t to;
};

/* Copies up to `max` peers starting at `offset`, seeders first; returns their number. */
static size_t copy_peers(const struct swarm *swarm, uint32_t now_s, size_t offset,
                         struct peer_stats *peers, size_t max) {
    const struct peer_list *v4 = &swarm->v4;
    const struct peer_list *v6 = &swarm->v6;
    const struct run runs[] = {
        { v4, 0, peer_list_seeders(v4) },
        { v6, 0, peer_list_seeders(v6) },
        { v4, peer_list_seeders(v4), peer_list_count(v4) },
        { v6, peer_list_seeders(v6), peer_list_count(v6) },
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        const uint32_t length = runs[i].to - runs[i].from;
        const uint32_t skipped = offset < length ? (uint32_t)offset : length;
        offset -= skipped;
        for (uint32_t at = runs[i].from + skipped; at < runs[i].to && count < max; at++)
            peers[count++] = describe_peer(swarm, runs[i].list, at, now_s);
    }
    return count;
}

size_t swarm_snapshot_peers(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN],
                            uint64_t now_ms, size_t offset, struct peer_stats *peers, size_t max,
                            size_t *total) {
    const size_t most = max < SWARM_SNAPSHOT_PEERS_MAX ? max : SWARM_SNAPSHOT_PEERS_MAX;
    size_t count = 0;
    uint64_t hash;
    *total = 0;
    struct shard *shard = swarm_table_lock(tracker->table, info_hash, &hash);
    const struct swarm *swarm = shard_find(shard, info_hash, hash);
    if (swarm != NULL) {
        *total = swarm_peers(swarm);
        count = copy_peers(swarm, tracker_seconds(now_ms), offset, peers, most);
    }
    swarm_table_unlock(shard);
    return count;
}

/* Progress within a shard: all slots before `slot`, and this number of peers of its swarm. */
struct cursor {
    uint32_t slot;
    size_t peers;
};

/* Copies until the piece is full, the shard ends or the lock was held long enough. Returns the
 * number of peers. */
static size_t copy_piece(const struct shard *shard, uint32_t now_s, struct cursor *cursor,
                         struct peer_stats *piece) {
    size_t count = 0;
    uint32_t looked_at = 0;
    while (cursor->slot <= shard->slot_mask && count < SWARM_SNAPSHOT_PEERS_MAX &&
           looked_at++ < SLOTS_MAX) {
        const struct swarm *swarm = shard->slots[cursor->slot].swarm;
        if (swarm != NULL) {
            const size_t copied = copy_peers(swarm, now_s, cursor->peers, piece + count,
                                             SWARM_SNAPSHOT_PEERS_MAX - count);
            count += copied;
            cursor->peers += copied;
        }
        if (swarm == NULL || cursor->peers >= swarm_peers(swarm))
            *cursor = (struct cursor){ .slot = cursor->slot + 1 };
    }
    return count;
}

static void read_shard(struct shard *shard, uint32_t now_s, struct peer_stats *piece,
                       peers_reader read, void *context) {
    struct cursor cursor = { 0 };
    bool more = true;
    while (more) {
        pthread_mutex_lock(&shard->lock);
        const size_t count = copy_piece(shard, now_s, &cursor, piece);
        more = cursor.slot <= shard->slot_mask;
        pthread_mutex_unlock(&shard->lock);
        if (count > 0)
            read(context, piece, count);
    }
}

bool swarm_snapshot_all_peers(struct tracker *tracker, uint64_t now_ms, peers_reader read,
                              void *context) {
    struct peer_stats *piece = calloc(SWARM_SNAPSHOT_PEERS_MAX, sizeof *piece);
    if (piece == NULL)
        return false;
    for (int i = 0; i < SHARDS; i++)
        read_shard(&tracker->table->shards[i], tracker_seconds(now_ms), piece, read, context);
    free(piece);
    return true;
}
