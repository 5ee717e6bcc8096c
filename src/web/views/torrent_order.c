#include "web/views/torrent_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/radix_sort.h"

enum { FOLDED_LEN = 2 * TORRENT_SEARCH_LEN, HEX_LEN = 2 * INFO_HASH_LEN };

bool torrent_order_add(struct torrent_order *order, const struct torrent_entry *entry) {
    struct torrent_entry *entries =
        array_grow(order->entries, &order->capacity, order->count + 1, sizeof *entries);
    if (entries == NULL)
        return false;
    order->entries = entries;
    entries[order->count++] = *entry;
    return true;
}

/* Sorts `items` and writes their positions to `positions`. */
static bool sort_items(struct radix_item *items, size_t count, uint32_t *positions) {
    struct radix_item *spare = malloc((count + 1) * sizeof *spare);
    if (spare == NULL)
        return false;
    radix_sort(items, spare, count);
    for (size_t i = 0; i < count; i++)
        positions[i] = items[i].position;
    free(spare);
    return true;
}

static uint32_t peers_of(const struct torrent_entry *entry) {
    return torrent_seeders(&entry->stats) + torrent_leechers(&entry->stats);
}

/* A hybrid torrent (BEP 52) is listed once. Its named entries come first, in the order of names,
 * and each name has an entry. */
static void hide_secondaries(struct torrent_order *order, const struct torrent_names *names) {
    for (size_t i = 0; i < torrent_names_count(names); i++) {
        const int64_t sibling = torrent_names_at(names, i)->sibling;
        if (sibling <= (int64_t)i)
            continue;
        struct torrent_entry *one = &order->entries[order->by_name[i]];
        struct torrent_entry *other = &order->entries[order->by_name[sibling]];
        if (peers_of(one) < peers_of(other))
            one->secondary = true;
        else
            other->secondary = true;
    }
}

bool torrent_order_sort(struct torrent_order *order, const struct torrent_names *names) {
    const size_t count = order->count;
    const size_t name_count = torrent_names_count(names);
    struct radix_item *items = malloc((count + 1) * sizeof *items);
    free(order->by_name);
    order->by_name = calloc(count + 1, sizeof *order->by_name);
    bool good = items != NULL && order->by_name != NULL;
    for (size_t i = 0; i < count && good; i++) {
        const struct torrent_entry *entry = &order->entries[i];
        /* Names are stored sorted. Four bytes of the info_hash are enough to order the unnamed. */
        const uint64_t key = entry->name != TORRENT_UNNAMED
                                 ? (uint64_t)entry->name
                                 : name_count + load_u32(entry->stats.info_hash);
        items[i] = (struct radix_item){ key, (uint32_t)i };
    }
    good = good && sort_items(items, count, order->by_name);
    free(items);
    if (good)
        hide_secondaries(order, names);
    return good;
}

/* The search text, prepared once for all entries. */
struct needle {
    char folded[FOLDED_LEN];
    bool hexadecimal; /* may be part of an info_hash */
};

static struct needle make_needle(const struct torrent_names *names, const char *search) {
    struct needle needle;
    torrent_names_fold(names, search, needle.folded, sizeof needle.folded);
    const size_t len = strlen(needle.folded);
    needle.hexadecimal = len <= HEX_LEN && strspn(needle.folded, "0123456789abcdef") == len;
    return needle;
}

static bool matches_hash(const uint8_t *info_hash, const struct needle *needle) {
    char hex[HEX_LEN + 1];
    if (!needle->hexadecimal)
        return false;
    hex_encode(info_hash, INFO_HASH_LEN, hex);
    return strstr(hex, needle->folded) != NULL;
}

static bool matches_search(const struct torrent_entry *entry, const struct needle *needle,
                           const struct torrent_names *names) {
    if (needle->folded[0] == '\0' || matches_hash(entry->stats.info_hash, needle))
        return true;
    if (entry->name == TORRENT_UNNAMED)
        return false;
    const struct torrent_name *name = torrent_names_at(names, (size_t)entry->name);
    const struct torrent_name *sibling = torrent_names_sibling(names, name);
    return strstr(name->folded, needle->folded) != NULL ||
           (sibling != NULL && matches_hash(sibling->info_hash, needle));
}

static bool is_unnamed(const struct torrent_entry *entry, const struct torrent_names *names) {
    return entry->name == TORRENT_UNNAMED ||
           torrent_names_at(names, (size_t)entry->name)->text[0] == '\0';
}

