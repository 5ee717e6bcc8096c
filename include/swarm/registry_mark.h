/* Marks of the registry's entries in a cluster: which of two changes of one entry wins. A change
 * restricts (a ban, a block, the end of a registration or of a passkey) or permits (everything
 * else). A permit beats the restrictions that its node knew; a restriction beats all other permits.
 * Pure. */
#ifndef SKEP_SWARM_REGISTRY_MARK_H
#define SKEP_SWARM_REGISTRY_MARK_H

#include <stdbool.h>
#include <stdint.h>

struct registry_mark {
    uint64_t stamp; /* of the last change; 0: made outside of the cluster. See swarm/stamp.h */
    uint64_t restriction; /* stamp of the newest restriction that its node knew; 0: none */
    bool restricts;
    bool removed; /* there is no entry */
    bool aside;   /* the entry is in the database only, since the cluster does not know it */
};

/* What a node keeps over a restart beside the marks. */
struct registry_identity {
    bool known;
    uint64_t secret[2]; /* of the cluster whose entries these are */
    int64_t seen_s;     /* when the node was last connected; Unix time */
};

static inline uint64_t registry_mark_restriction(const struct registry_mark *mark) {
    return mark->restricts ? mark->stamp : mark->restriction;
}

/* Whether the change with mark `a` beats that with mark `b` of the same entry. */
static inline bool registry_mark_beats(const struct registry_mark *a,
                                       const struct registry_mark *b) {
    const uint64_t restriction_a = registry_mark_restriction(a);
    const uint64_t restriction_b = registry_mark_restriction(b);
    if (restriction_a != restriction_b)
        return restriction_a > restriction_b;
    if (a->restricts != b->restricts)
        return b->restricts;
    return a->stamp > b->stamp;
}

#endif
