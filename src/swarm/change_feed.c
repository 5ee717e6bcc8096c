#include "swarm/change_feed.h"

#include <stdlib.h>

bool change_removes_peer(enum change_kind kind) {
    return kind == CHANGE_PEER_LEFT || kind == CHANGE_PEER_EXPIRED || kind == CHANGE_PEER_MOVED;
}

void feed_init(struct feed *feed, size_t capacity) {
    *feed = (struct feed){ .capacity = capacity };
}

void feed_free(struct feed *feed) {
    free(feed->changes);
    feed_init(feed, feed->capacity);
}

static bool grow(struct feed *feed) {
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

void feed_push(struct feed *feed, const struct change *change) {
    if (feed->overflowed || feed->capacity == 0)
        return;
    if (feed->count == feed->allocated && !grow(feed)) {
        feed->overflowed = true;
        feed->count = 0;
        return;
    }
    feed->changes[feed->count++] = *change;
}

void feed_take(struct feed *feed, struct feed *taken) {
    const struct feed full = *feed;
    *feed = (struct feed){
        .changes = taken->changes,
        .allocated = taken->allocated,
        .capacity = full.capacity,
    };
    *taken = full;
}
