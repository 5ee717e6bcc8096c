#include "probe/queue_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ALLOCATED = 64 };

static struct queue_slot *slot_at(const struct queue_table *table, uint32_t position) {
    return queue_table_at(table, position);
}

/* Free entries are in a queue of their own, after the others. */
static uint32_t free_queue(const struct queue_table *table) {
    return table->queues;
}

/* A queue is a ring; the position of its head is the queue's number. */
static uint32_t head_count(const struct queue_table *table) {
    return table->queues + 1;
}

static void append_entry(struct queue_table *table, uint32_t position, uint32_t queue) {
    struct queue_slot *slot = slot_at(table, position);
    struct queue_slot *head = slot_at(table, queue);
    slot->queue = queue;
    slot->next = queue;
    slot->previous = head->previous;
    slot_at(table, slot->previous)->next = position;
    head->previous = position;
    table->counts[queue]++;
}

static void unlink_entry(struct queue_table *table, uint32_t position) {
    const struct queue_slot *slot = slot_at(table, position);
    slot_at(table, slot->previous)->next = slot->next;
    slot_at(table, slot->next)->previous = slot->previous;
    table->counts[slot->queue]--;
}

static uint32_t hash_at(const void *array, uint32_t position) {
    return slot_at(array, position)->hash;
}

static bool rebuild_index(struct queue_table *table, uint32_t allocated) {
    struct hash_index index;
    if (!hash_index_create(&index, allocated))
        return false;
    for (uint32_t position = head_count(table); position < table->allocated; position++) {
        const struct queue_slot *slot = slot_at(table, position);
        if (slot->queue != free_queue(table))
            hash_index_put(&index, slot->hash, position);
    }
    hash_index_free(&table->index);
    table->index = index;
    return true;
}

/* New entries are free. */
static bool grow_table(struct queue_table *table, uint32_t allocated) {
    uint8_t *entries = realloc(table->entries, allocated * table->entry_len);
    if (entries == NULL)
        return false;
    table->entries = entries;
    if (!rebuild_index(table, allocated))
        return false;
    const uint32_t first = table->allocated;
    table->allocated = allocated;
    memset(queue_table_at(table, first), 0, (allocated - first) * table->entry_len);
    for (uint32_t position = first; position < allocated; position++) {
        if (position < head_count(table))
            *slot_at(table, position) =
                (struct queue_slot){ .previous = position, .next = position };
        else
            append_entry(table, position, free_queue(table));
    }
    return true;
}

bool queue_table_init(struct queue_table *table, size_t entry_len, uint32_t queues) {
    assert(entry_len >= sizeof(struct queue_slot) && queues <= QUEUE_TABLE_QUEUES_MAX);
    *table = (struct queue_table){ .entry_len = entry_len, .queues = queues };
    if (grow_table(table, FIRST_ALLOCATED))
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
    return table->entries + position * table->entry_len;
}

uint32_t queue_table_position(const struct queue_table *table, const void *entry) {
    return (uint32_t)((size_t)((const uint8_t *)entry - table->entries) / table->entry_len);
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

void queue_table_prefetch(const struct queue_table *table, uint32_t hash) {
    hash_index_prefetch(&table->index, hash);
}

uint32_t queue_table_guess(const struct queue_table *table, uint32_t hash) {
    return hash_index_guess(&table->index, hash);
}

uint32_t queue_table_add(struct queue_table *table, uint32_t hash, uint32_t queue) {
    if (table->counts[free_queue(table)] == 0 && !grow_table(table, 2 * table->allocated))
        return QUEUE_TABLE_NONE;
    const uint32_t position = queue_table_first(table, free_queue(table));
    unlink_entry(table, position);
    memset(queue_table_at(table, position), 0, table->entry_len);
    slot_at(table, position)->hash = hash;
    append_entry(table, position, queue);
    hash_index_put(&table->index, hash, position);
    return position;
}

void queue_table_remove(struct queue_table *table, uint32_t position) {
    hash_index_remove(&table->index, slot_at(table, position)->hash, position, hash_at, table);
    queue_table_move(table, position, free_queue(table));
}

void queue_table_move(struct queue_table *table, uint32_t position, uint32_t queue) {
    unlink_entry(table, position);
    append_entry(table, position, queue);
}

uint32_t queue_table_next(const struct queue_table *table, uint32_t position) {
    const uint32_t next = slot_at(table, position)->next;
    return next < head_count(table) ? QUEUE_TABLE_NONE : next;
}

uint32_t queue_table_first(const struct queue_table *table, uint32_t queue) {
    return queue_table_next(table, queue);
}

uint32_t queue_table_count(const struct queue_table *table, uint32_t queue) {
    return table->counts[queue];
}
