/* Which entries of each other node have been read, and which are missing. If an entry is missing
 * for GAP_PATIENCE_MS, there is a hole: the entry is lost, and only a snapshot replaces it.
 * Duplicates are merged like other entries. Pure, of constant size. `now_ms` is not 0. */
#ifndef SKEP_CLUSTER_GAPS_H
#define SKEP_CLUSTER_GAPS_H

#include "cluster/record.h"

enum { GAP_PATIENCE_MS = 3000 };

struct gap_node {
    uint64_t node;
    uint64_t incarnation;
    uint64_t through;  /* all entries up to this number have been read, or are covered */
    uint64_t after;    /* bit i: entry through + 2 + i has been read */
    uint64_t highest;  /* greatest number that is known to exist */
    uint64_t since_ms; /* when an entry was first missing; 0: none is */
    uint64_t heard_ms;
};

struct gaps {
    struct gap_node nodes[NODES_MAX];
    size_t count;
    bool hole; /* an earlier incarnation of a node had a gap */
};

/* Notes an entry that was read. `first_is_known`: if nothing of this incarnation has been read,
 * earlier entries are not missing, since a snapshot contains them. */
void gaps_note(struct gaps *gaps, const struct entry_header *entry, bool first_is_known,
               uint64_t now_ms);

/* Another node has read the node's entries up to this one, so they exist. */
void gaps_expect(struct gaps *gaps, const struct position *position, uint64_t now_ms);

/* A snapshot contains the node's entries up to this one, but not their removals: merge those that
 * are read later. */
void gaps_cover(struct gaps *gaps, const struct position *position, uint64_t now_ms);

/* Whether there is a hole. Each is reported once: then what is missing counts as read. */
bool gaps_take_hole(struct gaps *gaps, uint64_t now_ms);

/* Writes the positions of a heartbeat. */
void gaps_write(const struct gaps *gaps, struct writer *w);

#endif