static bool matches_show(const struct torrent_entry *entry, enum torrent_show show,
                         const struct torrent_names *names) {
    switch (show) {
    case SHOW_ACTIVE:
        return entry->health != HEALTH_IDLE;
    case SHOW_REGISTERED:
        return entry->name != TORRENT_UNNAMED;
    case SHOW_UNNAMED:
        return is_unnamed(entry, names);
    case SHOW_IDLE:
        return entry->health == HEALTH_IDLE;
    case SHOW_UNSEEDED:
        return entry->health == HEALTH_UNSEEDED;
    case SHOW_STUCK:
        return entry->health == HEALTH_STUCK;
    case SHOW_WEAK:
        return entry->health == HEALTH_WEAK;
    case SHOW_GOOD:
        return entry->health == HEALTH_GOOD;
    case SHOW_ALL:
        break;
    }
    return true;
}

/* Unknown sizes sort as 0. */
static uint64_t entry_key(const struct torrent_entry *entry, enum torrent_sort sort,
                          const struct torrent_names *names) {
    const struct torrent_stats *stats = &entry->stats;
    switch (sort) {
    case BY_SIZE:
        return entry->name == TORRENT_UNNAMED ? 0
                                              : torrent_names_at(names, (size_t)entry->name)->size;
    case BY_SEEDERS:
        return torrent_seeders(stats);
    case BY_LEECHERS:
        return torrent_leechers(stats);
    case BY_DOWNLOADED:
        return stats->downloaded;
    case BY_RATE:
        return stats->upload_rate + stats->download_rate;
    case BY_HEALTH:
        return entry->health;
    case BY_NAME:
        break;
    }
    return 0;
}

/* Writes the matching entries with their sort keys to `items`. They are read by name, and the sort
 * is stable, so ties stay in the order of names. */
static size_t collect_matches(const struct torrent_order *order, const struct torrent_names *names,
                              const struct torrent_query *query, struct radix_item *items) {
    const struct needle needle = make_needle(names, query->search);
    size_t count = 0;
    for (size_t i = 0; i < order->count; i++) {
        const uint32_t position = order->by_name[i];
        const struct torrent_entry *entry = &order->entries[position];
        if (entry->secondary || !matches_show(entry, query->show, names) ||
            !matches_search(entry, &needle, names))
            continue;
        const uint64_t key = query->sort == BY_NAME ? i : entry_key(entry, query->sort, names);
        items[count++] = (struct radix_item){ query->descending ? ~key : key, position };
    }
    return count;
}

static bool run_query(struct torrent_result *result, const struct torrent_order *order,
                      const struct torrent_names *names, const struct torrent_query *query) {
    struct radix_item *items = malloc((order->count + 1) * sizeof *items);
    if (items == NULL)
        return false;
    const size_t count = collect_matches(order, names, query, items);
    uint32_t *positions = malloc((count + 1) * sizeof *positions);
    const bool good = positions != NULL && sort_items(items, count, positions);
    free(items);
    if (good)
        *result =
            (struct torrent_result){ .query = *query, .positions = positions, .count = count };
    else
        free(positions);
    return good;
}

static struct torrent_result *find_cached(struct torrent_order *order,
                                          const struct torrent_query *query) {
    for (size_t i = 0; i < TORRENT_RESULTS_MAX; i++) {
        struct torrent_result *result = &order->results[i];
        if (result->positions != NULL && torrent_query_equal(&result->query, query))
            return result;
    }
    return NULL;
}

static struct torrent_result *least_recently_used(struct torrent_order *order) {
    struct torrent_result *least = &order->results[0];
    for (size_t i = 1; i < TORRENT_RESULTS_MAX; i++) {
        if (order->results[i].used < least->used)
            least = &order->results[i];
    }
    return least;
}

static void clear_result(struct torrent_result *result) {
    free(result->positions);
    *result = (struct torrent_result){ 0 };
}

const struct torrent_result *torrent_order_find(struct torrent_order *order,
                                                const struct torrent_names *names,
                                                const struct torrent_query *query) {
    struct torrent_result *result = find_cached(order, query);
    if (result == NULL) {
        result = least_recently_used(order);
        clear_result(result);
        if (!run_query(result, order, names, query))
            return NULL;
    }
    result->used = ++order->lookups;
    return result;
}

void torrent_order_clear(struct torrent_order *order) {
    for (size_t i = 0; i < TORRENT_RESULTS_MAX; i++)
        clear_result(&order->results[i]);
    free(order->entries);
    free(order->by_name);
    *order = (struct torrent_order){ 0 };
}
