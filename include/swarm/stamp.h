/* Stamps order the changes of one key: the greater one is the later. 64 bits: milliseconds of the
 * cluster's clock (42), a counter (12), the low bits of the node's id (10). So two nodes draw
 * different stamps, even in the same millisecond. 0 is no stamp. Pure. */
#ifndef SKEP_SWARM_STAMP_H
#define SKEP_SWARM_STAMP_H

#include <stdbool.h>
#include <stdint.h>

enum { STAMP_NODE_BITS = 10, STAMP_COUNTER_BITS = 12 };

static inline uint64_t stamp_ms(uint64_t stamp) {
    return stamp >> (STAMP_COUNTER_BITS + STAMP_NODE_BITS);
}

/* The node's first stamp of a millisecond. */
static inline uint64_t stamp_at(uint64_t ms, uint64_t node) {
    return ms << (STAMP_COUNTER_BITS + STAMP_NODE_BITS) | (node & ((1U << STAMP_NODE_BITS) - 1));
}

/* The next stamp of a node, greater than `highest`, the greatest stamp it has made or merged for
 * this key (or for more keys). If the clock is behind that, the stamp continues from it. */
static inline uint64_t stamp_next(uint64_t now_ms, uint64_t highest, uint64_t node) {
    const uint64_t stamp = stamp_at(now_ms, node);
    const uint64_t after = (highest >> STAMP_NODE_BITS) + 1;
    return stamp > highest ? stamp : stamp_at(0, node) | after << STAMP_NODE_BITS;
}

/* Whether no node made the stamp: it is a guess, of a restored peer. The low bits of ids are not 0.
 */
static inline bool stamp_is_guessed(uint64_t stamp) {
    return (stamp & ((1U << STAMP_NODE_BITS) - 1)) == 0;
}

/* Whether a node with this id made the stamp. Nodes of a cluster differ in the low bits of their
 * ids: a node that finds its own bits in an entry of another node takes a new id. */
static inline bool stamp_is_of(uint64_t stamp, uint64_t node) {
    return stamp != 0 && ((stamp ^ node) & ((1U << STAMP_NODE_BITS) - 1)) == 0;
}

#endif
