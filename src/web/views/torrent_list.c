#include "web/views/torrent_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "web/views/torrent_names.h"
#include "web/views/torrent_order.h"

enum {
    SNAPSHOT_MAX_AGE_MS = 1000,
    IDLE_MS = 60000,
    COUNT_REST = 20, /* a count is used for 20 times as long as it took */
};

struct torrent_list {
    struct tracker *tracker;
    struct prober *prober; /* may be NULL */
    pthread_mutex_t lock;  /* guards all below */
    struct torrent_names *names;
    struct torrent_order order;
    bool filled; /* `order` holds a whole snapshot */
    uint64_t filled_ms;
    uint64_t used_ms; /* last torrent_list_page() or torrent_list_count() */
    uint64_t recount_ms;
    struct torrent_counts counts;
};

struct snapshot_reader {
    struct torrent_list *list;
    struct prober *prober; /* NULL: no peer is known to be unreachable */
    uint64_t now_ms;
    bool *active; /* by position in names: whether the torrent has a swarm */
    bool failed;
};

static void read_torrents(void *context, const struct torrent_stats *torrents, size_t count) {
    struct snapshot_reader *reader = context;
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const int64_t name = torrent_names_find(reader->list->names, torrents[i].info_hash);
        const struct torrent_entry entry = {
            .stats = torrents[i],
            .name = name,
            .health = (uint8_t)torrent_health_probed(reader->list->tracker, reader->prober,
                                                     &torrents[i], reader->now_ms),
        };
        reader->failed = !torrent_order_add(&reader->list->order, &entry);
        if (name != TORRENT_UNNAMED)
            reader->active[name] = true;
    }
}

/* Adds the registered torrents that have no swarm. */
static bool add_inactive_torrents(struct torrent_list *list, const bool *active) {
    const size_t count = torrent_names_count(list->names);
    for (size_t i = 0; i < count; i++) {
        struct torrent_entry entry = { .name = (int64_t)i, .health = HEALTH_IDLE };
        memcpy(entry.stats.info_hash, torrent_names_at(list->names, i)->info_hash, INFO_HASH_LEN);
        if (!active[i] && !torrent_order_add(&list->order, &entry))
            return false;
    }
    return true;
}

static struct prober *prober_with_unreachable_peers(struct prober *prober) {
    struct prober_stats stats = { .enabled = false };
    if (prober != NULL)
        stats = prober_stats(prober);
    return stats.now.peers[REACH_REFUSED] + stats.now.peers[REACH_SILENT] > 0 ? prober : NULL;
}

static bool fill_order(struct torrent_list *list, uint64_t now_ms) {
    const size_t name_count = torrent_names_count(list->names);
    struct snapshot_reader reader = {
        .list = list,
        .prober = prober_with_unreachable_peers(list->prober),
        .now_ms = now_ms,
        .active = calloc(name_count + 1, sizeof(bool)),
    };
    const bool good = reader.active != NULL &&
                      swarm_snapshot_torrents(list->tracker, now_ms, read_torrents, &reader) &&
                      !reader.failed && add_inactive_torrents(list, reader.active) &&
                      torrent_order_sort(&list->order, list->names);
    free(reader.active);
    return good;
}

static void drop_snapshot(struct torrent_list *list) {
    torrent_order_clear(&list->order);
    list->filled = false;
}

/* Entries hold positions of names, which change when the names are read again. */
static void refresh_names(struct torrent_list *list) {
    if (torrent_names_refresh(list->names))
        drop_snapshot(list);
}

static bool refresh_snapshot(struct torrent_list *list, uint64_t now_ms) {
    refresh_names(list);
    if (list->filled && now_ms - list->filled_ms < SNAPSHOT_MAX_AGE_MS)
        return true;
    drop_snapshot(list);
    list->filled_ms = now_ms;
    list->filled = fill_order(list, now_ms);
    if (!list->filled)
        drop_snapshot(list);
    return list->filled;
}

static const struct torrent_name *name_at(const struct torrent_list *list, int64_t position) {
    return position == TORRENT_UNNAMED ? NULL : torrent_names_at(list->names, (size_t)position);
}

