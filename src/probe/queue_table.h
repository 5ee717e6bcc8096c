/* A table of entries of one size that are found by a hash and stand in lines, each in one. An entry
 * begins with a struct queue_slot and is known by its position, which stays the same until it is
 * removed; a pointer to it holds until the next queue_table_add. Grows as needed and does not
 * shrink. Not locked. */
#ifndef SKEP_PROBE_QUEUE_TABLE_H
#define SKEP_PROBE_QUEUE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash_index.h"

enum { QUEUE_TABLE_QUEUES_MAX = 4 };

#define QUEUE_TABLE_NONE HASH_INDEX_NONE

struct queue_slot {
    uint32_t hash;
    uint32_t line;
    uint32_t previous; /* positions of its neighbours in the line */
    uint32_t next;
};

struct queue_table {
    uint8_t *entries; /* the heads of the lines, the head of the free ones, then the entries */
    size_t entry_size;
    uint32_t lines;
    uint32_t allocated;
    uint32_t counts[QUEUE_TABLE_QUEUES_MAX + 1];
    struct hash_index index;
};

/* Whether the entry is what is wanted. */
typedef bool (*queue_table_match)(const void *entry, const void *wanted);

/* With lines 0 to `lines` - 1. False without memory; then there is nothing to free. */
bool queue_table_init(struct queue_table *table, size_t entry_size, uint32_t lines);
void queue_table_free(struct queue_table *table);

void *queue_table_at(const struct queue_table *table, uint32_t position);
uint32_t queue_table_position(const struct queue_table *table, const void *entry);

/* The position of the entry with this hash that matches, or QUEUE_TABLE_NONE. */
uint32_t queue_table_find(const struct queue_table *table, uint32_t hash, queue_table_match matches,
                          const void *wanted);

/* A new entry, zero behind its slot, at the end of `line`. QUEUE_TABLE_NONE without memory. */
uint32_t queue_table_add(struct queue_table *table, uint32_t hash, uint32_t line);

void queue_table_remove(struct queue_table *table, uint32_t position);

/* To the end of `line`. */
void queue_table_move(struct queue_table *table, uint32_t position, uint32_t line);

/* The first in `line`, and the one behind `position` in its line; QUEUE_TABLE_NONE: there is none.
 */
uint32_t queue_table_first(const struct queue_table *table, uint32_t line);
uint32_t queue_table_next(const struct queue_table *table, uint32_t position);

/* How many stand in `line`. */
uint32_t queue_table_count(const struct queue_table *table, uint32_t line);

#endif
