#include "store/top_torrents.h"

#include <stdlib.h>
#include <string.h>

/* A binary min-heap: the children of i are at 2i + 1 and 2i + 2, and the smallest is first. */
struct top_torrents {
    size_t count;
    size_t max;
    struct torrent_stats list[];
};

struct top_torrents *top_torrents_create(uint32_t max) {
    struct top_torrents *top = malloc(sizeof *top + (size_t)max * sizeof *top->list);
    if (top != NULL)
        *top = (struct top_torrents){ .max = max };
    return top;
}

void top_torrents_delete(struct top_torrents *top) {
    free(top);
}

static uint64_t peers_of(const struct torrent_stats *torrent) {
    return (uint64_t)torrent_seeders(torrent) + torrent_leechers(torrent);
}

/* The info_hash breaks ties, so that every sample has the same torrents. */
static bool is_smaller(const struct torrent_stats *one, const struct torrent_stats *other) {
    const uint64_t peers = peers_of(one);
    const uint64_t others = peers_of(other);
    return peers != others ? peers < others
                           : memcmp(one->info_hash, other->info_hash, INFO_HASH_LEN) < 0;
}

/* Inserts `torrent` at the free slot `at` or above it. */
static void sift_up(struct top_torrents *top, size_t at, const struct torrent_stats *torrent) {
    while (at > 0 && is_smaller(torrent, &top->list[(at - 1) / 2])) {
        top->list[at] = top->list[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    top->list[at] = *torrent;
}

/* Replaces the root by `torrent`, or puts it below. */
static void sift_down(struct top_torrents *top, const struct torrent_stats *torrent) {
    struct torrent_stats *list = top->list;
    size_t at = 0;
    for (;;) {
        size_t below = 2 * at + 1;
        if (below + 1 < top->count && is_smaller(&list[below + 1], &list[below]))
            below++;
        if (below >= top->count || !is_smaller(&list[below], torrent))
            break;
        list[at] = list[below];
        at = below;
    }
    list[at] = *torrent;
}

void top_torrents_offer(struct top_torrents *top, const struct torrent_stats *torrent) {
    if (peers_of(torrent) == 0)
        return;
    if (top->count < top->max)
        sift_up(top, top->count++, torrent);
    else if (is_smaller(&top->list[0], torrent))
        sift_down(top, torrent);
}

const struct torrent_stats *top_torrents_list(const struct top_torrents *top, size_t *count) {
    *count = top->count;
    return top->list;
}

void top_torrents_clear(struct top_torrents *top) {
    top->count = 0;
}
