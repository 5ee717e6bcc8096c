/* Hash table of entries of one size, each of which is also in one of several FIFO queues. An entry
 * begins with a struct queue_slot. It is identified by its position, which does not change until
 * the entry is removed; a pointer to it is valid until the next queue_table_add. Grows as needed
 * and does not shrink. Not locked. */
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
    uint32_t queue;
    uint32_t previous; /* positions of the neighbours in the queue */
    uint32_t next;
};

struct queue_table {
    uint8_t *entries; /* the heads of the queues, the head of the free list, then the entries */
    size_t entry_len;
    uint32_t queues;
    uint32_t allocated;
    uint32_t counts[QUEUE_TABLE_QUEUES_MAX + 1];
    struct hash_index index;
};

/* Whether `entry` has the key `wanted`. */
typedef bool (*queue_table_match)(const void *entry, const void *wanted);

/* With the queues 0 to `queues` - 1. False if out of memory; nothing is allocated then. */
bool queue_table_init(struct queue_table *table, size_t entry_len, uint32_t queues);
void queue_table_free(struct queue_table *table);

void *queue_table_at(const struct queue_table *table, uint32_t position);
uint32_t queue_table_position(const struct queue_table *table, const void *entry);

/* Position of the entry with this hash that matches, or QUEUE_TABLE_NONE. */
uint32_t queue_table_find(const struct queue_table *table, uint32_t hash, queue_table_match matches,
                          const void *wanted);

/* Requests the index's slot of this hash for the cache. Then, with that slot there: the position of
 * an entry that may have the hash, without reading it; or QUEUE_TABLE_NONE. */
void queue_table_prefetch(const struct queue_table *table, uint32_t hash);
uint32_t queue_table_guess(const struct queue_table *table, uint32_t hash);

/* Appends a new entry to `queue`, with zeros after its slot. QUEUE_TABLE_NONE if out of memory. */
uint32_t queue_table_add(struct queue_table *table, uint32_t hash, uint32_t queue);

void queue_table_remove(struct queue_table *table, uint32_t position);

/* Moves the entry to the end of `queue`. */
void queue_table_move(struct queue_table *table, uint32_t position, uint32_t queue);

/* The first entry of `queue`, and the one after `position` in its queue; or QUEUE_TABLE_NONE. */
uint32_t queue_table_first(const struct queue_table *table, uint32_t queue);
uint32_t queue_table_next(const struct queue_table *table, uint32_t position);

/* Length of `queue`. */
uint32_t queue_table_count(const struct queue_table *table, uint32_t queue);

#endif
