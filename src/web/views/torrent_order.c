#include "web/views/torrent_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "web/views/radix_sort.h"

enum { FOLDED_LEN = 2 * TORRENT_SEARCH_LEN, HEX_LEN = 2 * INFO_HASH_LEN };

void snapshot_clear(struct snapshot *snapshot) {
    free(snapshot->entries);
    free(snapshot->by_name);
    *snapshot = (struct snapshot){ 0 };
}

/* Sorts what is in `items`, and writes their places to `places`. */
static bool write_order(struct radix_item *items, size_t count, uint32_t *places) {
    struct radix_item *spare = malloc((count + 1) * sizeof *spare);
    if (spare == NULL)
        return false;
    radix_sort(items, spare, count);
    for (size_t i = 0; i < count; i++)
        places[i] = items[i].place;
    free(spare);
    return true;
}

/* By name, and where there is none by the info_hash, as far as it fits. */
static uint64_t name_key(const struct torrent_entry_view *entry, size_t names) {
    return entry->name != NAME_NONE ? (uint64_t)entry->name
                                    : names + load_u32(entry->figures.info_hash);
}

bool snapshot_order(struct snapshot *snapshot, size_t names) {
    const size_t count = snapshot->count;
    struct radix_item *items = malloc((count + 1) * sizeof *items);
    free(snapshot->by_name);
    snapshot->by_name = malloc((count + 1) * sizeof *snapshot->by_name);
    bool good = items != NULL && snapshot->by_name != NULL;
    for (size_t i = 0; i < count && good; i++)
        items[i] = (struct radix_item){ name_key(&snapshot->entries[i], names), (uint32_t)i };
    good = good && write_order(items, count, snapshot->by_name);
    free(items);
    return good;
}

/* What is searched for, made ready. */
struct needle {
    char folded[FOLDED_LEN];
    bool hexadecimal; /* so that it may be a part of an info_hash */
};

static struct needle make_needle(const struct torrent_names *names, const char *search) {
    struct needle needle;
    torrent_names_fold(names, search, needle.folded, sizeof needle.folded);
    const size_t len = strlen(needle.folded);
    needle.hexadecimal = len <= HEX_LEN && strspn(needle.folded, "0123456789abcdef") == len;
    return needle;
}

static bool is_found(const struct needle *needle, const struct torrent_entry_view *entry,
                     const struct torrent_names *names) {
    if (needle->folded[0] == '\0')
        return true;
    if (entry->name != NAME_NONE &&
        strstr(torrent_names_at(names, (size_t)entry->name)->folded, needle->folded) != NULL)
        return true;
    char hex[HEX_LEN + 1];
    if (!needle->hexadecimal)
        return false;
    hex_encode(entry->figures.info_hash, INFO_HASH_LEN, hex);
    return strstr(hex, needle->folded) != NULL;
}

static bool is_shown(enum torrent_show show, const struct torrent_entry_view *entry) {
    switch (show) {
    case SHOW_ACTIVE:
        return torrent_list_health(&entry->figures) != HEALTH_IDLE;
    case SHOW_REGISTERED:
        return entry->name != NAME_NONE;
    case SHOW_UNSEEDED:
        return torrent_list_health(&entry->figures) == HEALTH_UNSEEDED;
    case SHOW_ALL:
        break;
    }
    return true;
}

/* A size that is not known counts as the smallest. */
static uint64_t sort_key(enum torrent_sort sort, const struct torrent_entry_view *entry,
                         const struct torrent_names *names) {
    const struct torrent_stats *stats = &entry->figures;
    switch (sort) {
    case BY_SIZE:
        return entry->name == NAME_NONE ? 0 : torrent_names_at(names, (size_t)entry->name)->size;
    case BY_SEEDERS:
        return torrent_seeders(stats);
    case BY_LEECHERS:
        return torrent_leechers(stats);
    case BY_DOWNLOADED:
        return stats->downloaded;
    case BY_RATE:
        return stats->upload_rate + stats->download_rate;
    case BY_HEALTH:
        return torrent_list_health(stats);
    case BY_NAME:
        break;
    }
    return 0;
}

/* The entries that are asked for, in the order of their names, with the keys to sort them by. */
static size_t collect(const struct snapshot *snapshot, const struct torrent_names *names,
                      const struct torrent_query *query, struct radix_item *items) {
    const struct needle needle = make_needle(names, query->search);
    size_t count = 0;
    for (size_t i = 0; i < snapshot->count; i++) {
        const uint32_t place = snapshot->by_name[i];
        const struct torrent_entry_view *entry = &snapshot->entries[place];
        if (!is_shown(query->show, entry) || !is_found(&needle, entry, names))
            continue;
        const uint64_t key = query->sort == BY_NAME ? i : sort_key(query->sort, entry, names);
        items[count++] = (struct radix_item){ query->descending ? ~key : key, place };
    }
    return count;
}

static bool make_view(struct view *view, const struct snapshot *snapshot,
                      const struct torrent_names *names, const struct torrent_query *query) {
    struct radix_item *items = malloc((snapshot->count + 1) * sizeof *items);
    if (items == NULL)
        return false;
    const size_t count = collect(snapshot, names, query, items);
    uint32_t *places = malloc((count + 1) * sizeof *places);
    const bool good = places != NULL && write_order(items, count, places);
    free(items);
    if (good)
        *view = (struct view){ .query = *query, .places = places, .count = count };
    else
        free(places);
    return good;
}

static bool is_same_query(const struct torrent_query *a, const struct torrent_query *b) {
    return a->show == b->show && a->sort == b->sort && a->descending == b->descending &&
           strcmp(a->search, b->search) == 0;
}

static struct view *find_made(struct views *views, const struct torrent_query *query) {
    for (size_t i = 0; i < VIEWS; i++) {
        struct view *view = &views->list[i];
        if (view->places != NULL && is_same_query(&view->query, query))
            return view;
    }
    return NULL;
}

static struct view *least_used(struct views *views) {
    struct view *least = &views->list[0];
    for (size_t i = 1; i < VIEWS; i++) {
        if (views->list[i].used < least->used)
            least = &views->list[i];
    }
    return least;
}

static void clear_view(struct view *view) {
    free(view->places);
    *view = (struct view){ 0 };
}

void views_clear(struct views *views) {
    for (size_t i = 0; i < VIEWS; i++)
        clear_view(&views->list[i]);
}

const struct view *views_find(struct views *views, const struct snapshot *snapshot,
                              const struct torrent_names *names,
                              const struct torrent_query *query) {
    struct view *view = find_made(views, query);
    if (view == NULL) {
        view = least_used(views);
        clear_view(view);
        if (!make_view(view, snapshot, names, query))
            return NULL;
    }
    view->used = ++views->look_ups;
    return view;
}
