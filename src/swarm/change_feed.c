#include "swarm/change_feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/prefetch.h"
#include "swarm/heavy_torrents.h"

bool change_removes_peer(enum change_kind kind) {
    return kind == CHANGE_PEER_LEFT || kind == CHANGE_PEER_EXPIRED || kind == CHANGE_PEER_MOVED;
}

const char *change_kind_name(enum change_kind kind) {
    static const char *const names[] = {
        [CHANGE_PEER_JOINED] = "joined",       [CHANGE_PEER_UPDATED] = "updated",
        [CHANGE_PEER_COMPLETED] = "completed", [CHANGE_PEER_LEFT] = "left",
        [CHANGE_PEER_EXPIRED] = "expired",     [CHANGE_PEER_MOVED] = "moved",
        [CHANGE_TORRENT_LOST] = NULL,
    };
    return names[kind];
}

const char *change_role_name(const struct change *change) {
    return change->left == 0 ? "seeder" : change->paused ? "partial" : "leecher";
}

void change_feed_init(struct change_feed *feed, size_t capacity) {
    *feed = (struct change_feed){ .capacity = capacity };
}

void change_feed_free(struct change_feed *feed) {
    free(feed->changes);
    change_feed_init(feed, feed->capacity);
}

static bool grow_changes(struct change_feed *feed) {
    size_t wanted = feed->allocated == 0 ? 16 : 2 * feed->allocated;
    if (wanted > feed->capacity)
        wanted = feed->capacity;
    if (wanted <= feed->count)
        return false;
    struct change *grown = realloc(feed->changes, wanted * sizeof *grown);
    if (grown == NULL)
        return false;
    feed->changes = grown;
    feed->allocated = wanted;
    return true;
}

/* Replaces the changes of heavy torrents by one each. Returns false if that makes no room. */
static bool drop_heavy_torrents(struct change_feed *feed) {
    struct heavy_torrents heavy;
    heavy_torrents_find(&heavy, feed->changes, feed->count, sizeof *feed->changes,
                        offsetof(struct change, info_hash));
    size_t kept = 0;
    for (size_t i = 0; i < feed->count; i++) {
        struct change *change = &feed->changes[i];
        struct heavy_torrent *torrent = heavy_torrents_lookup(&heavy, change->info_hash);
        if (torrent == NULL) {
            feed->changes[kept++] = *change;
        } else if (torrent->entries > 0) {
            torrent->entries = 0;
            struct change lost = { .kind = CHANGE_TORRENT_LOST };
            memcpy(lost.info_hash, torrent->info_hash, INFO_HASH_LEN);
            feed->changes[kept++] = lost;
        }
    }
    const bool room = kept < feed->count;
    feed->count = kept;
    return room;
}

/* A feed that cannot grow although it is not full is out of memory. */
static bool make_room(struct change_feed *feed) {
    return grow_changes(feed) || (feed->count == feed->capacity && drop_heavy_torrents(feed));
}

void change_feed_prefetch(const struct change_feed *feed) {
    if (feed->count < feed->allocated)
        prefetch_range(&feed->changes[feed->count], sizeof *feed->changes);
}

void change_feed_push(struct change_feed *feed, const struct change *change) {
    if (feed->overflowed || feed->capacity == 0)
        return;
    if (feed->count == feed->allocated && !make_room(feed)) {
        feed->overflowed = true;
        feed->count = 0;
        return;
    }
    feed->changes[feed->count++] = *change;
}

void change_feed_take(struct change_feed *feed, struct change_feed *taken) {
    const struct change_feed full = *feed;
    *feed = (struct change_feed){
        .changes = taken->changes,
        .allocated = taken->allocated,
        .capacity = full.capacity,
    };
    *taken = full;
}
