#include "web/views/torrent_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "web/views/torrent_order.h"

enum { FRESH_MS = 1000, REST_MS = 60000 };

struct torrent_list {
    struct tracker *tracker;
    pthread_mutex_t lock; /* of all below */
    struct torrent_names *names;
    bool names_due;
    uint64_t names_ms; /* when the registry was looked at */
    struct snapshot snapshot;
    bool taken;
    uint64_t taken_ms;
    uint64_t asked_ms;
    struct views views;
};

/* The figures, as they come in. */
struct taking {
    struct torrent_list *catalog;
    bool *named; /* those registered torrents that have a swarm */
    bool failed;
};

static bool add_entry(struct snapshot *snapshot, const struct torrent_stats *stats, int64_t name) {
    if (snapshot->count == snapshot->capacity) {
        const size_t capacity = snapshot->capacity + snapshot->capacity / 2 + 256;
        struct torrent_entry_view *entries =
            realloc(snapshot->entries, capacity * sizeof *snapshot->entries);
        if (entries == NULL)
            return false;
        snapshot->entries = entries;
        snapshot->capacity = capacity;
    }
    snapshot->entries[snapshot->count++] = (struct torrent_entry_view){ *stats, name };
    return true;
}

static void read_torrents(void *context, const struct torrent_stats *torrents, size_t count) {
    struct taking *taking = context;
    for (size_t i = 0; i < count && !taking->failed; i++) {
        const int64_t name = torrent_names_find(taking->catalog->names, torrents[i].info_hash);
        taking->failed = !add_entry(&taking->catalog->snapshot, &torrents[i], name);
        if (name != NAME_NONE)
            taking->named[name] = true;
    }
}

/* Those that are registered and have no swarm. */
static bool add_quiet_ones(struct torrent_list *list, const bool *named) {
    const size_t count = torrent_names_count(list->names);
    for (size_t i = 0; i < count; i++) {
        struct torrent_stats stats = { .downloaded = 0 };
        memcpy(stats.info_hash, torrent_names_at(list->names, i)->info_hash, INFO_HASH_LEN);
        if (!named[i] && !add_entry(&list->snapshot, &stats, (int64_t)i))
            return false;
    }
    return true;
}

static bool take_entries(struct torrent_list *list, uint64_t now_ms) {
    struct taking taking = {
        .catalog = list,
        .named = calloc(torrent_names_count(list->names) + 1, sizeof(bool)),
    };
    const bool good = taking.named != NULL &&
                      swarm_snapshot_torrents(list->tracker, now_ms, read_torrents, &taking) &&
                      !taking.failed && add_quiet_ones(list, taking.named);
    free(taking.named);
    return good;
}

static void drop_snapshot(struct torrent_list *list) {
    snapshot_clear(&list->snapshot);
    views_clear(&list->views);
    list->taken = false;
}

/* The snapshot has places of names in it, which new names do not have. */
static void look_at_names(struct torrent_list *list, uint64_t now_ms) {
    if (!list->names_due && now_ms - list->names_ms < FRESH_MS)
        return;
    list->names_ms = now_ms;
    list->names_due = false;
    if (torrent_names_refresh(list->names))
        drop_snapshot(list);
}

static bool take_snapshot(struct torrent_list *list, uint64_t now_ms) {
    look_at_names(list, now_ms);
    if (list->taken && now_ms - list->taken_ms < FRESH_MS)
        return true;
    views_clear(&list->views);
    list->snapshot.count = 0;
    list->taken_ms = now_ms;
    list->taken = take_entries(list, now_ms) &&
                  snapshot_order(&list->snapshot, torrent_names_count(list->names));
    if (!list->taken)
        drop_snapshot(list);
    return list->taken;
}

static void copy_row(const struct torrent_stats *stats, const struct torrent_name *name,
                     struct torrent_row *row) {
    *row = (struct torrent_row){ .figures = *stats };
    if (name == NULL)
        return;
    row->registered = true;
    row->has_file = name->file_id != 0;
    row->size = name->size;
    row->added_s = name->added_s;
    memcpy(row->name, name->text, strlen(name->text) + 1);
}

