/* How many entries of the stream a node has not read yet. The engine counts the entries ever added,
 * the node those that it reads; at the end of the stream the two are equal. Pure. */
#ifndef SKEP_CLUSTER_STREAM_LAG_H
#define SKEP_CLUSTER_STREAM_LAG_H

#include "cluster/engine/engine_types.h"

struct stream_lag {
    uint64_t read; /* entries ever added up to the node's position; the caller adds what it reads */
};

/* The node reads the stream again, from an unknown position: at most all of it. */
void stream_lag_begin(struct stream_lag *lag, const struct engine_stream *stream);

/* Entries that are not read yet. `at_end`: the node has just read to the end of the stream. */
uint64_t stream_lag_entries(struct stream_lag *lag, const struct engine_stream *stream,
                            bool at_end);

/* Age of the entries that are not read yet, at most: the node has read the end of the stream
 * `since_end_ms` ago (UINT64_MAX: never), and its last entry at `position`. */
uint64_t stream_lag_ms(struct stream_id position, struct stream_id last, uint64_t since_end_ms);

#endif
