#include "web/views/torrent_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "web/views/torrent_order.h"

enum { FRESH_MS = 1000, REST_MS = 60000 };

struct catalog {
    struct tracker *tracker;
    pthread_mutex_t lock; /* of all below */
    struct names *names;
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
    struct catalog *catalog;
    bool *named; /* those registered torrents that have a swarm */
    bool failed;
};

static bool add_entry(struct snapshot *snapshot, const struct torrent_figures *figures,
                      int64_t name) {
    if (snapshot->count == snapshot->capacity) {
        const size_t capacity = snapshot->capacity + snapshot->capacity / 2 + 256;
        struct catalog_entry *entries =
            realloc(snapshot->entries, capacity * sizeof *snapshot->entries);
        if (entries == NULL)
            return false;
        snapshot->entries = entries;
        snapshot->capacity = capacity;
    }
    snapshot->entries[snapshot->count++] = (struct catalog_entry){ *figures, name };
    return true;
}

static void read_torrents(void *context, const struct torrent_figures *torrents, size_t count) {
    struct taking *taking = context;
    for (size_t i = 0; i < count && !taking->failed; i++) {
        const int64_t name = names_find(taking->catalog->names, torrents[i].info_hash);
        taking->failed = !add_entry(&taking->catalog->snapshot, &torrents[i], name);
        if (name != NAME_NONE)
            taking->named[name] = true;
    }
}

/* Those that are registered and have no swarm. */
static bool add_quiet_ones(struct catalog *catalog, const bool *named) {
    const size_t count = names_count(catalog->names);
    for (size_t i = 0; i < count; i++) {
        struct torrent_figures figures = { .downloaded = 0 };
        memcpy(figures.info_hash, names_at(catalog->names, i)->info_hash, INFO_HASH_LEN);
        if (!named[i] && !add_entry(&catalog->snapshot, &figures, (int64_t)i))
            return false;
    }
    return true;
}

static bool take_entries(struct catalog *catalog, uint64_t now_ms) {
    struct taking taking = {
        .catalog = catalog,
        .named = calloc(names_count(catalog->names) + 1, sizeof(bool)),
    };
    const bool good = taking.named != NULL &&
                      inspect_torrents(catalog->tracker, now_ms, read_torrents, &taking) &&
                      !taking.failed && add_quiet_ones(catalog, taking.named);
    free(taking.named);
    return good;
}

static void drop_snapshot(struct catalog *catalog) {
    snapshot_clear(&catalog->snapshot);
    views_clear(&catalog->views);
    catalog->taken = false;
}

/* The snapshot has places of names in it, which new names do not have. */
static void look_at_names(struct catalog *catalog, uint64_t now_ms) {
    if (!catalog->names_due && now_ms - catalog->names_ms < FRESH_MS)
        return;
    catalog->names_ms = now_ms;
    catalog->names_due = false;
    if (names_refresh(catalog->names))
        drop_snapshot(catalog);
}

static bool take_snapshot(struct catalog *catalog, uint64_t now_ms) {
    look_at_names(catalog, now_ms);
    if (catalog->taken && now_ms - catalog->taken_ms < FRESH_MS)
        return true;
    views_clear(&catalog->views);
    catalog->snapshot.count = 0;
    catalog->taken_ms = now_ms;
    catalog->taken = take_entries(catalog, now_ms) &&
                     snapshot_order(&catalog->snapshot, names_count(catalog->names));
    if (!catalog->taken)
        drop_snapshot(catalog);
    return catalog->taken;
}

static void copy_row(const struct torrent_figures *figures, const struct name *name,
                     struct catalog_row *row) {
    *row = (struct catalog_row){ .figures = *figures };
    if (name == NULL)
        return;
    row->registered = true;
    row->has_file = name->file_id != 0;
    row->size = name->size;
    row->added_s = name->added_s;
    memcpy(row->name, name->text, strlen(name->text) + 1);
}

static const struct name *name_at(const struct catalog *catalog, int64_t place) {
    return place == NAME_NONE ? NULL : names_at(catalog->names, (size_t)place);
}

static void copy_rows(const struct catalog *catalog, const uint32_t *places,
                      struct catalog_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct catalog_entry *entry = &catalog->snapshot.entries[places[i]];
        copy_row(&entry->figures, name_at(catalog, entry->name), &rows[i]);
    }
}

bool catalog_page(struct catalog *catalog, const struct catalog_query *query, size_t offset,
                  uint64_t now_ms, struct catalog_row *rows, size_t max, size_t *count,
                  size_t *total) {
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

bool catalog_find(struct catalog *catalog, const uint8_t info_hash[static INFO_HASH_LEN],
                  uint64_t now_ms, struct catalog_row *row) {
    struct torrent_figures figures = { .downloaded = 0 };
    const bool tracked = inspect_torrent(catalog->tracker, info_hash, now_ms, &figures);
    if (!tracked)
        memcpy(figures.info_hash, info_hash, INFO_HASH_LEN);
    pthread_mutex_lock(&catalog->lock);
    look_at_names(catalog, now_ms);
    const struct name *name = name_at(catalog, names_find(catalog->names, info_hash));
    copy_row(&figures, name, row);
    pthread_mutex_unlock(&catalog->lock);
    return tracked || row->registered;
}

void catalog_name(struct catalog *catalog, const uint8_t info_hash[static INFO_HASH_LEN],
                  char name[static REGISTRY_TEXT_LEN]) {
    pthread_mutex_lock(&catalog->lock);
    const struct name *known = name_at(catalog, names_find(catalog->names, info_hash));
    memcpy(name, known == NULL ? "" : known->text, known == NULL ? 1 : strlen(known->text) + 1);
    pthread_mutex_unlock(&catalog->lock);
}

void catalog_renew(struct catalog *catalog) {
    pthread_mutex_lock(&catalog->lock);
    catalog->names_due = true;
    pthread_mutex_unlock(&catalog->lock);
}

void catalog_rest(struct catalog *catalog, uint64_t now_ms) {
    pthread_mutex_lock(&catalog->lock);
    if (catalog->taken && now_ms - catalog->asked_ms > REST_MS)
        drop_snapshot(catalog);
    pthread_mutex_unlock(&catalog->lock);
}

enum health catalog_health(const struct torrent_figures *figures) {
    const uint32_t seeders = figures_seeders(figures);
    const uint32_t leechers = figures_leechers(figures);
    if (seeders == 0)
        return leechers == 0 ? HEALTH_IDLE : HEALTH_UNSEEDED;
    return seeders == 1 && leechers > 0 ? HEALTH_WEAK : HEALTH_GOOD;
}

struct catalog *catalog_create(struct tracker *tracker, const char *database) {
    struct catalog *catalog = calloc(1, sizeof *catalog);
    if (catalog == NULL)
        return NULL;
    pthread_mutex_init(&catalog->lock, NULL);
    catalog->tracker = tracker;
    catalog->names_due = true;
    catalog->names = names_create(database);
    if (catalog->names != NULL)
        return catalog;
    catalog_delete(catalog);
    return NULL;
}

void catalog_delete(struct catalog *catalog) {
    if (catalog == NULL)
        return;
    drop_snapshot(catalog);
    names_delete(catalog->names);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
}
