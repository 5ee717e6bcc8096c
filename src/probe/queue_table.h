/* A table of entries of one size that are found by a hash and stand in lines, each in one. An entry
 * begins with a struct slot and is known by its position, which stays the same until it is removed;
 * a pointer to it holds until the next slot_table_add. Grows as needed and does not shrink. Not
 * locked. */
#ifndef SKEP_PROBE_QUEUE_TABLE_H
#define SKEP_PROBE_QUEUE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash_index.h"

enum { SLOT_LINES_MAX = 4 };

#define SLOT_NOWHERE INDEX_NOWHERE

struct slot {
    uint32_t hash;
    uint32_t line;
    uint32_t previous; /* positions of its neighbours in the line */
    uint32_t next;
};

struct slot_table {
    uint8_t *entries; /* the heads of the lines, the head of the free ones, then the entries */
    size_t entry_size;
    uint32_t lines;
    uint32_t allocated;
    uint32_t counts[SLOT_LINES_MAX + 1];
    struct peer_index index;
};

/* Whether the entry is what is wanted. */
typedef bool (*slot_match)(const void *entry, const void *wanted);

/* With lines 0 to `lines` - 1. False without memory; then there is nothing to free. */
bool slot_table_init(struct slot_table *table, size_t entry_size, uint32_t lines);
void slot_table_free(struct slot_table *table);

void *slot_table_at(const struct slot_table *table, uint32_t position);
uint32_t slot_table_position(const struct slot_table *table, const void *entry);

/* The position of the entry with this hash that matches, or SLOT_NOWHERE. */
uint32_t slot_table_find(const struct slot_table *table, uint32_t hash, slot_match matches,
                         const void *wanted);

/* A new entry, zero behind its slot, at the end of `line`. SLOT_NOWHERE without memory. */
uint32_t slot_table_add(struct slot_table *table, uint32_t hash, uint32_t line);

void slot_table_remove(struct slot_table *table, uint32_t position);

/* To the end of `line`. */
void slot_table_move(struct slot_table *table, uint32_t position, uint32_t line);

/* The first in `line`, and the one behind `position` in its line; SLOT_NOWHERE: there is none. */
uint32_t slot_table_first(const struct slot_table *table, uint32_t line);
uint32_t slot_table_next(const struct slot_table *table, uint32_t position);

/* How many stand in `line`. */
uint32_t slot_table_count(const struct slot_table *table, uint32_t line);

#endif
