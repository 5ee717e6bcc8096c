#include "web/views/address_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/radix_sort.h"
#include "base/random.h"
#include "web/views/peer_search.h"

enum {
    MAX_AGE_MS = 2000,
    IDLE_MS = 60000,
    SUMMARY_REST = 20, /* a summary is used for 20 times as long as it took */
};

struct address_list {
    struct tracker *tracker;
    struct prober *prober; /* may be NULL */
    pthread_mutex_t lock;  /* guards all below */
    struct address_totals totals;
    struct address_details details;
    bool filled; /* `totals` covers all peers */
    bool failed; /* out of memory while filling */
    uint64_t filled_ms;
    uint64_t used_ms;
    uint64_t summary_until_ms;
    struct address_summary summary;
};

static void read_peers(void *context, const struct peer_stats *peers, size_t count) {
    struct address_list *list = context;
    for (size_t i = 0; i < count && !list->failed; i++)
        list->failed = !address_totals_add(&list->totals, &peers[i]);
}

static void drop_totals(struct address_list *list) {
    address_totals_clear(&list->totals);
    list->filled = false;
}

static void fill_reach(struct address_row *row, struct prober *prober) {
    struct endpoint peer = row->address;
    for (size_t i = 0; i < row->port_count; i++) {
        endpoint_set_port(&peer, row->ports[i]);
        const enum reach reach = peer_reach(prober, &peer);
        if (reach == REACH_OPEN)
            row->open++;
        else if (reach_is_firewalled(reach))
            row->firewalled++;
    }
}

static void fill_reaches(struct address_list *list) {
    struct prober_stats stats = { .enabled = false };
    if (list->prober != NULL)
        stats = prober_stats(list->prober);
    const uint32_t *peers = stats.now.peers;
    if (peers[REACH_OPEN] + peers[REACH_REFUSED] + peers[REACH_SILENT] == 0)
        return;
    for (size_t i = 0; i < list->totals.count; i++)
        fill_reach(&list->totals.rows[i], list->prober);
}

static bool refresh_totals(struct address_list *list, uint64_t now_ms) {
    list->used_ms = now_ms;
    if (list->filled && now_ms < list->filled_ms + MAX_AGE_MS)
        return true;
    drop_totals(list);
    list->failed = false;
    list->filled_ms = now_ms;
    list->filled =
        swarm_snapshot_all_peers(list->tracker, now_ms, read_peers, list) && !list->failed;
    if (list->filled)
        fill_reaches(list);
    else
        drop_totals(list);
    return list->filled;
}

static bool matches_search(const struct address_row *row, struct registry *registry,
                           const char *search) {
    if (search[0] == '\0' || peer_search_address(registry, &row->address, search))
        return true;
    for (size_t i = 0; i < row->client_count; i++) {
        if (peer_search_client(row->clients[i], search))
            return true;
    }
    return false;
}

static bool matches_query(const struct address_row *row, struct registry *registry,
                          const struct address_query *query) {
    if ((query->show == ADDRESSES_UNREACHABLE && row->firewalled == 0) ||
        (query->show == ADDRESSES_OUTSIDE && row->lan))
        return false;
    return matches_search(row, registry, query->search);
}

/* Addresses sort by family, IPv4 first, then as numbers. */
static uint64_t family_key(const struct address_row *row) {
    return row->address.family;
}

static uint64_t high_key(const struct address_row *row) {
    return row->address.family == FAMILY_V4 ? 0 : load_u64(row->address.wire);
}

static uint64_t low_key(const struct address_row *row) {
    return row->address.family == FAMILY_V4 ? load_u32(row->address.wire)
                                            : load_u64(row->address.wire + 8);
}

static uint64_t torrents_key(const struct address_row *row) {
    return row->torrents;
}

static uint64_t seeding_key(const struct address_row *row) {
    return row->seeding;
}

static uint64_t leeching_key(const struct address_row *row) {
    return row->leeching;
}

static uint64_t rate_key(const struct address_row *row) {
    return row->upload_rate + row->download_rate;
}

static uint64_t seen_key(const struct address_row *row) {
    return UINT32_MAX - row->silent_s;
}

static uint64_t reach_key(const struct address_row *row) {
    if (row->firewalled > 0)
        return row->open > 0;
    return row->open > 0 ? 3 : 2;
}

typedef uint64_t (*row_key)(const struct address_row *row);

struct address_sorter {
    const struct address_row *rows;
    struct radix_item *items;
    struct radix_item *spare;
    size_t count;
};

static void sort_by_key(const struct address_sorter *sorter, row_key key, bool descending) {
    for (size_t i = 0; i < sorter->count; i++) {
        struct radix_item *item = &sorter->items[i];
        const uint64_t value = key(&sorter->rows[item->position]);
        item->key = descending ? ~value : value;
    }
    radix_sort(sorter->items, sorter->spare, sorter->count);
}

/* The sort is stable: the last key counts first. */
static void sort_rows(const struct address_sorter *sorter, const struct address_query *query) {
    static const row_key keys[] = {
        [ADDRESS_BY_ADDRESS] = NULL,        [ADDRESS_BY_TORRENTS] = torrents_key,
        [ADDRESS_BY_SEEDING] = seeding_key, [ADDRESS_BY_LEECHING] = leeching_key,
        [ADDRESS_BY_RATE] = rate_key,       [ADDRESS_BY_SEEN] = seen_key,
        [ADDRESS_BY_REACH] = reach_key,
    };
    const row_key key = keys[query->sort];
    const bool descending_addresses = key == NULL && query->descending;
    sort_by_key(sorter, low_key, descending_addresses);
    sort_by_key(sorter, high_key, descending_addresses);
    sort_by_key(sorter, family_key, descending_addresses);
    if (key != NULL)
        sort_by_key(sorter, key, query->descending);
}

