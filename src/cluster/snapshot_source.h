/* A snapshot that a node sends: its state in chunks, while it changes. Not locked; the caller holds
 * the node's lock. */
#ifndef SKEP_CLUSTER_SNAPSHOT_SOURCE_H
#define SKEP_CLUSTER_SNAPSHOT_SOURCE_H

#include "cluster/node_table.h"

enum {
    SNAPSHOT_CHUNK_LEN = 1 << 20,
    SNAPSHOT_SLACK_LEN = 1 << 19, /* for the last step of a chunk */
    SNAPSHOT_BUFFER_LEN = SNAPSHOT_CHUNK_LEN + SNAPSHOT_SLACK_LEN,
};

enum source_part { SOURCE_TOMBSTONES, SOURCE_COMPLETIONS, SOURCE_TABLE, SOURCE_END };

struct snapshot_source {
    uint64_t request; /* 0: none is sent */
    uint64_t node;
    uint64_t site;
    bool whole;
    bool partial; /* it was not whole at the start: restored peers are sent, too */
    uint32_t next_chunk;
    enum source_part part;
    struct stamp_cursor hash;
    struct table_cursor table;
};

/* Writes the next chunk, of about SNAPSHOT_CHUNK_LEN, to a writer with SNAPSHOT_BUFFER_LEN.
 * `heartbeat`: the first record of the first chunk, which says what the node has read. After the
 * last chunk, the request is 0. */
void snapshot_source_write(struct snapshot_source *source, const struct replica *replica,
                           const struct node_table *table, const struct record *heartbeat,
                           struct writer *chunk);

/* Passes the counters of a torrent. */
void snapshot_counters(const struct replica *replica, const uint8_t info_hash[static INFO_HASH_LEN],
                       uint64_t stamp, void (*emit)(void *context, const struct record *record),
                       void *context);

#endif
