/* A cluster of trackers: each node holds all peers and answers from memory. The nodes exchange
 * their changes through an engine, a Redis or Valkey server. Connects the tracker to a node
 * (src/cluster/node.h) with a thread of its own; no announce waits for it. */
#ifndef SKEP_CLUSTER_CLUSTER_H
#define SKEP_CLUSTER_CLUSTER_H

#include "base/keyed_hash.h"
#include "cluster/cluster_status.h"
#include "swarm/change_feed.h"

struct store;

enum { CLUSTER_PATH_LEN = 1024, CLUSTER_PREFIX_LEN = 64 };

struct cluster_options {
    struct engine_urls engines;           /* none: no cluster */
    char password_file[CLUSTER_PATH_LEN]; /* empty: none */
    char name[CLUSTER_NAME_LEN];          /* of the node, for people; empty: the host's name */
    char site[CLUSTER_NAME_LEN];          /* nodes of a site see each other's LAN peers */
    char prefix[CLUSTER_PREFIX_LEN];      /* of the engine's keys; empty: "skep" */
    uint32_t timeout_ms;                  /* of the engine */
    uint32_t join_timeout_s;              /* without a snapshot of another node */
    uint32_t queue_max_mib; /* of puts, and of other records, that wait for the engine */
    uint32_t stream_max_mib;
    struct store *store; /* of a node (store_join_cluster): read at the start. NULL: none */
};

/* What a node keeps over a restart. */
struct cluster_identity {
    uint64_t node;      /* random, not 0 */
    uint64_t secret[2]; /* of the cluster; random until the node has connected */
    int64_t seen_s;     /* when it was last connected, Unix time; 0: never. Not filled at the end */
};

struct tracker;
struct cluster;

/* Starts the thread. `tracker` has tracker_options.cluster. NULL and one line in `error` if out of
 * memory or threads, or if getrandom failed. */
struct cluster *cluster_start(const struct cluster_options *options,
                              const struct cluster_identity *identity, struct tracker *tracker,
                              char error[static ERROR_LEN]);

/* Sends the tracker's own changes: a reader of the change feed. `cluster` is a struct cluster. Any
 * thread, one at a time. */
void cluster_on_changes(void *cluster, const struct change *changes, size_t count);

/* Changes were lost before they reached cluster_on_changes: sends all peers of the last minute. */
void cluster_on_lost(void *cluster);

/* Sets the longest announce interval and the budget of this node, which it sends to the others. Any
 * thread. */
void cluster_apply(struct cluster *cluster, uint32_t interval_max_s, uint32_t budget_per_s);

/* Whether the node has joined the cluster: it has received a copy of all peers, or has given up
 * waiting for one. Any thread. */
bool cluster_is_ready(struct cluster *cluster);

/* Whether the node has decided which entries of its database are set aside. Any thread. */
bool cluster_has_set_aside(struct cluster *cluster);

/* Copies the secret of the cluster, and the difference of its clock from clock_now_ms(). False if
 * the node does not know it yet. Any thread. */
bool cluster_secret(struct cluster *cluster, struct hash_key *secret, uint64_t *clock_offset_ms);

enum cluster_presence {
    CLUSTER_NODE_UNKNOWN, /* not heard since this node's start */
    CLUSTER_NODE_AWAY,
    CLUSTER_NODE_ALIVE,
};

/* Copies the name of another node; empty if it is unknown. Any thread. */
enum cluster_presence cluster_name_node(struct cluster *cluster, uint64_t node,
                                        char name[static CLUSTER_NAME_LEN]);

/* Any thread. */
void cluster_describe(struct cluster *cluster, struct cluster_status *status);

/* Sends what waits, if the engine is there, ends the thread and frees the cluster. Fills
 * `*identity`, to store it, unless that is NULL. NULL is ignored. */
void cluster_stop(struct cluster *cluster, struct cluster_identity *identity);

#endif
