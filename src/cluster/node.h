/* A node of a cluster: sends its own changes to the engine and merges those of the others.
 *
 * The tracker's changes are passed to node_note_changes, which only adds them to a queue in memory.
 * One thread calls node_step in a loop; that alone waits for the engine. While the engine is away,
 * changes wait in bounded memory; see cluster/outbox.h. Time is passed in, so that tests need not
 * wait. */
#ifndef SKEP_CLUSTER_NODE_H
#define SKEP_CLUSTER_NODE_H

#include "cluster/node_options.h"
#include "cluster/node_table.h"
#include "swarm/change_feed.h"

struct node;

/* Copies the options and `table`. NULL if out of memory. */
struct node *node_create(const struct node_options *options, const struct node_table *table,
                         uint64_t now_ms);
void node_delete(struct node *node);

/* Connects if necessary, reads, merges and sends. Without work, waits up to `wait_ms` for it.
 * False, without a wait, if there is no connection, or the engine refuses reads. `now_ms`:
 * monotonic, not 0. One thread at a time. */
bool node_step(struct node *node, uint64_t now_ms, uint32_t wait_ms);

/* Ends a wait; from now on, node_step does not wait for a connection. Any thread. */
void node_stop(struct node *node);

/* Queues what the other nodes need of changes that the tracker reports, in its order. `peers`: as
 * this thread sees them. Any thread that holds no lock of the table. */
void node_note_changes(struct node *node, const struct peer_table *peers,
                       const struct change *changes, size_t count);

/* Queues a record of the registry. Any thread. */
void node_send(struct node *node, const struct record *record);

/* Changes since this stamp are lost: sends all peers with a later one. Any thread that holds no
 * lock of the table. */
void node_note_lost(struct node *node, uint64_t stamp);

/* Announce interval and budget of this node, which heartbeats carry. Any thread. */
void node_set_load(struct node *node, uint32_t interval_max_s, uint32_t budget_per_s);

/* Calls `visit` with the node's lock held; it must not call the node. Any thread. */
void node_visit_replica(struct node *node, void (*visit)(void *context, struct replica *replica),
                        void *context);

/* The id, and the cluster's secret. Any thread. */
uint64_t node_id(struct node *node);
struct hash_key node_secret(struct node *node);

/* Any thread. */
struct node_status node_status(struct node *node);

#endif
