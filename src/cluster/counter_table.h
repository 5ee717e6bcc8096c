/* Completions by torrent and node. A torrent's download count is the sum over its nodes of what
 * each has counted and not taken back; each of the two numbers only grows, so that nodes merge them
 * by the greater one. A node that may have lost numbers of its own counts under a new id. A bounded
 * open-addressing table of 24 bytes per slot; torrents are known by a 64-bit keyed hash. Not
 * locked. */
#ifndef SKEP_CLUSTER_COUNTER_TABLE_H
#define SKEP_CLUSTER_COUNTER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counter_pair {
    uint32_t counted;
    uint32_t taken_back;
};

struct counter_slot {
    uint64_t torrent;
    uint64_t node; /* 0: an empty slot */
    struct counter_pair pair;
};

struct counter_table {
    struct counter_slot *slots;
    uint32_t size; /* slots: a power of two, or 0 */
    uint32_t count;
    uint32_t limit;
};

/* An empty table of at most `limit` pairs. */
struct counter_table counter_table_create(uint32_t limit);
void counter_table_free(struct counter_table *table);

/* Loads the slots of a torrent into the processor's cache. */
void counter_table_prefetch(const struct counter_table *table, uint64_t torrent);

/* Zeros if unknown. */
struct counter_pair counter_table_find(const struct counter_table *table, uint64_t torrent,
                                       uint64_t node);

/* Raises each number of a pair to that of `pair`. False if the table is full or out of memory. */
bool counter_table_merge(struct counter_table *table, uint64_t torrent, uint64_t node,
                         struct counter_pair pair);

/* The torrent's download count. 0 if more is taken back than counted: what a node has counted under
 * another id may arrive later. */
uint32_t counter_table_sum(const struct counter_table *table, uint64_t torrent);

/* The next pair of a torrent from `*cursor`, which is 0 at first; NULL at the end. */
const struct counter_slot *counter_table_next(const struct counter_table *table, uint64_t torrent,
                                              uint32_t *cursor);

/* Forgets a torrent. */
void counter_table_forget(struct counter_table *table, uint64_t torrent);

#endif
