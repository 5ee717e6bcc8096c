/* A cluster of trackers: each node holds all peers and answers from memory. The nodes exchange
 * their changes through an engine, a Redis or Valkey server. Connects the tracker to a node
 * (src/cluster/node.h) with a thread of its own; no announce waits for it. */
#ifndef SKEP_CLUSTER_CLUSTER_H
#define SKEP_CLUSTER_CLUSTER_H

#include "base/error.h"
#include "base/keyed_hash.h"
#include "cluster/engine/engine_url.h"
#include "swarm/change_feed.h"

struct store;

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

enum {
    CLUSTER_NODES_MAX = 32,
    CLUSTER_VERSION_LEN = 32,
    CLUSTER_REMOVED_S = 24 * 60 * 60, /* no warning about a node that was not heard for longer */
};

/* Another node. */
struct cluster_member {
    uint64_t node;
    char name[CLUSTER_NAME_LEN];
    char version[CLUSTER_VERSION_LEN]; /* of skepd; empty: unknown */
    bool alive;                        /* it was heard within the last 15 seconds */
    bool ready;                        /* it has joined */
    bool whole;                        /* it has all peers, so that it can send snapshots */
    uint32_t since_s;                  /* since its start */
    uint32_t heard_s;                  /* since it was last heard */
    uint32_t budget_per_s;
    uint32_t announces_per_s;
    int64_t clock_offset_ms; /* of the engine's clock from its machine's */
    bool has_lag;            /* the next two are known: its version sends them */
    uint64_t behind_entries; /* as below */
    uint64_t behind_ms;
};

/* Counts are since the start; what is "per_s" is the mean of the last five seconds. */
struct cluster_status {
    uint64_t node;
    char name[CLUSTER_NAME_LEN];
    uint32_t since_s; /* since the start */
    bool ready;
    bool whole;
    bool full;      /* peers of other nodes were refused for lack of room */
    bool receiving; /* waits for a snapshot, or receives one */
    bool sending;   /* sends a snapshot */
    bool connected;
    bool failing; /* see `error` */
    bool is_valkey;
    char engine[ENGINE_URL_TEXT_LEN]; /* the last one connected to; empty: none yet */
    char version[48];
    char error[ERROR_LEN];    /* why there is no connection, or commands fail; empty: all is well */
    char warnings[ERROR_LEN]; /* about the engine's settings; empty: none */
    uint64_t stream_bytes;    /* of the engine's memory */
    uint64_t behind_entries;  /* of the stream, not read yet: each has many records of a node */
    uint64_t behind_ms;       /* age of these */
    int64_t clock_offset_ms;  /* of the engine's clock from this machine's */
    uint64_t announces_per_s;
    uint64_t records_sent_per_s;
    uint64_t bytes_sent_per_s;
    uint64_t records_merged_per_s;
    uint64_t bytes_read_per_s;
    uint64_t waiting; /* records that wait to be sent */
    uint64_t dropped; /* records other than puts that did not fit into the queue */
    uint64_t connects;
    uint64_t records_sent;
    uint64_t bytes_sent;
    uint64_t records_merged;
    uint64_t bytes_read;
    uint64_t invalid; /* entries and records that could not be decoded */
    uint64_t resends;
    uint64_t holes; /* how often changes were missing */
    uint64_t snapshots_received;
    uint64_t snapshots_sent;
    /* Of the last snapshot that this node requested. */
    const char *snapshot_reason;   /* "started", "missing" (changes are), "no_room" or "by_time" (it
                                      is whole without one); NULL: none was requested */
    uint32_t snapshot_requested_s; /* since the request */
    bool snapshot_received;
    uint32_t snapshot_received_s; /* since it ended */
    const char *resend_reason;    /* of the last one: "engine" (it restarted or was replaced) or
                                     "stream" (it lost changes); NULL: none */
    uint32_t resent_s;            /* since it ended */
    /* Entries of the database that the cluster did not have when this node joined; 0 until then. */
    size_t torrents_aside;
    size_t passkeys_aside;
    size_t names_aside;
    size_t members;
    struct cluster_member list[CLUSTER_NODES_MAX];
};

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
