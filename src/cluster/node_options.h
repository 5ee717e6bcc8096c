/* Types of a node (cluster/node.h): options, status and counts. */
#ifndef SKEP_CLUSTER_NODE_OPTIONS_H
#define SKEP_CLUSTER_NODE_OPTIONS_H

#include "cluster/engine/engine_types.h"
#include "cluster/joining.h"
#include "cluster/members.h"
#include "cluster/outbox.h"
#include "cluster/replica.h"

enum {
    NODE_ENTRY_LEN = 64 << 10, /* bytes of an entry */
    NODE_SEND_MS = 20,         /* between two sendings, unless a whole entry waits */
    NODE_HEARTBEAT_MS = 5000,
};

struct node_options {
    struct engine_options engine;
    struct replica_options replica; /* with the node's id, site and the cluster's secret */
    struct outbox_options queues;
    uint64_t incarnation;     /* of this start: Unix time in seconds << 32 | 32 random bits */
    uint64_t clock_ms;        /* the cluster's clock now, as far as it is known */
    const char *name;         /* for people, at most NODE_NAME_MAX bytes */
    const char *version;      /* of skepd, at most NODE_VERSION_MAX bytes; constant */
    uint32_t join_timeout_ms; /* see struct joining */
    bool empty;               /* the same */
    uint64_t stream_bytes_max;
    uint32_t stream_age_max_s;
};

/* What is measured from one heartbeat to the next. */
enum node_rate {
    NODE_ANNOUNCES,
    NODE_RECORDS_SENT,
    NODE_BYTES_SENT,
    NODE_RECORDS_MERGED,
    NODE_BYTES_READ,
    NODE_RATES
};

/* Why the entries of the last two minutes are sent again. */
enum resend_reason {
    RESEND_NONE,
    RESEND_ENGINE, /* the engine has restarted, or is another one */
    RESEND_STREAM, /* the stream was replaced, or lacks entries of this node */
};

/* Counts since the start. */
struct node_counts {
    uint64_t records_sent;
    uint64_t bytes_sent;
    uint64_t records_merged; /* that were read, with those that changed nothing */
    uint64_t bytes_read;
    uint64_t invalid; /* entries and records that could not be decoded */
    uint64_t resends;
    uint64_t holes;
    uint64_t snapshots_requested;
    uint64_t snapshots_received;
    uint64_t snapshots_sent;
    uint64_t connects;
};

struct node_status {
    uint64_t node;
    uint64_t incarnation;
    bool connected;
    struct engine_info engine; /* of the last connection */
    char error[ERROR_LEN];     /* why it is not connected, or why commands fail; empty: neither */
    bool joined;
    bool whole;
    bool has_room;
    bool receiving; /* a snapshot */
    bool sending;   /* the same */
    size_t waiting; /* records */
    uint64_t lost; /* records other than puts that did not fit into the queue; removals are not sent
                      again */
    uint64_t stream_bytes;
    uint64_t behind_entries; /* of the stream, not read yet at the last heartbeat */
    uint64_t behind_ms;      /* age of these */
    int64_t clock_offset_ms; /* of the engine's clock from this machine's */
    uint64_t per_s[NODE_RATES];
    enum snapshot_reason snapshot_reason; /* of the last request */
    uint64_t snapshot_requested_ms;
    uint64_t snapshot_received_ms;    /* the end of the answer to that; 0: there was none yet */
    enum resend_reason resend_reason; /* of the last one */
    uint64_t resent_ms;
    struct node_counts counts;
    struct members members;
};

#endif
