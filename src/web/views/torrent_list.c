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

static bool add_entry(struct snapshot *snapshot, const struct torrent_stats *figures,
                      int64_t name) {
    if (snapshot->count == snapshot->capacity) {
        const size_t capacity = snapshot->capacity + snapshot->capacity / 2 + 256;
        struct torrent_entry_view *entries =
            realloc(snapshot->entries, capacity * sizeof *snapshot->entries);
        if (entries == NULL)
            return false;
        snapshot->entries = entries;
        snapshot->capacity = capacity;
    }
    snapshot->entries[snapshot->count++] = (struct torrent_entry_view){ *figures, name };
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
static bool add_quiet_ones(struct torrent_list *catalog, const bool *named) {
    const size_t count = torrent_names_count(catalog->names);
    for (size_t i = 0; i < count; i++) {
        struct torrent_stats figures = { .downloaded = 0 };
        memcpy(figures.info_hash, torrent_names_at(catalog->names, i)->info_hash, INFO_HASH_LEN);
        if (!named[i] && !add_entry(&catalog->snapshot, &figures, (int64_t)i))
            return false;
    }
    return true;
}

static bool take_entries(struct torrent_list *catalog, uint64_t now_ms) {
    struct taking taking = {
        .catalog = catalog,
        .named = calloc(torrent_names_count(catalog->names) + 1, sizeof(bool)),
    };
    const bool good = taking.named != NULL &&
                      swarm_snapshot_torrents(catalog->tracker, now_ms, read_torrents, &taking) &&
                      !taking.failed && add_quiet_ones(catalog, taking.named);
    free(taking.named);
    return good;
}

static void drop_snapshot(struct torrent_list *catalog) {
    snapshot_clear(&catalog->snapshot);
    views_clear(&catalog->views);
    catalog->taken = false;
}

/* The snapshot has places of names in it, which new names do not have. */
static void look_at_names(struct torrent_list *catalog, uint64_t now_ms) {
    if (!catalog->names_due && now_ms - catalog->names_ms < FRESH_MS)
        return;
    catalog->names_ms = now_ms;
    catalog->names_due = false;
    if (torrent_names_refresh(catalog->names))
        drop_snapshot(catalog);
}

static bool take_snapshot(struct torrent_list *catalog, uint64_t now_ms) {
    look_at_names(catalog, now_ms);
    if (catalog->taken && now_ms - catalog->taken_ms < FRESH_MS)
        return true;
    views_clear(&catalog->views);
    catalog->snapshot.count = 0;
    catalog->taken_ms = now_ms;
    catalog->taken = take_entries(catalog, now_ms) &&
                     snapshot_order(&catalog->snapshot, torrent_names_count(catalog->names));
    if (!catalog->taken)
        drop_snapshot(catalog);
    return catalog->taken;
}

static void copy_row(const struct torrent_stats *figures, const struct torrent_name *name,
                     struct torrent_row *row) {
    *row = (struct torrent_row){ .figures = *figures };
    if (name == NULL)
        return;
    row->registered = true;
    row->has_file = name->file_id != 0;
    row->size = name->size;
    row->added_s = name->added_s;
    memcpy(row->name, name->text, strlen(name->text) + 1);
}

static const struct torrent_name *name_at(const struct torrent_list *catalog, int64_t place) {
    return place == NAME_NONE ? NULL : torrent_names_at(catalog->names, (size_t)place);
}

static void copy_rows(const struct torrent_list *catalog, const uint32_t *places,
                      struct torrent_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct torrent_entry_view *entry = &catalog->snapshot.entries[places[i]];
        copy_row(&entry->figures, name_at(catalog, entry->name), &rows[i]);
    }
}

bool torrent_list_page(struct torrent_list *catalog, const struct torrent_query *query,
                       size_t offset, uint64_t now_ms, struct torrent_row *rows, size_t max,
                       size_t *count, size_t *total) {
    *count = 0;
    *total = 0;
    pthread_mutex_lock(&catalog->lock);
    catalog->asked_ms = now_ms;
    const struct view *view = NULL;
    if (take_snapshot(catalog, now_ms))
        view = views_find(&catalog->views, &catalog->snapshot, catalog->names, query);
    if (view != NULL) {
        *total = view->count;
        if (offset < view->count)
            *count = view->count - offset < max ? view->count - offset : max;
        copy_rows(catalog, view->places + offset, rows, *count);
    }
    pthread_mutex_unlock(&catalog->lock);
    return view != NULL;
}

bool torrent_list_find(struct torrent_list *catalog, const uint8_t info_hash[static INFO_HASH_LEN],
                       uint64_t now_ms, struct torrent_row *row) {
    struct torrent_stats figures = { .downloaded = 0 };
    const bool tracked = swarm_snapshot_torrent(catalog->tracker, info_hash, now_ms, &figures);
    if (!tracked)
        memcpy(figures.info_hash, info_hash, INFO_HASH_LEN);
    pthread_mutex_lock(&catalog->lock);
    look_at_names(catalog, now_ms);
    const struct torrent_name *name =
        name_at(catalog, torrent_names_find(catalog->names, info_hash));
    copy_row(&figures, name, row);
    pthread_mutex_unlock(&catalog->lock);
    return tracked || row->registered;
}

void torrent_list_name(struct torrent_list *catalog, const uint8_t info_hash[static INFO_HASH_LEN],
                       char name[static REGISTRY_TEXT_LEN]) {
    pthread_mutex_lock(&catalog->lock);
    const struct torrent_name *known =
        name_at(catalog, torrent_names_find(catalog->names, info_hash));
    memcpy(name, known == NULL ? "" : known->text, known == NULL ? 1 : strlen(known->text) + 1);
    pthread_mutex_unlock(&catalog->lock);
}

void torrent_list_invalidate(struct torrent_list *catalog) {
    pthread_mutex_lock(&catalog->lock);
    catalog->names_due = true;
    pthread_mutex_unlock(&catalog->lock);
}

void torrent_list_release_idle(struct torrent_list *catalog, uint64_t now_ms) {
    pthread_mutex_lock(&catalog->lock);
    if (catalog->taken && now_ms - catalog->asked_ms > REST_MS)
        drop_snapshot(catalog);
    pthread_mutex_unlock(&catalog->lock);
}

enum health torrent_list_health(const struct torrent_stats *figures) {
    const uint32_t seeders = torrent_seeders(figures);
    const uint32_t leechers = torrent_leechers(figures);
    if (seeders == 0)
        return leechers == 0 ? HEALTH_IDLE : HEALTH_UNSEEDED;
    return seeders == 1 && leechers > 0 ? HEALTH_WEAK : HEALTH_GOOD;
}

struct torrent_list *torrent_list_create(struct tracker *tracker, const char *database) {
    struct torrent_list *catalog = calloc(1, sizeof *catalog);
    if (catalog == NULL)
        return NULL;
    pthread_mutex_init(&catalog->lock, NULL);
    catalog->tracker = tracker;
    catalog->names_due = true;
    catalog->names = torrent_names_create(database);
    if (catalog->names != NULL)
        return catalog;
    torrent_list_delete(catalog);
    return NULL;
}

void torrent_list_delete(struct torrent_list *catalog) {
    if (catalog == NULL)
        return;
    drop_snapshot(catalog);
    torrent_names_delete(catalog->names);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
}