static void fill_row(const struct torrent_list *list, const struct torrent_entry *entry,
                     struct torrent_row *row) {
    const struct torrent_name *name = name_at(list, entry->name);
    *row = (struct torrent_row){
        .stats = entry->stats,
        .health = (enum health)entry->health,
    };
    if (name == NULL)
        return;
    const struct torrent_name *sibling = torrent_names_sibling(list->names, name);
    row->registered = true;
    row->hybrid = sibling != NULL;
    if (sibling != NULL)
        memcpy(row->other_hash, sibling->info_hash, INFO_HASH_LEN);
    row->has_file = name->has_file;
    row->size = name->size;
    row->added_s = name->added_s;
    memcpy(row->name, name->text, strlen(name->text) + 1);
}

bool torrent_list_page(struct torrent_list *list, const struct torrent_query *query, size_t offset,
                       uint64_t now_ms, struct torrent_row *rows, size_t max, size_t *count,
                       size_t *total) {
    *count = 0;
    *total = 0;
    pthread_mutex_lock(&list->lock);
    list->used_ms = now_ms;
    const struct torrent_result *result = NULL;
    if (refresh_snapshot(list, now_ms))
        result = torrent_order_find(&list->order, list->names, query);
    if (result != NULL)
        *total = result->count;
    for (size_t i = offset; i < *total && *count < max; i++) {
        fill_row(list, &list->order.entries[result->positions[i]], &rows[(*count)++]);
    }
    pthread_mutex_unlock(&list->lock);
    return result != NULL;
}

static void count_torrents(const struct torrent_order *order, struct torrent_counts *counts) {
    *counts = (struct torrent_counts){ 0 };
    for (size_t i = 0; i < order->count; i++)
        counts->by_health[order->entries[i].health] += !order->entries[i].secondary;
}

bool torrent_list_count(struct torrent_list *list, uint64_t now_ms, struct torrent_counts *counts) {
    bool good = true;
    pthread_mutex_lock(&list->lock);
    list->used_ms = now_ms;
    if (now_ms >= list->recount_ms) {
        const uint64_t began_ms = clock_now_ms();
        good = refresh_snapshot(list, now_ms);
        if (good)
            count_torrents(&list->order, &list->counts);
        list->recount_ms = now_ms + COUNT_REST * (clock_now_ms() - began_ms);
    }
    *counts = list->counts;
    pthread_mutex_unlock(&list->lock);
    return good;
}

bool torrent_list_find(struct torrent_list *list, const uint8_t info_hash[static INFO_HASH_LEN],
                       uint64_t now_ms, struct torrent_row *row) {
    struct torrent_entry entry = { .stats = { .downloaded = 0 } };
    const bool active = swarm_snapshot_torrent(list->tracker, info_hash, now_ms, &entry.stats);
    if (!active)
        memcpy(entry.stats.info_hash, info_hash, INFO_HASH_LEN);
    entry.health =
        (uint8_t)torrent_health_probed(list->tracker, list->prober, &entry.stats, now_ms);
    pthread_mutex_lock(&list->lock);
    refresh_names(list);
    entry.name = torrent_names_find(list->names, info_hash);
    fill_row(list, &entry, row);
    pthread_mutex_unlock(&list->lock);
    return active || row->registered;
}

void torrent_list_name(struct torrent_list *list, const uint8_t info_hash[static INFO_HASH_LEN],
                       char name[static REGISTRY_TEXT_LEN]) {
    struct registry_row row = { .kind = REGISTRY_TORRENT };
    memcpy(row.info_hash, info_hash, INFO_HASH_LEN);
    (void)registry_find(tracker_registry(list->tracker), &row);
    if (row.text[0] == '\0') {
        row.kind = REGISTRY_TORRENT_FILE;
        (void)registry_find(tracker_registry(list->tracker), &row);
    }
    memcpy(name, row.text, REGISTRY_TEXT_LEN);
}

size_t torrent_list_registered(struct torrent_list *list) {
    pthread_mutex_lock(&list->lock);
    refresh_names(list);
    const size_t count = torrent_names_count(list->names);
    pthread_mutex_unlock(&list->lock);
    return count;
}

void torrent_list_release_idle(struct torrent_list *list, uint64_t now_ms) {
    pthread_mutex_lock(&list->lock);
    if (list->filled && now_ms - list->used_ms > IDLE_MS)
        drop_snapshot(list);
    pthread_mutex_unlock(&list->lock);
}

struct torrent_list *torrent_list_create(struct tracker *tracker, struct prober *prober) {
    struct torrent_list *list = calloc(1, sizeof *list);
    if (list == NULL)
        return NULL;
    pthread_mutex_init(&list->lock, NULL);
    list->tracker = tracker;
    list->prober = prober;
    list->names = torrent_names_create(tracker_registry(tracker));
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
