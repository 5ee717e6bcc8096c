#include "store/latest_changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void latest_changes_clear(struct latest_changes *latest) {
    stepped_index_free(&latest->index);
    free(latest->list);
    *latest = (struct latest_changes){ .key = latest->key };
}

static uint32_t hash_change(const struct latest_changes *latest, const uint8_t *info_hash,
                            const struct endpoint *peer) {
    uint8_t data[INFO_HASH_LEN + sizeof *peer];
    memcpy(data, info_hash, INFO_HASH_LEN);
    memcpy(data + INFO_HASH_LEN, peer, sizeof *peer);
    return (uint32_t)keyed_hash(&latest->key, data, sizeof data);
}

static uint32_t hash_at(const void *array, uint32_t position) {
    const struct latest_change *list = array;
    return list[position].hash;
}

static bool matches(const void *array, uint32_t position, const void *wanted) {
    const struct latest_change *list = array;
    const struct change *found = &list[position].change;
    const struct change *change = wanted;
    return memcmp(found->info_hash, change->info_hash, INFO_HASH_LEN) == 0 &&
           endpoint_equal(&found->peer, &change->peer);
}

static struct latest_change *find_change(const struct latest_changes *latest,
                                         const struct change *change, uint32_t hash) {
    if (latest->count == 0)
        return NULL;
    const uint32_t at = stepped_index_find(&latest->index, hash, matches, latest->list, change);
    return at == HASH_INDEX_NONE ? NULL : &latest->list[at];
}

static struct latest_change *append_change(struct latest_changes *latest, uint32_t hash) {
    struct latest_change *list =
        array_grow(latest->list, &latest->capacity, latest->count + 1, sizeof *list);
    if (list == NULL)
        return NULL;
    latest->list = list;
    if (!stepped_index_fit(&latest->index, (uint32_t)latest->count + 1, hash_at, list))
        return NULL;
    list[latest->count] = (struct latest_change){ .hash = hash };
    stepped_index_put(&latest->index, hash, (uint32_t)latest->count);
    return &list[latest->count++];
}

/* Rare, so that a walk over the list is good enough. */
static void remove_peers(struct latest_changes *latest, const uint8_t *info_hash) {
    for (size_t i = 0; i < latest->count; i++) {
        struct change *change = &latest->list[i].change;
        if (change->peer.family != FAMILY_NONE &&
            memcmp(change->info_hash, info_hash, INFO_HASH_LEN) == 0)
            change->kind = CHANGE_PEER_LEFT;
    }
}

bool latest_changes_add(struct latest_changes *latest, const struct change *change) {
    const uint32_t hash = hash_change(latest, change->info_hash, &change->peer);
    struct latest_change *place = find_change(latest, change, hash);
    if (place == NULL)
        place = append_change(latest, hash);
    if (place == NULL)
        return false;
    place->change = *change;
    if (change->kind == CHANGE_TORRENT_LOST) {
        place->cleared = latest->any_cleared = true;
        remove_peers(latest, change->info_hash);
    }
    return true;
}

bool latest_changes_replace(const struct latest_changes *latest, const struct change *change) {
    if (latest->count == 0)
        return false;
    if (find_change(latest, change, hash_change(latest, change->info_hash, &change->peer)) != NULL)
        return true;
    if (!latest->any_cleared)
        return false;
    struct change torrent = { .peer.family = FAMILY_NONE };
    memcpy(torrent.info_hash, change->info_hash, INFO_HASH_LEN);
    const struct latest_change *found =
        find_change(latest, &torrent, hash_change(latest, torrent.info_hash, &torrent.peer));
    return found != NULL && found->cleared;
}

/* The order of SQLite: unused bytes are zero, and no port is. */
static int compare_changes(const void *one, const void *other) {
    const struct change *a = &((const struct latest_change *)one)->change;
    const struct change *b = &((const struct latest_change *)other)->change;
    const int order = memcmp(a->info_hash, b->info_hash, INFO_HASH_LEN);
    return order != 0 ? order : memcmp(a->peer.wire, b->peer.wire, ENDPOINT_MAX_LEN);
}

void latest_changes_sort(struct latest_changes *latest) {
    if (latest->count > 1)
        qsort(latest->list, latest->count, sizeof *latest->list, compare_changes);
}
