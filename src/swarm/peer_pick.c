#include "swarm/peer_pick.h"

#include <string.h>

enum { RUNS_MAX = 4 };

/* The candidates are at most three runs of positions. Laid end to end in a circle, a window of the
 * wanted length from a random start gives each of them the same chance. */

struct run {
    uint32_t from;
    uint32_t to;
};

struct runs {
    struct run list[RUNS_MAX];
    uint32_t count;
};

static void add_run(struct runs *runs, uint32_t from, uint32_t to) {
    if (from < to)
        runs->list[runs->count++] = (struct run){ .from = from, .to = to };
}

static uint32_t min_u32(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static struct runs subtract_run(const struct runs *runs, uint32_t from, uint32_t to) {
    struct runs rest = { 0 };
    for (uint32_t i = 0; i < runs->count; i++) {
        const struct run run = runs->list[i];
        add_run(&rest, run.from, min_u32(run.to, from));
        add_run(&rest, max_u32(run.from, to), run.to);
    }
    return rest;
}

static struct runs find_candidates(const struct peer_list *list, const struct peer_filter *filter) {
    struct runs runs = { 0 };
    add_run(&runs, filter->leechers_only ? peer_list_seeders(list) : 0, peer_list_count(list));
    if (filter->outside_only)
        runs = subtract_run(&runs, list->zone_end[ZONE_SEEDER_OUTSIDE],
                            list->zone_end[ZONE_LEECHER_LAN]);
    if (filter->self != PEER_NOWHERE)
        runs = subtract_run(&runs, filter->self, filter->self + 1);
    return runs;
}

static uint32_t count_candidates(const struct runs *runs) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < runs->count; i++)
        sum += runs->list[i].to - runs->list[i].from;
    return sum;
}

struct copy {
    const struct peer_list *list;
    const uint8_t *substitute;
    uint8_t *wire;
    uint8_t *peer_ids;
};

static void substitute_lan(const struct copy *copy, uint32_t from, uint32_t count) {
    const size_t len = endpoint_len(copy->list->family);
    const uint32_t first = max_u32(from, copy->list->zone_end[ZONE_SEEDER_OUTSIDE]);
    const uint32_t end = min_u32(from + count, copy->list->zone_end[ZONE_LEECHER_LAN]);
    for (uint32_t i = first; i < end; i++)
        memcpy(copy->wire + (i - from) * len, copy->substitute, len - 2);
}

static void copy_peers(struct copy *copy, uint32_t from, uint32_t count) {
    const size_t len = endpoint_len(copy->list->family);
    memcpy(copy->wire, peer_list_wire(copy->list, from), count * len);
    if (copy->substitute != NULL)
        substitute_lan(copy, from, count);
    copy->wire += count * len;
    if (copy->peer_ids == NULL)
        return;
    for (uint32_t i = 0; i < count; i++, copy->peer_ids += PEER_ID_LEN)
        memcpy(copy->peer_ids, peer_list_record(copy->list, from + i)->peer_id, PEER_ID_LEN);
}

/* Copies `want` peers of the circle, starting `skip` positions after its first. */
static void copy_window(struct copy *copy, const struct runs *runs, uint32_t skip, uint32_t want) {
    for (uint32_t i = 0; want > 0; i = (i + 1) % runs->count) {
        const struct run run = runs->list[i];
        const uint32_t len = run.to - run.from;
        if (skip >= len) {
            skip -= len;
            continue;
        }
        const uint32_t count = min_u32(len - skip, want);
        copy_peers(copy, run.from + skip, count);
        want -= count;
        skip = 0;
    }
}

uint32_t peer_pick(const struct peer_list *list, struct random *random,
                   const struct peer_filter *filter, uint32_t want, const uint8_t *substitute,
                   uint8_t *wire, uint8_t *peer_ids) {
    const struct runs runs = find_candidates(list, filter);
    const uint32_t choice = count_candidates(&runs);
    const uint32_t count = min_u32(choice, want);
    if (count == 0)
        return 0;
    struct copy copy = {
        .list = list, .substitute = substitute, .wire = wire, .peer_ids = peer_ids
    };
    copy_window(&copy, &runs, count < choice ? random_below(random, choice) : 0, count);
    return count;
}
