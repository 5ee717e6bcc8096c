/* The registry of a node of a cluster: sends its changes to the other nodes, merges theirs, and
 * decides at the join what to do with the entries of the database.
 *
 * The first node of a cluster sends its registry. A node that returns sends what the others lack,
 * or have in an older version. If the database is that of another cluster, or of none, or if the
 * node was away for more than 30 days, its restrictions are sent, and its other entries that the
 * cluster does not know are set aside. */
#ifndef SKEP_CLUSTER_REGISTRY_SHARING_H
#define SKEP_CLUSTER_REGISTRY_SHARING_H

#include "cluster/node.h"
#include "cluster/registry_record.h"
#include "swarm/registry_cluster.h"

enum { REGISTRY_AWAY_MAX_S = 30 * 24 * 3600 };

enum sharing_stage {
    SHARING_CONNECTS,
    SHARING_RESTRICTS, /* restrictions and removals become changes */
    SHARING_JOINS,
    SHARING_ADOPTS, /* other entries become changes, or are set aside */
    SHARING_SENDS,  /* changes that no other node has confirmed */
    SHARING_RUNS,
};

/* As far as the node knows. */
struct sharing_facts {
    struct node_facts node;
    bool joined;
    bool confirmed; /* by a snapshot */
    uint64_t now_ms;
    int64_t now_s; /* Unix time */
};

struct registry_sharing {
    struct registry *registry;
    struct node *node;
    uint64_t node_id;
    uint32_t wait_ms; /* for other nodes, if there is no whole one */
    int64_t seen_s;   /* when the node was last connected, before its start; 0: never */
    enum sharing_stage stage;
    bool foreign;
    bool
        has_joined; /* the registry is that of the cluster; what changes outside later is adopted */
    uint64_t connected_ms;
    int kind; /* of the next part to adopt */
    int part;
    bool adopted_any;
    struct registry_cursor cursor;
    uint32_t loads;
    int64_t stored_s;
};

/* Continues; never takes long. The node's thread, without its lock. */
void registry_sharing_step(struct registry_sharing *sharing, const struct sharing_facts *facts);

/* Merges a record of another node. */
void registry_sharing_merge(struct registry_sharing *sharing, const struct record *record);

/* Passes all records on, in steps, as the walk of a node's table does; false at the end. */
bool registry_sharing_walk(struct registry_sharing *sharing, uint64_t *cursor,
                           const struct table_visitor *visitor);

/* Sends changes of this node: a registry_follower. */
void registry_sharing_follow(void *sharing, const struct registry_change *changes, size_t count);

#endif
