/* The marks of a registry in a cluster, by key. A removed entry keeps its mark. Not locked. */
#ifndef SKEP_SWARM_REGISTRY_MARKS_H
#define SKEP_SWARM_REGISTRY_MARKS_H

#include "base/hash_index.h"
#include "base/keyed_hash.h"
#include "swarm/registry.h"

struct marked_key {
    struct registry_mark mark;
    bool confirmed; /* the other nodes have this change, or will get it */
    uint8_t kind;
    uint8_t key[SHA256_LEN]; /* unused bytes are 0 */
};

struct registry_marks {
    struct hash_key hash_key;
    struct stepped_index index;
    struct marked_key *list;
    size_t capacity;
    uint32_t count;
    uint32_t version; /* changes if positions change */
    uint32_t aside[REGISTRY_STORED_KINDS];
    uint64_t highest; /* stamp */
};

void registry_marks_free(struct registry_marks *marks);

/* NULL if there is none. Valid until the next change. */
struct marked_key *registry_marks_find(const struct registry_marks *marks,
                                       const struct registry_row *row);

/* Adds or replaces the mark of a key. False if out of memory. */
bool registry_marks_put(struct registry_marks *marks, const struct registry_row *row,
                        const struct registry_mark *mark, bool confirmed);

void registry_marks_remove(struct registry_marks *marks, const struct registry_row *row);

/* Removes the marks of entries that were removed before this stamp; returns their number. */
size_t registry_marks_forget(struct registry_marks *marks, uint64_t before);

/* Removes all marks but those of entries that are set aside. */
void registry_marks_forget_all(struct registry_marks *marks);

/* The key alone. */
struct registry_row registry_marks_row(const struct marked_key *marked);

#endif
