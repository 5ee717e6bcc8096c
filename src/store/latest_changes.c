#include "store/latest_changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "store/swarm_key.h"

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

static void sort_by(struct radix_item *order, size_t count, const struct latest_change *list,
                    uint64_t (*key)(const struct change *change)) {
    for (size_t i = 0; i < count; i++)
        order[i].key = key(&list[order[i].position].change);
    radix_sort(order, order + count, count);
}

static uint64_t info_hash_key(const struct change *change) {
    return load_u64(change->info_hash);
}

/* A torrent comes before all of its peers. */
static uint64_t endpoint_key(const struct change *change) {
    return change->peer.family == FAMILY_NONE ? 0 : load_u64(change->peer.wire) >> 1 | 1ULL << 63;
}

static int compare_items(const void *a, const void *b, void *list) {
    const struct latest_change *changes = list;
    const struct radix_item *one = a;
    const struct radix_item *other = b;
    const struct swarm_key key = swarm_key_of(&changes[one->position].change);
    const struct swarm_key other_key = swarm_key_of(&changes[other->position].change);
    return swarm_key_compare(&key, &other_key);
}

static bool is_sorted(const struct radix_item *items, size_t count, struct latest_change *list) {
    for (size_t i = 1; i < count; i++) {
        if (compare_items(&items[i - 1], &items[i], list) > 0)
            return false;
    }
    return true;
}

/* Info_hashes and endpoints are nearly always sorted by their first 8 bytes; but not, for example,
 * two clients of an IPv6 network in one swarm. */
struct radix_item *latest_changes_sort(const struct latest_changes *latest) {
    struct radix_item *order = malloc((2 * latest->count + 1) * sizeof *order);
    if (order == NULL)
        return NULL;
    for (size_t i = 0; i < latest->count; i++)
        order[i].position = (uint32_t)i;
    sort_by(order, latest->count, latest->list, endpoint_key);
    sort_by(order, latest->count, latest->list, info_hash_key);
    for (size_t at = 0, end; at < latest->count; at = end) {
        for (end = at + 1; end < latest->count && order[end].key == order[at].key;)
            end++;
        if (!is_sorted(order + at, end - at, latest->list))
            qsort_r(order + at, end - at, sizeof *order, compare_items, latest->list);
    }
    return order;
}
