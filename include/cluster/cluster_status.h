/* What a node of a cluster knows of itself, of the engine and of the other nodes, for people. */
#ifndef SKEP_CLUSTER_CLUSTER_STATUS_H
#define SKEP_CLUSTER_CLUSTER_STATUS_H

#include "base/error.h"
#include "cluster/engine/engine_url.h"

enum {
    CLUSTER_NAME_LEN = 65,
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

#endif
