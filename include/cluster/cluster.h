/* A cluster of trackers: each node holds all peers and answers from memory. The nodes exchange
 * their changes through an engine, a Redis or Valkey server. Connects the tracker to a node
 * (src/cluster/node.h) with a thread of its own; no announce waits for it. */
#ifndef SKEP_CLUSTER_CLUSTER_H
#define SKEP_CLUSTER_CLUSTER_H

#include "base/error.h"
#include "cluster/engine_url.h"
#include "swarm/change_feed.h"

enum { CLUSTER_PATH_LEN = 1024, CLUSTER_NAME_LEN = 65, CLUSTER_PREFIX_LEN = 64 };

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
};

/* What a node keeps over a restart. */
struct cluster_identity {
    uint64_t node;      /* random, not 0 */
    uint64_t secret[2]; /* of the cluster; random until the node has connected */
};

struct tracker;
struct cluster;

/* Starts the thread. `tracker` has tracker_options.cluster. NULL and one line in `error` if out of
 * memory, randomness or threads. */
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

/* Whether the node has joined the cluster, so that it has all peers, or knows that it cannot get
 * them. Any thread. */
bool cluster_is_ready(struct cluster *cluster);

/* Sends what waits, if the engine is there, ends the thread and frees the cluster. Fills
 * `*identity`, to store it, unless that is NULL. NULL is ignored. */
void cluster_stop(struct cluster *cluster, struct cluster_identity *identity);

#endif
