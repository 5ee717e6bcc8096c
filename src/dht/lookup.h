/* A lookup of one family: which nodes to ask next for the nodes, or peers, closest to a target (BEP
 * 5). Asks three at a time; a slow one does not hold up the others, and its late reply still
 * counts. Ends when the eight closest that do not fail have replied. Nodes that a reply gave are
 * tried one at a time until one of them replies, and passed over after two that do not: a node that
 * gives false nodes costs the lookup little. No allocation. Times in milliseconds. Not locked. */
#ifndef SKEP_DHT_LOOKUP_H
#define SKEP_DHT_LOOKUP_H

#include "dht/node_id.h"

enum {
    LOOKUP_PARALLEL = 3,
    LOOKUP_CLOSEST = 8,
    LOOKUP_CANDIDATES = 64,
    LOOKUP_ASKED_MAX = 200,
    LOOKUP_SLOW_MS = 500,
    LOOKUP_TIME_MAX_MS = 30000,
    LOOKUP_SOURCE_FAILS = 2,
};

enum candidate_state {
    CANDIDATE_NEW,
    CANDIDATE_ASKED,
    CANDIDATE_SLOW,
    CANDIDATE_REPLIED,
    CANDIDATE_FAILED,
    CANDIDATE_STATES,
};

struct candidate {
    struct node_contact contact;
    uint8_t state;
    uint8_t source;    /* the reply that gave it; 0: our table */
    uint32_t asked_ms; /* after the start of the lookup */
};

/* How many of the candidates that a reply gave are in each state. */
struct lookup_source {
    uint8_t candidates[CANDIDATE_STATES];
};

struct lookup {
    uint32_t number; /* 0: not in use */
    uint8_t family;
    uint8_t target[NODE_ID_LEN];
    uint64_t start_ms;
    uint32_t asked, answered;
    uint32_t count;
    struct candidate candidates[LOOKUP_CANDIDATES]; /* the closest first */
    struct lookup_source sources[LOOKUP_ASKED_MAX + 1];
};

void lookup_init(struct lookup *lookup, uint32_t number, uint8_t family,
                 const uint8_t target[static NODE_ID_LEN], uint64_t now_ms);

/* Adds a node, unless its endpoint (not in a private network: its address) is known and not passed
 * over. If the list is full, the farthest one is dropped. */
void lookup_add(struct lookup *lookup, const struct node_contact *contact, uint8_t source);

/* Adds a node whose id is not known, as the farthest one. */
void lookup_add_unknown(struct lookup *lookup, const struct endpoint *endpoint);

/* The candidate to ask now; notes that it is asked. NULL: none, for now. */
const struct candidate *lookup_next(struct lookup *lookup, uint64_t now_ms);

/* A node has replied, with the id of `from`. Returns the source of the nodes that it gives. */
uint8_t lookup_replied(struct lookup *lookup, const struct node_contact *from);

/* A node has not replied in time, or with an error. */
void lookup_failed(struct lookup *lookup, const struct endpoint *endpoint);

bool lookup_is_over(const struct lookup *lookup, uint64_t now_ms);

/* When to call lookup_next, if no reply comes before. */
uint64_t lookup_due_ms(const struct lookup *lookup);

#endif
