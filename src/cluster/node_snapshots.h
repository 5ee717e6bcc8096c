/* Snapshots: how a node joins the cluster or fills a hole, and how it lets others do so. */
#ifndef SKEP_CLUSTER_NODE_SNAPSHOTS_H
#define SKEP_CLUSTER_NODE_SNAPSHOTS_H

#include "cluster/node_state.h"

/* Takes the next chunk of the snapshot that this node has requested. */
void node_snapshots_read(struct node *node);

/* Requests a snapshot if one is needed, or joins without one. */
void node_snapshots_tick(struct node *node);

/* Sends the next chunk to a node that has requested a snapshot. */
void node_snapshots_serve(struct node *node);

#endif
