/* Reads the stream and merges its records into the node's table. */
#ifndef SKEP_CLUSTER_NODE_MERGING_H
#define SKEP_CLUSTER_NODE_MERGING_H

#include "cluster/node_state.h"

/* Waits up to `wait_ms` for entries. */
void node_merging_read(struct node *node, uint32_t wait_ms);

/* Merges the records of an entry (node->header) or of a snapshot's chunk. With the lock. */
void node_merging_records(struct node *node, uint64_t site, struct bytes rest);

/* Removes more of the peers that a snapshot's tombstones name. */
void node_merging_remove(struct node *node);

#endif
