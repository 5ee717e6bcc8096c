#include "swarm/heavy_torrents.h"

#include <string.h>

struct entry_list {
    const uint8_t *first_hash;
    size_t count;
    size_t size;
};

static const uint8_t *hash_at(const struct entry_list *entries, size_t i) {
    return entries->first_hash + i * entries->size;
}

/* One entry of each candidate is offset by one of another torrent. */
static void offset_candidates(struct heavy_torrents *heavy) {
    size_t kept = 0;
    for (size_t i = 0; i < heavy->count; i++) {
        if (--heavy->list[i].entries > 0)
            heavy->list[kept++] = heavy->list[i];
    }
    heavy->count = kept;
}

/* The algorithm of Misra and Gries: every heavy torrent is among the candidates. */
static void find_candidates(struct heavy_torrents *heavy, const struct entry_list *entries) {
    for (size_t i = 0; i < entries->count; i++) {
        struct heavy_torrent *found = heavy_torrents_lookup(heavy, hash_at(entries, i));
        if (found != NULL) {
            found->entries++;
        } else if (heavy->count < HEAVY_TORRENTS_MAX) {
            found = &heavy->list[heavy->count++];
            found->entries = 1;
            memcpy(found->info_hash, hash_at(entries, i), INFO_HASH_LEN);
        } else {
            offset_candidates(heavy);
        }
    }
}

static void count_entries(struct heavy_torrents *heavy, const struct entry_list *entries) {
    for (size_t i = 0; i < heavy->count; i++)
        heavy->list[i].entries = 0;
    for (size_t i = 0; i < entries->count; i++) {
        struct heavy_torrent *found = heavy_torrents_lookup(heavy, hash_at(entries, i));
        if (found != NULL)
            found->entries++;
    }
}

static void drop_light_torrents(struct heavy_torrents *heavy, size_t entries) {
    size_t kept = 0;
    for (size_t i = 0; i < heavy->count; i++) {
        if (heavy->list[i].entries > entries / (HEAVY_TORRENTS_MAX + 1))
            heavy->list[kept++] = heavy->list[i];
    }
    heavy->count = kept;
}

void heavy_torrents_find(struct heavy_torrents *heavy, const void *entries, size_t count,
                         size_t size, size_t offset) {
    const struct entry_list list = {
        .first_hash = (const uint8_t *)entries + offset,
        .count = count,
        .size = size,
    };
    heavy->count = 0;
    find_candidates(heavy, &list);
    count_entries(heavy, &list);
    drop_light_torrents(heavy, count);
}

struct heavy_torrent *heavy_torrents_lookup(struct heavy_torrents *heavy,
                                            const uint8_t info_hash[static INFO_HASH_LEN]) {
    for (size_t i = 0; i < heavy->count; i++) {
        if (memcmp(heavy->list[i].info_hash, info_hash, INFO_HASH_LEN) == 0)
            return &heavy->list[i];
    }
    return NULL;
}
