#include "cluster/counter_table.h"

#include <stdlib.h>

#include "base/prefetch.h"

enum { SLOTS_MIN = 16 };

struct counter_table counter_table_create(uint32_t limit) {
    return (struct counter_table){ .limit = limit };
}

void counter_table_free(struct counter_table *table) {
    free(table->slots);
    *table = (struct counter_table){ .limit = table->limit };
}

static bool is_empty(const struct counter_slot *slot) {
    return slot->node == 0;
}

/* The slot of the pair, or the empty one where it belongs. At least one slot is empty. All pairs of
 * a torrent are in one run of slots, which begins at its hash. */
static struct counter_slot *find_slot(const struct counter_table *table, uint64_t torrent,
                                      uint64_t node) {
    uint32_t at = (uint32_t)torrent & (table->size - 1);
    while (!is_empty(&table->slots[at]) &&
           (table->slots[at].torrent != torrent || table->slots[at].node != node))
        at = (at + 1) & (table->size - 1);
    return &table->slots[at];
}

static bool grow(struct counter_table *table) {
    struct counter_table grown = *table;
    grown.size = table->size == 0 ? SLOTS_MIN : 2 * table->size;
    grown.slots = calloc(grown.size, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (uint32_t i = 0; i < table->size; i++) {
        const struct counter_slot *slot = &table->slots[i];
        if (!is_empty(slot))
            *find_slot(&grown, slot->torrent, slot->node) = *slot;
    }
    free(table->slots);
    *table = grown;
    return true;
}

void counter_table_prefetch(const struct counter_table *table, uint64_t torrent) {
    if (table->size > 0)
        prefetch_line(&table->slots[(uint32_t)torrent & (table->size - 1)]);
}

struct counter_pair counter_table_find(const struct counter_table *table, uint64_t torrent,
                                       uint64_t node) {
    if (table->size == 0)
        return (struct counter_pair){ 0 };
    return find_slot(table, torrent, node)->pair;
}

static uint32_t greater_of(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

bool counter_table_merge(struct counter_table *table, uint64_t torrent, uint64_t node,
                         struct counter_pair pair) {
    const bool known = table->size > 0 && !is_empty(find_slot(table, torrent, node));
    if (!known) {
        if (table->count == table->limit)
            return false;
        if (2 * (table->count + 1) > table->size && !grow(table))
            return false;
        table->count++;
    }
    const struct counter_pair past = counter_table_find(table, torrent, node);
    *find_slot(table, torrent, node) = (struct counter_slot){
        .torrent = torrent,
        .node = node,
        .pair = { .counted = greater_of(past.counted, pair.counted),
                  .taken_back = greater_of(past.taken_back, pair.taken_back) },
    };
    return true;
}

const struct counter_slot *counter_table_next(const struct counter_table *table, uint64_t torrent,
                                              uint32_t *cursor) {
    while (*cursor < table->size) {
        const uint32_t at = ((uint32_t)torrent + (*cursor)++) & (table->size - 1);
        if (is_empty(&table->slots[at]))
            break;
        if (table->slots[at].torrent == torrent)
            return &table->slots[at];
    }
    *cursor = table->size;
    return NULL;
}

uint32_t counter_table_sum(const struct counter_table *table, uint64_t torrent) {
    int64_t sum = 0;
    uint32_t cursor = 0;
    for (const struct counter_slot *slot = counter_table_next(table, torrent, &cursor);
         slot != NULL; slot = counter_table_next(table, torrent, &cursor))
        sum += (int64_t)slot->pair.counted - slot->pair.taken_back;
    return sum > 0 ? (uint32_t)sum : 0;
}

/* Empties a slot and moves later ones of its run back, so that none is behind a gap. */
static void remove_at(struct counter_table *table, uint32_t hole) {
    const uint32_t mask = table->size - 1;
    for (uint32_t at = (hole + 1) & mask; !is_empty(&table->slots[at]); at = (at + 1) & mask) {
        const uint32_t home = (uint32_t)table->slots[at].torrent & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        table->slots[hole] = table->slots[at];
        hole = at;
    }
    table->slots[hole] = (struct counter_slot){ 0 };
    table->count--;
}

void counter_table_forget(struct counter_table *table, uint64_t torrent) {
    uint32_t cursor = 0;
    const struct counter_slot *slot = counter_table_next(table, torrent, &cursor);
    while (slot != NULL) {
        remove_at(table, (uint32_t)(slot - table->slots));
        cursor = 0;
        slot = counter_table_next(table, torrent, &cursor);
    }
}
