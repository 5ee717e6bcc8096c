/* A node's connection to the engine: failures, the cluster's clock and secret, and the state of the
 * stream. */
#ifndef SKEP_CLUSTER_NODE_LINK_H
#define SKEP_CLUSTER_NODE_LINK_H

#include "cluster/node_state.h"

/* Connects if there is no connection and it is time to try. */
void node_link_connect(struct node *node);

/* Whether a call to the engine has succeeded. After a failure, nothing is written for a while. */
bool node_link_is_done(struct node *node, enum engine_result result);

/* The engine takes changes. */
void node_link_note_success(struct node *node);

/* Takes the cluster's secret from the engine, or puts it there. */
enum engine_result node_link_share_secret(struct node *node);

/* Reads the engine's clock. */
void node_link_follow_clock(struct node *node);

/* Compares the stream with what this node has read of it: after a failover, reads it again. */
void node_link_look_at_stream(struct node *node);

/* Removes old entries from the stream, and those beyond `bytes_max`. */
void node_link_trim(struct node *node, uint64_t bytes_max);

/* The engine is full: removes entries from the stream. */
void node_link_make_room(struct node *node);

/* Begins with an empty replica. With the lock. */
void node_link_create_replica(struct node *node);

/* Tells the table what it has to know of the cluster. With the lock. */
void node_link_update_table(struct node *node);

#endif
