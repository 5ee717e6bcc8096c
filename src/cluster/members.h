/* The other nodes of a cluster, as their heartbeats describe them. Of constant size. Not locked. */
#ifndef SKEP_CLUSTER_MEMBERS_H
#define SKEP_CLUSTER_MEMBERS_H

#include "cluster/record.h"

enum { MEMBER_ALIVE_MS = 15000 }; /* without a heartbeat for longer, a node is not heard */

struct member {
    uint64_t node;
    uint64_t incarnation;
    uint64_t heard_ms;
    char name[NODE_NAME_MAX + 1];
    char version[NODE_VERSION_MAX + 1];
    bool joined;
    bool whole;
    bool empty; /* see struct heartbeat */
    uint32_t interval_max_s;
    uint32_t budget_per_s;
    uint32_t announces_per_s;
    int64_t clock_offset_ms;
    bool has_lag;
    uint64_t behind_entries;
    uint64_t behind_ms;
};

struct members {
    struct member list[NODES_MAX];
    size_t count;
};

enum entry_origin {
    ENTRY_OF_OTHER,
    ENTRY_OWN, /* of this start: nothing in it is new */
    /* Of another node with this node's id, or with the same low bits, which are in stamps: the
     * database was copied. Take a new id, and merge it. */
    ENTRY_OF_COPY,
};

/* Which node an entry is of, as seen by a node with this id and incarnation. Entries of an earlier
 * start are merged: of two copies, only the first to start takes a new id. */
enum entry_origin entry_origin(const struct entry_header *entry, uint64_t node,
                               uint64_t incarnation);

/* Notes a heartbeat. At the limit, the node with the longest silence loses its place. */
void members_note(struct members *members, const struct entry_header *entry,
                  const struct heartbeat *heartbeat, uint64_t now_ms);

/* Whether the node that has sent an entry has joined since its start, as far as is known. */
bool members_has_joined(const struct members *members, const struct entry_header *entry);

/* Whether a node that has joined, but is not whole, sends its peers to the empty node `requester`,
 * which requests a snapshot. Only one node does, and only if none is whole: of the nodes with
 * peers, or of all nodes if none has peers, the oldest. `own` describes this node. */
bool members_may_serve(const struct members *members, uint64_t requester, const struct member *own,
                       uint64_t now_ms);

/* Whether a known node has these low bits in its stamps, as a node with the id `node` would have.
 */
bool members_share_bits(const struct members *members, uint64_t node);

bool member_is_alive(const struct member *member, uint64_t now_ms);

/* The longest interval of the nodes that were heard within the last lifetime of a tombstone, and of
 * this node. */
uint32_t members_interval_max_s(const struct members *members, uint32_t own_s, uint64_t now_ms);

/* Announces a second that the nodes which are alive take in total, with those of this node. */
uint64_t members_budget_per_s(const struct members *members, uint32_t own_per_s, uint64_t now_ms);

#endif
