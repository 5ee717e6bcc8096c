/* The status of a node, as the page, the API and the metrics show it. */
#ifndef SKEP_CLUSTER_NODE_DESCRIPTION_H
#define SKEP_CLUSTER_NODE_DESCRIPTION_H

#include "cluster/cluster_status.h"
#include "cluster/node_options.h"

/* Fills all but the node's name, the time since its start, and the entries that are set aside. */
void node_description_fill(const struct node_status *node, uint64_t now_ms,
                           struct cluster_status *status);

#endif
