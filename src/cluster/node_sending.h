/* What a node sends: entries of the stream with changes, heartbeats and answers, and walks over its
 * table that send peers or counts again. */
#ifndef SKEP_CLUSTER_NODE_SENDING_H
#define SKEP_CLUSTER_NODE_SENDING_H

#include "cluster/node_state.h"

/* Sends what is due. */
void node_sending_step(struct node *node);

/* Begins a walk, also over what a running one had left to send; or, if that sends what lasts
 * already, does so once more afterwards. With the lock. */
void node_sending_begin_walk(struct node *node, bool lasting, uint64_t peers_from);

/* `record` refers to `positions`. With the lock. */
void node_sending_write_heartbeat(const struct node *node, struct record *record,
                                  uint8_t positions[static RECORD_MAX]);

/* Records that wait in the queue. With the lock. */
size_t node_sending_queued(const struct node *node);

/* The same, without the lock. */
size_t node_sending_waiting(struct node *node);

#endif