static size_t collect_matches(const struct address_totals *totals, struct registry *registry,
                              const struct address_query *query, struct radix_item *items,
                              size_t *peers) {
    size_t count = 0;
    for (size_t i = 0; i < totals->count; i++) {
        const struct address_row *row = &totals->rows[i];
        if (!matches_query(row, registry, query))
            continue;
        items[count++] = (struct radix_item){ .position = (uint32_t)i };
        *peers += (size_t)row->seeding + row->leeching;
    }
    return count;
}

static bool copy_page(const struct address_list *list, const struct address_query *query,
                      size_t offset, struct address_row *rows, size_t max,
                      struct address_page *page) {
    const struct address_totals *totals = &list->totals;
    struct address_sorter sorter = {
        .rows = totals->rows,
        .items = malloc((totals->count + 1) * sizeof *sorter.items),
        .spare = malloc((totals->count + 1) * sizeof *sorter.spare),
    };
    const bool good = sorter.items != NULL && sorter.spare != NULL;
    if (good) {
        sorter.count = collect_matches(totals, tracker_registry(list->tracker), query, sorter.items,
                                       &page->peers);
        sort_rows(&sorter, query);
        page->total = sorter.count;
    }
    for (size_t i = offset; good && i < sorter.count && page->count < max; i++)
        rows[page->count++] = totals->rows[sorter.items[i].position];
    free(sorter.items);
    free(sorter.spare);
    return good;
}

bool address_list_page(struct address_list *list, const struct address_query *query, size_t offset,
                       uint64_t now_ms, struct address_row *rows, size_t max,
                       struct address_page *page) {
    *page = (struct address_page){ .count = 0 };
    pthread_mutex_lock(&list->lock);
    const bool good =
        refresh_totals(list, now_ms) && copy_page(list, query, offset, rows, max, page);
    pthread_mutex_unlock(&list->lock);
    return good;
}

static void summarise(const struct address_totals *totals, struct address_summary *summary) {
    *summary = (struct address_summary){ .addresses = totals->count };
    for (size_t i = 0; i < totals->count; i++)
        summary->firewalled += totals->rows[i].firewalled > 0;
}

bool address_list_summary(struct address_list *list, uint64_t now_ms,
                          struct address_summary *summary) {
    bool good = true;
    pthread_mutex_lock(&list->lock);
    list->used_ms = now_ms;
    if (now_ms >= list->summary_until_ms) {
        const uint64_t began_ms = clock_now_ms();
        good = refresh_totals(list, now_ms);
        summarise(&list->totals, &list->summary);
        list->summary_until_ms = now_ms + SUMMARY_REST * (clock_now_ms() - began_ms);
    }
    *summary = list->summary;
    pthread_mutex_unlock(&list->lock);
    return good;
}

bool address_list_count(struct address_list *list, const struct network *network, uint64_t now_ms,
                        size_t *peers, size_t *addresses) {
    const struct networks networks = { .count = 1, .list = { *network } };
    *peers = 0;
    *addresses = 0;
    pthread_mutex_lock(&list->lock);
    const bool good = refresh_totals(list, now_ms);
    for (size_t i = 0; good && i < list->totals.count; i++) {
        const struct address_row *row = &list->totals.rows[i];
        if (!networks_contain(&networks, &row->address))
            continue;
        *peers += (size_t)row->seeding + row->leeching;
        ++*addresses;
    }
    pthread_mutex_unlock(&list->lock);
    return good;
}

bool address_list_peers(struct address_list *list, const struct endpoint *address, uint64_t now_ms,
                        struct peer_stats peers[static ADDRESS_PEERS_MAX], size_t *count,
                        size_t *total) {
    *count = 0;
    *total = 0;
    pthread_mutex_lock(&list->lock);
    list->used_ms = now_ms;
    const struct address_detail *detail =
        address_details_find(&list->details, list->tracker, address, now_ms);
    if (detail != NULL) {
        *count = detail->count;
        *total = detail->total;
        if (detail->count > 0)
            memcpy(peers, detail->peers, detail->count * sizeof *peers);
    }
    pthread_mutex_unlock(&list->lock);
    return detail != NULL;
}

void address_list_release_idle(struct address_list *list, uint64_t now_ms) {
    pthread_mutex_lock(&list->lock);
    if (now_ms > list->used_ms + IDLE_MS) {
        drop_totals(list);
        address_details_clear(&list->details);
    }
    pthread_mutex_unlock(&list->lock);
}

struct address_list *address_list_create(struct tracker *tracker, struct prober *prober) {
    struct address_list *list = calloc(1, sizeof *list);
    if (list == NULL)
        return NULL;
    list->tracker = tracker;
    list->prober = prober;
    pthread_mutex_init(&list->lock, NULL);
    if (random_secret(&list->totals.key, sizeof list->totals.key))
        return list;
    address_list_delete(list);
    return NULL;
}

void address_list_delete(struct address_list *list) {
    if (list == NULL)
        return;
    drop_totals(list);
    address_details_clear(&list->details);
    pthread_mutex_destroy(&list->lock);
    free(list);
}
