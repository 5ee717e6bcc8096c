#include "probe/queue_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ALLOCATED = 64 };

static struct slot *slot_at(const struct slot_table *table, uint32_t position) {
    return slot_table_at(table, position);
}

/* The free ones stand in a line of their own, behind the others. */
static uint32_t free_line(const struct slot_table *table) {
    return table->lines;
}

/* A line is a ring; its head is at the position that has the line's number. */
static uint32_t heads(const struct slot_table *table) {
    return table->lines + 1;
}

static void enter_line(struct slot_table *table, uint32_t position, uint32_t line) {
    struct slot *slot = slot_at(table, position);
    struct slot *head = slot_at(table, line);
    slot->line = line;
    slot->next = line;
    slot->previous = head->previous;
    slot_at(table, slot->previous)->next = position;
    head->previous = position;
    table->counts[line]++;
}

static void leave_line(struct slot_table *table, uint32_t position) {
    const struct slot *slot = slot_at(table, position);
    slot_at(table, slot->previous)->next = slot->next;
    slot_at(table, slot->next)->previous = slot->previous;
    table->counts[slot->line]--;
}

static uint32_t hash_at(const void *array, uint32_t position) {
    return slot_at(array, position)->hash;
}

static bool index_anew(struct slot_table *table, uint32_t allocated) {
    struct peer_index index;
    if (!peer_index_create(&index, allocated))
        return false;
    for (uint32_t position = heads(table); position < table->allocated; position++) {
        const struct slot *slot = slot_at(table, position);
        if (slot->line != free_line(table))
            peer_index_put(&index, slot->hash, position);
    }
    peer_index_free(&table->index);
    table->index = index;
    return true;
}

/* What is new is free. */
static bool grow(struct slot_table *table, uint32_t allocated) {
    uint8_t *entries = realloc(table->entries, allocated * table->entry_size);
    if (entries == NULL)
        return false;
    table->entries = entries;
    if (!index_anew(table, allocated))
        return false;
    const uint32_t first = table->allocated;
    table->allocated = allocated;
    memset(slot_table_at(table, first), 0, (allocated - first) * table->entry_size);
    for (uint32_t position = first; position < allocated; position++) {
        if (position < heads(table))
            *slot_at(table, position) = (struct slot){ .previous = position, .next = position };
        else
            enter_line(table, position, free_line(table));
    }
    return true;
}

bool slot_table_init(struct slot_table *table, size_t entry_size, uint32_t lines) {
    assert(entry_size >= sizeof(struct slot) && lines <= SLOT_LINES_MAX);
    *table = (struct slot_table){ .entry_size = entry_size, .lines = lines };
    if (grow(table, FIRST_ALLOCATED))
        return true;
    slot_table_free(table);
    return false;
}

void slot_table_free(struct slot_table *table) {
    peer_index_free(&table->index);
    free(table->entries);
    *table = (struct slot_table){ 0 };
}

void *slot_table_at(const struct slot_table *table, uint32_t position) {
    return table->entries + position * table->entry_size;
}

uint32_t slot_table_position(const struct slot_table *table, const void *entry) {
    return (uint32_t)((size_t)((const uint8_t *)entry - table->entries) / table->entry_size);
}

struct search {
    slot_match matches;
    const void *wanted;
};

static bool matches_at(const void *array, uint32_t position, const void *wanted) {
    const struct search *search = wanted;
    return search->matches(slot_at(array, position), search->wanted);
}

uint32_t slot_table_find(const struct slot_table *table, uint32_t hash, slot_match matches,
                         const void *wanted) {
    const struct search search = { .matches = matches, .wanted = wanted };
    return peer_index_find(&table->index, hash, matches_at, table, &search);
}

uint32_t slot_table_add(struct slot_table *table, uint32_t hash, uint32_t line) {
    if (table->counts[free_line(table)] == 0 && !grow(table, 2 * table->allocated))
        return SLOT_NOWHERE;
    const uint32_t position = slot_table_first(table, free_line(table));
    leave_line(table, position);
    memset(slot_table_at(table, position), 0, table->entry_size);
    slot_at(table, position)->hash = hash;
    enter_line(table, position, line);
    peer_index_put(&table->index, hash, position);
    return position;
}

void slot_table_remove(struct slot_table *table, uint32_t position) {
    peer_index_remove(&table->index, slot_at(table, position)->hash, position, hash_at, table);
    slot_table_move(table, position, free_line(table));
}

void slot_table_move(struct slot_table *table, uint32_t position, uint32_t line) {
    leave_line(table, position);
    enter_line(table, position, line);
}

uint32_t slot_table_next(const struct slot_table *table, uint32_t position) {
    const uint32_t next = slot_at(table, position)->next;
    return next < heads(table) ? SLOT_NOWHERE : next;
}

uint32_t slot_table_first(const struct slot_table *table, uint32_t line) {
    return slot_table_next(table, line);
}

uint32_t slot_table_count(const struct slot_table *table, uint32_t line) {
    return table->counts[line];
}