static const struct torrent_name *name_at(const struct torrent_list *list, int64_t place) {
    return place == NAME_NONE ? NULL : torrent_names_at(list->names, (size_t)place);
}

static void copy_rows(const struct torrent_list *list, const uint32_t *places,
                      struct torrent_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct torrent_entry_view *entry = &list->snapshot.entries[places[i]];
        copy_row(&entry->figures, name_at(list, entry->name), &rows[i]);
    }
}

bool torrent_list_page(struct torrent_list *list, const struct torrent_query *query, size_t offset,
                       uint64_t now_ms, struct torrent_row *rows, size_t max, size_t *count,
                       size_t *total) {
    *count = 0;
    *total = 0;
    pthread_mutex_lock(&list->lock);
    list->asked_ms = now_ms;
    const struct view *view = NULL;
    if (take_snapshot(list, now_ms))
        view = views_find(&list->views, &list->snapshot, list->names, query);
    if (view != NULL) {
        *total = view->count;
        if (offset < view->count)
            *count = view->count - offset < max ? view->count - offset : max;
        copy_rows(list, view->places + offset, rows, *count);
    }
    pthread_mutex_unlock(&list->lock);
    return view != NULL;
}

bool torrent_list_find(struct torrent_list *list, const uint8_t info_hash[static INFO_HASH_LEN],
                       uint64_t now_ms, struct torrent_row *row) {
    struct torrent_stats stats = { .downloaded = 0 };
    const bool tracked = swarm_snapshot_torrent(list->tracker, info_hash, now_ms, &stats);
    if (!tracked)
        memcpy(stats.info_hash, info_hash, INFO_HASH_LEN);
    pthread_mutex_lock(&list->lock);
    look_at_names(list, now_ms);
    const struct torrent_name *name = name_at(list, torrent_names_find(list->names, info_hash));
    copy_row(&stats, name, row);
    pthread_mutex_unlock(&list->lock);
    return tracked || row->registered;
}

void torrent_list_name(struct torrent_list *list, const uint8_t info_hash[static INFO_HASH_LEN],
                       char name[static REGISTRY_TEXT_LEN]) {
    pthread_mutex_lock(&list->lock);
    const struct torrent_name *known = name_at(list, torrent_names_find(list->names, info_hash));
    memcpy(name, known == NULL ? "" : known->text, known == NULL ? 1 : strlen(known->text) + 1);
    pthread_mutex_unlock(&list->lock);
}

void torrent_list_invalidate(struct torrent_list *list) {
    pthread_mutex_lock(&list->lock);
    list->names_due = true;
    pthread_mutex_unlock(&list->lock);
}

void torrent_list_release_idle(struct torrent_list *list, uint64_t now_ms) {
    pthread_mutex_lock(&list->lock);
    if (list->taken && now_ms - list->asked_ms > REST_MS)
        drop_snapshot(list);
    pthread_mutex_unlock(&list->lock);
}

enum health torrent_list_health(const struct torrent_stats *stats) {
    const uint32_t seeders = torrent_seeders(stats);
    const uint32_t leechers = torrent_leechers(stats);
    if (seeders == 0)
        return leechers == 0 ? HEALTH_IDLE : HEALTH_UNSEEDED;
    return seeders == 1 && leechers > 0 ? HEALTH_WEAK : HEALTH_GOOD;
}

struct torrent_list *torrent_list_create(struct tracker *tracker, const char *database) {
    struct torrent_list *list = calloc(1, sizeof *list);
    if (list == NULL)
        return NULL;
    pthread_mutex_init(&list->lock, NULL);
    list->tracker = tracker;
    list->names_due = true;
    list->names = torrent_names_create(database);
    if (list->names != NULL)
        return list;
    torrent_list_delete(list);
    return NULL;
}

void torrent_list_delete(struct torrent_list *list) {
    if (list == NULL)
        return;
    drop_snapshot(list);
    torrent_names_delete(list->names);
    pthread_mutex_destroy(&list->lock);
    free(list);
}
