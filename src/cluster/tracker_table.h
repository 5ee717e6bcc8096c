/* The tracker's swarms as the table of a replica, and the tracker's own changes as records. */
#ifndef SKEP_CLUSTER_TRACKER_TABLE_H
#define SKEP_CLUSTER_TRACKER_TABLE_H

#include "cluster/replica.h"
#include "swarm/tracker_cluster.h"

struct tracker_table {
    struct tracker *tracker;
    /* To be set before each use: */
    uint64_t now_ms;          /* clock_now_ms() */
    uint64_t clock_offset_ms; /* as in struct tracker_cluster */
    bool only_raises;         /* as in struct merged_count */
    bool full;                /* a peer was refused for lack of room; the caller resets it */
};

/* The table; its context is `table`. Any thread, but one at a time for each struct. */
struct peer_table tracker_table_peers(struct tracker_table *table);

/* Describes a peer of the tracker's feed, or of a dump, as a put. */
void record_of_peer(const struct change *change, struct record *record);

/* Notes a change of the tracker's feed in the replica, if this node has made it: a removal, or a
 * completion, which is counted unless another node has counted it. Writes the record that the other
 * nodes need; false if they need none. Changes must be passed in the feed's order. Until its
 * removal is noted, a peer that has left may be put back by an older record; then it is removed
 * now. */
bool replica_note_change(struct replica *replica, const struct peer_table *table,
                         const struct change *change, struct record *record);

#endif
