#include "cluster/shard_copies.h"

#include <stdlib.h>
#include <string.h>

void shard_copies_end(struct shard_copy *copy) {
    free(copy->changes);
    *copy = (struct shard_copy){ 0 };
}

void shard_copies_free(struct shard_copies *copies) {
    for (int i = 0; i < SHARD_COPIES; i++)
        shard_copies_end(&copies->list[i]);
}

struct shard_copy *shard_copies_find(struct shard_copies *copies, uint64_t number) {
    if (number == 0)
        return NULL;
    for (int i = 0; i < SHARD_COPIES; i++) {
        struct shard_copy *copy = &copies->list[i];
        if (copy->number != number)
            continue;
        copy->used = ++copies->last;
        return copy;
    }
    return NULL;
}

static void copy_changes(void *context, const struct change *changes, size_t count) {
    struct shard_copy *copy = context;
    copy->changes = count == 0 ? NULL : malloc(count * sizeof *changes);
    copy->failed = count > 0 && copy->changes == NULL;
    if (copy->changes == NULL)
        return;
    memcpy(copy->changes, changes, count * sizeof *changes);
    copy->count = count;
}

static struct shard_copy *find_oldest(struct shard_copies *copies) {
    struct shard_copy *oldest = &copies->list[0];
    for (int i = 1; i < SHARD_COPIES; i++) {
        if (copies->list[i].used < oldest->used)
            oldest = &copies->list[i];
    }
    return oldest;
}

struct shard_copy *shard_copies_make(struct shard_copies *copies, struct tracker *tracker,
                                     uint32_t shard, uint64_t now_ms) {
    struct shard_copy *copy = find_oldest(copies);
    shard_copies_end(copy);
    copy->number = copy->used = ++copies->last;
    if (!tracker_dump(tracker, shard, 1, now_ms, copy_changes, copy))
        copy->failed = true;
    return copy;
}
