#include "probe/torrent_set.h"

#include <stdbool.h>
#include <stdlib.h>

enum { FIRST_ALLOCATED = 2 };

/* Its position, or the count. */
static uint32_t position_of(const struct torrent_set *set, uint64_t torrent) {
    uint32_t at = 0;
    while (at < set->count && set->torrents[at] != torrent)
        at++;
    return at;
}

static bool grow(struct torrent_set *set) {
    const uint32_t allocated = set->allocated == 0 ? FIRST_ALLOCATED : 2 * set->allocated;
    uint64_t *torrents = realloc(set->torrents, allocated * sizeof *torrents);
    if (torrents == NULL)
        return false;
    set->torrents = torrents;
    set->allocated = allocated;
    return true;
}

void torrent_set_add(struct torrent_set *set, uint64_t torrent) {
    if (position_of(set, torrent) < set->count || set->count == TORRENT_SET_MAX)
        return;
    if (set->count < set->allocated || grow(set))
        set->torrents[set->count++] = torrent;
}

void torrent_set_remove(struct torrent_set *set, uint64_t torrent) {
    const uint32_t at = position_of(set, torrent);
    if (at < set->count)
        set->torrents[at] = set->torrents[--set->count];
}

void torrent_set_clear(struct torrent_set *set) {
    free(set->torrents);
    *set = (struct torrent_set){ 0 };
}
