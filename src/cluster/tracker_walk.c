#include "cluster/tracker_walk.h"

void tracker_walk_free(struct tracker_walk *walk) {
    shard_copies_free(&walk->copies);
}

static void visit_peer(const struct tracker_walk *walk, const struct table_visitor *visitor,
                       const struct change *peer) {
    if (peer->stamp == 0 && !visitor->restored)
        return;
    struct record record;
    record_of_peer(peer, &record);
    if (record.stamp == 0)
        record.stamp = stamp_at(walk->gave_up_ms - UINT64_C(1500) * peer->interval_s, 0);
    visitor->peer(visitor->context, &record.peer,
                  &(struct held_peer){ .stamp = record.stamp, .state = record.state });
}

static void visit_change(const struct tracker_walk *walk, const struct table_visitor *visitor,
                         const struct change *change, uint64_t now_ms) {
    if (change->peer.family != FAMILY_NONE) {
        visit_peer(walk, visitor, change);
        return;
    }
    const uint64_t idle_ms = UINT64_C(1000) * change->age_s;
    visitor->torrent(visitor->context, change->info_hash, stamp_at(now_ms - idle_ms, 0));
}

static struct shard_copy *copy_at(struct tracker_walk *walk, struct table_cursor *cursor,
                                  const struct tracker_table *table) {
    struct shard_copy *copy = shard_copies_find(&walk->copies, cursor->at[CURSOR_COPY]);
    if (copy != NULL)
        return copy;
    copy = shard_copies_make(&walk->copies, table->tracker, (uint32_t)cursor->at[CURSOR_SHARD],
                             table->now_ms);
    cursor->at[CURSOR_COPY] = copy->number;
    cursor->at[CURSOR_POSITION] = 0;
    return copy;
}

bool tracker_walk_step(struct tracker_walk *walk, struct table_cursor *cursor,
                       const struct tracker_table *table, const struct table_visitor *visitor) {
    struct shard_copy *copy = copy_at(walk, cursor, table);
    const uint64_t now_ms = table->now_ms + table->clock_offset_ms;
    uint64_t *position = &cursor->at[CURSOR_POSITION];
    for (int i = 0; i < TABLE_STEP && *position < copy->count; i++)
        visit_change(walk, visitor, &copy->changes[(*position)++], now_ms);
    if (*position < copy->count)
        return true;
    if (copy->failed)
        visitor->missing(visitor->context);
    shard_copies_end(copy);
    return ++cursor->at[CURSOR_SHARD] < TRACKER_SHARDS;
}
