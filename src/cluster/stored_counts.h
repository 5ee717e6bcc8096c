/* Download counts and completions of a node in its store: restores them at the start, before the
 * node joins, and stores them again after a loss.
 *
 * Usually the counts by node are complete, so that their sums are the tracker's download counts. A
 * new node, or one whose store is from an earlier version, has a rest that no node has counted. It
 * is adopted once the node knows what the others have. The functions below are called with
 * the node's lock held, by its thread or before that has started, unless noted otherwise. */
#ifndef SKEP_CLUSTER_STORED_COUNTS_H
#define SKEP_CLUSTER_STORED_COUNTS_H

#include <stdatomic.h>

#include "cluster/replica.h"
#include "swarm/tracker.h"

struct node;
struct store;

struct stored_counts {
    struct tracker *tracker;
    struct cluster_rows *rows;        /* NULL: no store */
    uint64_t counting;                /* id under which the node counts until it has joined */
    struct counter_table rest;        /* to be adopted */
    _Atomic bool adopted;             /* there is no rest */
    uint8_t (*hashes)[INFO_HASH_LEN]; /* while everything is stored again: torrents of a shard */
    size_t hash_count;
    size_t hash_capacity;
    size_t next_hash;
    uint32_t next_shard;
    struct stamp_cursor next_completion;
    bool storing;
};

/* Restores what the store has into the replica. `store` NULL: only the tracker's counts, which are
 * adopted later. False if the store cannot be read. */
bool stored_counts_load(struct stored_counts *counts, struct store *store, struct replica *replica,
                        uint64_t now_ms);

/* Moves counters and completions to a replica with another secret. Those of nodes of another
 * cluster stay, too: ids of nodes are unique. Completions are known again only if they were stored
 * with this secret. */
void stored_counts_move(const struct stored_counts *counts, struct replica *past,
                        struct replica *replica, uint64_t now_ms);

/* The node knows the counts of the others, by a snapshot (`confirmed`) or without one. Returns
 * whether any count was adopted. */
bool stored_counts_adopt(struct stored_counts *counts, struct replica *replica, bool confirmed,
                         uint64_t now_ms);

/* Stores more after a loss. To be called regularly by the thread, without the node's lock. */
void stored_counts_step(struct stored_counts *counts, struct node *node, uint64_t now_ms);

void stored_counts_free(struct stored_counts *counts);

#endif
