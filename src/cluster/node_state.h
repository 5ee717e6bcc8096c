/* What the parts of a node (cluster/node.h) share: node_link connects to the engine, node_sending
 * fills the stream, node_merging reads it, and node_snapshots joins and lets others join. A part
 * uses those before it only. Their functions are called by the node's thread, without the lock
 * unless noted otherwise. */
#ifndef SKEP_CLUSTER_NODE_STATE_H
#define SKEP_CLUSTER_NODE_STATE_H

#include <pthread.h>

#include "base/random.h"
#include "cluster/answers.h"
#include "cluster/engine/engine.h"
#include "cluster/gaps.h"
#include "cluster/joining.h"
#include "cluster/node_options.h"
#include "cluster/node_table.h"
#include "cluster/snapshot_source.h"
#include "cluster/stream_lag.h"

enum {
    NODE_FLIGHT_MAX = 16, /* new entries that are sent at once */
    NODE_REQUESTS_MAX = 8,
    NODE_REPORTS_MAX = 8,
    NODE_WALK_STEPS = 16,      /* of one node_step */
    NODE_READ_BYTES = 1 << 20, /* of a read, about */
};

/* Numbered entries that may not be in the stream yet. */
struct flight {
    uint8_t (*data)[NODE_ENTRY_LEN];
    struct bytes entries[NODE_FLIGHT_MAX];
    size_t records[NODE_FLIGHT_MAX]; /* of each entry, without the heartbeat */
    size_t count;
};

/* Sends peers, or what lasts (completions, counters and the registry), to all, as far as the queue
 * has room. */
struct walk {
    bool running;
    bool lasting;
    bool again;          /* the same once more, afterwards */
    uint64_t peers_from; /* stamp; 0: no peers */
    struct stamp_cursor completion;
    struct table_cursor cursor;
};

/* Removes the peers that the tombstones of a snapshot name. */
struct removing {
    bool running;
    struct table_cursor cursor;
    size_t count;
    struct record found[TABLE_STEP];
};

/* A failure that was logged. */
struct report {
    uint64_t hash;
    uint64_t at_ms;
};

struct request {
    uint64_t id;
    uint64_t read_ms;
};

struct node {
    struct node_options options;
    char name[NODE_NAME_MAX + 1];
    struct node_table table;

    pthread_mutex_t lock; /* guards these; not held while waiting for the engine */
    struct replica replica;
    struct outbox outbox;
    size_t in_flight; /* records */
    struct gaps gaps;
    struct joining joining;
    struct cluster_clock clock;
    bool has_connected;
    bool foreign;                 /* see struct node_facts */
    struct hash_key first_secret; /* at the start */
    struct node_status status;
    uint32_t interval_max_s;
    uint32_t budget_per_s;

    /* Of the thread. */
    uint64_t now_ms;   /* when the step began */
    uint64_t began_ns; /* the same by clock_now_ns() */
    struct engine *engine;
    struct random random;
    uint64_t retry_ms;
    uint64_t read_retry_ms; /* the engine has refused the last read; 0: it has not */
    struct report reports[NODE_REPORTS_MAX];
    size_t next_report;
    bool reported;            /* a failure, not yet its end */
    uint64_t update_ms;       /* of the table */
    uint64_t merged_ms;       /* see struct node_facts */
    uint64_t clock_until_ms;  /* a slow answer is ignored before */
    uint64_t hold_until_ms;   /* the clock has jumped: merged_ms stays */
    uint64_t secret_until_ms; /* until then, a new secret gives way to another one */
    bool made_secret;         /* the engine had none at the first connect */
    uint32_t replaced;        /* other secrets in the engine, one after the other */
    uint64_t asked_ms;        /* when the last read of the stream was sent */
    uint64_t read_ms;         /* when the last one with a reply was sent */
    size_t read_count;        /* entries of that */
    size_t read_bytes;        /* bytes of these */
    uint32_t read_max;        /* entries of the next read */
    uint64_t at_end_ms;       /* when the last read that reached the end was sent */
    char run[ENGINE_RUN_LEN]; /* of the engine; empty: never connected */
    uint64_t ever_added;      /* entries of the stream, when last looked at */
    enum resend_reason must_resend;
    struct stream_id position;
    struct stream_id asked; /* position of the last read that was sent */
    struct stream_id last;  /* own entry */
    struct stream_lag lag;
    struct flight flight;
    uint64_t number;
    uint64_t own_read; /* number of the last own entry that was read back */
    struct answers answers;
    uint64_t send_ms; /* of the next entry */
    uint64_t heartbeat_ms;
    bool must_beat;              /* with the next entry */
    uint64_t totals[NODE_RATES]; /* at the last heartbeat */
    uint64_t counted_ms;
    uint64_t lasting_ms;
    struct walk walk;
    struct removing removing;
    bool has_adopted;                           /* the download counts of the store */
    struct request requests[NODE_REQUESTS_MAX]; /* of other nodes */
    size_t request_count;
    struct snapshot_source source;
    uint8_t *chunk;   /* SNAPSHOT_BUFFER_LEN while sending, otherwise NULL */
    size_t chunk_len; /* of the chunk that is sent next; 0: not written yet */
    uint64_t chunk_request;
    uint64_t chunk_ms;                 /* the last one was sent */
    const struct entry_header *header; /* of the entry that is being merged; NULL: of a chunk */
    bool moved_chunk;                  /* in the present step */
};

static inline void node_lock(struct node *node) {
    pthread_mutex_lock(&node->lock);
}

static inline void node_unlock(struct node *node) {
    pthread_mutex_unlock(&node->lock);
}

/* The cluster's clock. */
static inline uint64_t node_cluster_ms(const struct node *node) {
    return cluster_clock_read(&node->clock, node->now_ms);
}

#endif
