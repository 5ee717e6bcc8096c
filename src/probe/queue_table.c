#include "probe/queue_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ALLOCATED = 64 };

static struct queue_slot *slot_at(const struct queue_table *table, uint32_t position) {
    return queue_table_at(table, position);
}

/* The free ones stand in a line of their own, behind the others. */
static uint32_t free_line(const struct queue_table *table) {
    return table->lines;
}

/* A line is a ring; its head is at the position that has the line's number. */
static uint32_t heads(const struct queue_table *table) {
    return table->lines + 1;
}

static void enter_line(struct queue_table *table, uint32_t position, uint32_t line) {
    struct queue_slot *slot = slot_at(table, position);
    struct queue_slot *head = slot_at(table, line);
    slot->line = line;
    slot->next = line;
    slot->previous = head->previous;
    slot_at(table, slot->previous)->next = position;
    head->previous = position;
    table->counts[line]++;
}

static void leave_line(struct queue_table *table, uint32_t position) {
    const struct queue_slot *slot = slot_at(table, position);
    slot_at(table, slot->previous)->next = slot->next;
    slot_at(table, slot->next)->previous = slot->previous;
    table->counts[slot->line]--;
}

static uint32_t hash_at(const void *array, uint32_t position) {
    return slot_at(array, position)->hash;
}

static bool index_anew(struct queue_table *table, uint32_t allocated) {
    struct hash_index index;
    if (!hash_index_create(&index, allocated))
        return false;
    for (uint32_t position = heads(table); position < table->allocated; position++) {
        const struct queue_slot *slot = slot_at(table, position);
        if (slot->line != free_line(table))
            hash_index_put(&index, slot->hash, position);
    }
    hash_index_free(&table->index);
    table->index = index;
    return true;
}

/* What is new is free. */
static bool grow(struct queue_table *table, uint32_t allocated) {
    uint8_t *entries = realloc(table->entries, allocated * table->entry_size);
    if (entries == NULL)
        return false;
    table->entries = entries;
    if (!index_anew(table, allocated))
        return false;
    const uint32_t first = table->allocated;
    table->allocated = allocated;
    memset(queue_table_at(table, first), 0, (allocated - first) * table->entry_size);
    for (uint32_t position = first; position < allocated; position++) {
        if (position < heads(table))
            *slot_at(table, position) =
                (struct queue_slot){ .previous = position, .next = position };
        else
            enter_line(table, position, free_line(table));
    }
    return true;
}

bool queue_table_init(struct queue_table *table, size_t entry_size, uint32_t lines) {
    assert(entry_size >= sizeof(struct queue_slot) && lines <= QUEUE_TABLE_QUEUES_MAX);
    *table = (struct queue_table){ .entry_size = entry_size, .lines = lines };
    if (grow(table, FIRST_ALLOCATED))
        return true;
    queue_table_free(table);
    return false;
}

void queue_table_free(struct queue_table *table) {
    hash_index_free(&table->index);
    free(table->entries);
    *table = (struct queue_table){ 0 };
}

void *queue_table_at(const struct queue_table *table, uint32_t position) {
    return table->entries + position * table->entry_size;
}

uint32_t queue_table_position(const struct queue_table *table, const void *entry) {
    return (uint32_t)((size_t)((const uint8_t *)entry - table->entries) / table->entry_size);
}

struct search {
    queue_table_match matches;
    const void *wanted;
};

static bool matches_at(const void *array, uint32_t position, const void *wanted) {
    const struct search *search = wanted;
    return search->matches(slot_at(array, position), search->wanted);
}

uint32_t queue_table_find(const struct queue_table *table, uint32_t hash, queue_table_match matches,
                          const void *wanted) {
    const struct search search = { .matches = matches, .wanted = wanted };
    return hash_index_find(&table->index, hash, matches_at, table, &search);
}

uint32_t queue_table_add(struct queue_table *table, uint32_t hash, uint32_t line) {
    if (table->counts[free_line(table)] == 0 && !grow(table, 2 * table->allocated))
        return QUEUE_TABLE_NONE;
    const uint32_t position = queue_table_first(table, free_line(table));
    leave_line(table, position);
    memset(queue_table_at(table, position), 0, table->entry_size);
    slot_at(table, position)->hash = hash;
    enter_line(table, position, line);
    hash_index_put(&table->index, hash, position);
    return position;
}

void queue_table_remove(struct queue_table *table, uint32_t position) {
    hash_index_remove(&table->index, slot_at(table, position)->hash, position, hash_at, table);
    queue_table_move(table, position, free_line(table));
}

void queue_table_move(struct queue_table *table, uint32_t position, uint32_t line) {
    leave_line(table, position);
    enter_line(table, position, line);
}

uint32_t queue_table_next(const struct queue_table *table, uint32_t position) {
    const uint32_t next = slot_at(table, position)->next;
    return next < heads(table) ? QUEUE_TABLE_NONE : next;
}

uint32_t queue_table_first(const struct queue_table *table, uint32_t line) {
    return queue_table_next(table, line);
}

uint32_t queue_table_count(const struct queue_table *table, uint32_t line) {
    return table->counts[line];
}
