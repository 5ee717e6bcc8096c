/* Copies of the tracker's shards, which walks pass on in steps. Walks that run at the same time
 * have a copy each: if they shared one, each would begin its shard again after every step of the
 * other, and none would get to the end of a large shard. Not locked. */
#ifndef SKEP_CLUSTER_SHARD_COPIES_H
#define SKEP_CLUSTER_SHARD_COPIES_H

#include "swarm/tracker.h"

/* Walks at a time: one sends what others lack, one removes peers, one writes a snapshot. */
enum { SHARD_COPIES = 3 };

struct shard_copy {
    struct change *changes;
    size_t count;
    bool failed;     /* out of memory: it has no changes */
    uint64_t number; /* another one for each copy; 0: no copy */
    uint64_t used;   /* grows with each use; 0: no copy */
};

/* All zeros at the start. */
struct shard_copies {
    struct shard_copy list[SHARD_COPIES];
    uint64_t last; /* number or use */
};

void shard_copies_free(struct shard_copies *copies);

/* The copy with this number; NULL if it has been replaced. */
struct shard_copy *shard_copies_find(struct shard_copies *copies, uint64_t number);

/* Copies a shard. If there are SHARD_COPIES already, the copy that was used longest ago is
 * replaced. */
struct shard_copy *shard_copies_make(struct shard_copies *copies, struct tracker *tracker,
                                     uint32_t shard, uint64_t now_ms);

/* The walk no longer needs the copy. Frees its memory: a shard may be large. */
void shard_copies_end(struct shard_copy *copy);

#endif
