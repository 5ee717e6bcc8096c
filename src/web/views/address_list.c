#include "web/views/address_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/random.h"
#include "web/views/address_detail.h"
#include "web/views/address_totals.h"
#include "web/views/radix_sort.h"
#include "wire/client_name.h"

enum { FRESH_MS = 2000, REST_MS = 60000 };

struct address_list {
    struct tracker *tracker;
    pthread_mutex_t lock; /* of all below */
    struct address_totals sums;
    struct address_details looks;
    bool taken;
    bool failed; /* for want of memory, while the sums are taken */
    uint64_t taken_ms;
    uint64_t asked_ms;
};

static void read_peers(void *context, const struct peer_stats *peers, size_t count) {
    struct address_list *list = context;
    for (size_t i = 0; i < count && !list->failed; i++)
        list->failed = !address_totals_add(&list->sums, &peers[i]);
}

static void drop_sums(struct address_list *list) {
    address_totals_clear(&list->sums);
    list->taken = false;
}

static bool take_sums(struct address_list *list, uint64_t now_ms) {
    if (list->taken && now_ms < list->taken_ms + FRESH_MS)
        return true;
    drop_sums(list);
    list->failed = false;
    list->taken_ms = now_ms;
    list->taken =
        swarm_snapshot_all_peers(list->tracker, now_ms, read_peers, list) && !list->failed;
    if (!list->taken)
        drop_sums(list);
    return list->taken;
}

static bool is_found(const struct address_row *row, const char *search) {
    char text[ENDPOINT_TEXT_LEN];
    char client[CLIENT_NAME_LEN];
    if (search[0] == '\0')
        return true;
    endpoint_address_text(&row->address, text);
    if (strcasestr(text, search) != NULL)
        return true;
    for (size_t i = 0; i < row->client_count; i++) {
        client_name(row->clients[i], client);
        if (strcasestr(client, search) != NULL)
            return true;
    }
    return false;
}

static uint64_t sort_key(enum address_sort sort, const struct address_row *row) {
    switch (sort) {
    case ADDRESS_BY_TORRENTS:
        return row->torrents;
    case ADDRESS_BY_SEEDING:
        return row->seeding;
    case ADDRESS_BY_LEECHING:
        return row->leeching;
    case ADDRESS_BY_RATE:
        return row->upload_rate + row->download_rate;
    case ADDRESS_BY_ADDRESS:
        break;
    }
    return 0;
}

/* IPv4 comes before IPv6; then the upper half of an address counts, and then the lower one. */
static uint64_t family_of(const struct address_row *row) {
    return row->address.family;
}

static uint64_t upper_half(const struct address_row *row) {
    return row->address.family == FAMILY_V4 ? 0 : load_u64(row->address.wire);
}

static uint64_t lower_half(const struct address_row *row) {
    return row->address.family == FAMILY_V4 ? load_u32(row->address.wire)
                                            : load_u64(row->address.wire + 8);
}

struct sorting {
    const struct address_row *rows;
    struct radix_item *items;
    struct radix_item *spare;
    size_t count;
    bool descending;
};

static void sort_by(const struct sorting *sorting, uint64_t (*key)(const struct address_row *row)) {
    for (size_t i = 0; i < sorting->count; i++) {
        struct radix_item *item = &sorting->items[i];
        const uint64_t value = key(&sorting->rows[item->place]);
        item->key = sorting->descending ? ~value : value;
    }
    radix_sort(sorting->items, sorting->spare, sorting->count);
}

static void sort_as_asked(struct sorting *sorting, const struct address_query *query) {
    sorting->descending = query->descending && query->sort == ADDRESS_BY_ADDRESS;
    sort_by(sorting, lower_half);
    sort_by(sorting, upper_half);
    sort_by(sorting, family_of);
    for (size_t i = 0; i < sorting->count; i++) {
        struct radix_item *item = &sorting->items[i];
        const uint64_t key = sort_key(query->sort, &sorting->rows[item->place]);
        item->key = query->descending ? ~key : key;
    }
    radix_sort(sorting->items, sorting->spare, sorting->count);
}

static size_t collect(const struct address_list *list, const char *search,
                      struct radix_item *items) {
    size_t count = 0;
    for (size_t i = 0; i < list->sums.count; i++) {
        if (is_found(&list->sums.rows[i], search))
            items[count++] = (struct radix_item){ .place = (uint32_t)i };
    }
    return count;
}

/* Finds, sorts and copies. */
static bool answer(const struct address_list *list, const struct address_query *query,
                   size_t offset, struct address_row *rows, size_t max, size_t *count,
                   size_t *total) {
    struct sorting sorting = {
        .rows = list->sums.rows,
        .items = malloc((list->sums.count + 1) * sizeof *sorting.items),
        .spare = malloc((list->sums.count + 1) * sizeof *sorting.spare),
    };
    const bool good = sorting.items != NULL && sorting.spare != NULL;
    if (good) {
        sorting.count = collect(list, query->search, sorting.items);
        sort_as_asked(&sorting, query);
        *total = sorting.count;
    }
    for (size_t i = offset; good && i < sorting.count && *count < max; i++)
        rows[(*count)++] = list->sums.rows[sorting.items[i].place];
    free(sorting.items);
    free(sorting.spare);
    return good;
}

bool address_list_page(struct address_list *list, const struct address_query *query, size_t offset,
                       uint64_t now_ms, struct address_row *rows, size_t max, size_t *count,
                       size_t *total) {
    *count = 0;
    *total = 0;
    pthread_mutex_lock(&list->lock);
    list->asked_ms = now_ms;
    const bool good =
        take_sums(list, now_ms) && answer(list, query, offset, rows, max, count, total);
    pthread_mutex_unlock(&list->lock);
    return good;
}

bool address_list_count(struct address_list *list, const struct network *network, uint64_t now_ms,
                        size_t *peers, size_t *count) {
    const struct networks networks = { .count = 1, .list = { *network } };
    *peers = 0;
    *count = 0;
    pthread_mutex_lock(&list->lock);
    list->asked_ms = now_ms;
    const bool good = take_sums(list, now_ms);
    for (size_t i = 0; good && i < list->sums.count; i++) {
        const struct address_row *row = &list->sums.rows[i];
        if (!networks_contain(&networks, &row->address))
            continue;
        *peers += (size_t)row->seeding + row->leeching;
        ++*count;
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
    list->asked_ms = now_ms;
    const struct address_detail *detail =
        address_details_find(&list->looks, list->tracker, address, now_ms);
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
    if (now_ms > list->asked_ms + REST_MS) {
        drop_sums(list);
        address_details_clear(&list->looks);
    }
    pthread_mutex_unlock(&list->lock);
}

struct address_list *address_list_create(struct tracker *tracker) {
    struct address_list *list = calloc(1, sizeof *list);
    if (list == NULL)
        return NULL;
    list->tracker = tracker;
    pthread_mutex_init(&list->lock, NULL);
    if (random_secret(&list->sums.key, sizeof list->sums.key))
        return list;
    address_list_delete(list);
    return NULL;
}

void address_list_delete(struct address_list *list) {
    if (list == NULL)
        return;
    drop_sums(list);
    address_details_clear(&list->looks);
    pthread_mutex_destroy(&list->lock);
    free(list);
}
