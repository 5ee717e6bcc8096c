/* Walks over all peers of the tracker in steps, while they change. Not locked. */
#ifndef SKEP_CLUSTER_TRACKER_WALK_H
#define SKEP_CLUSTER_TRACKER_WALK_H

#include "cluster/node_table.h"
#include "cluster/shard_copies.h"
#include "cluster/tracker_table.h"

/* Places in a cursor: the next shard and a position in its copy. The last is the caller's. */
enum { CURSOR_SHARD, CURSOR_POSITION, CURSOR_COPY, CURSOR_REGISTRY };

/* All zeros at the start. */
struct tracker_walk {
    struct shard_copies copies;
    uint64_t gave_up_ms; /* when the node joined without a snapshot, by the cluster's clock */
};

void tracker_walk_free(struct tracker_walk *walk);

/* Passes the next peers and torrents; false at the end. If the copy of the shard has been replaced,
 * the walk begins the shard again. */
bool tracker_walk_step(struct tracker_walk *walk, struct table_cursor *cursor,
                       const struct tracker_table *table, const struct table_visitor *visitor);

#endif
