/* Routing table of one family (BEP 5): buckets of eight nodes by the number of leading bits that
 * they share with our id, each with eight replacements. Only nodes that have replied are given to
 * others. A node is good if it has replied in the last 15 minutes, or has sent a query then and
 * ever replied; bad after three queries in a row without reply; else questionable. At most one node
 * per address, unless it is in a private network; only ids that are valid for their address (BEP
 * 42). No allocation. Times are seconds of a monotonic clock, and not 0. Not locked. */
#ifndef SKEP_DHT_ROUTING_TABLE_H
#define SKEP_DHT_ROUTING_TABLE_H

#include <stddef.h>

#include "dht/node_id.h"

enum {
    BUCKET_LEN = 8,
    TABLE_BUCKETS = 40,  /* the last one has all nodes that share more bits: in a network of a
                            billion nodes it is empty */
    TABLE_QUIET_S = 900, /* without a message, a node is questionable; also the time from one
                           refresh of a bucket to the next */
    TABLE_FAILS_MAX = 3,
};

struct table_node {
    struct node_contact contact;
    uint8_t fails;      /* queries in a row without reply */
    uint32_t replied_s; /* 0: never */
    uint32_t queried_s; /* it has sent a query; 0: never */
    uint32_t asked_s;   /* a ping was sent; 0: never */
};

struct bucket {
    uint8_t count, spare_count;
    uint32_t refreshed_s; /* 0: never */
    struct table_node nodes[BUCKET_LEN];
    struct table_node spares[BUCKET_LEN]; /* replacements, the latest last */
};

struct routing_table {
    uint8_t family;
    uint8_t id[NODE_ID_LEN];
    struct bucket buckets[TABLE_BUCKETS];
};

void routing_table_init(struct routing_table *table, uint8_t family,
                        const uint8_t id[static NODE_ID_LEN]);

/* Changes our id; nodes that have no room in their new buckets are dropped. */
void routing_table_set_id(struct routing_table *table, const uint8_t id[static NODE_ID_LEN]);

bool node_is_good(const struct table_node *node, uint32_t now_s);
bool node_is_bad(const struct table_node *node);

/* A node has replied: adds or renews it. If its id is ours or not valid for its address, a node
 * that was known at its endpoint has failed. */
void routing_table_replied(struct routing_table *table, const struct node_contact *contact,
                           uint32_t now_s);

/* A node has sent a query: renews it. True if it is not in the table, and could be: ping it. */
bool routing_table_queried(struct routing_table *table, const struct node_contact *contact,
                           uint32_t now_s);

/* Adds a node of an earlier run, which has not replied yet. */
void routing_table_restore(struct routing_table *table, const struct node_contact *contact);

/* A node has not replied in time, or with an error: it is replaced if it is bad and there is a
 * replacement. */
void routing_table_failed(struct routing_table *table, const struct endpoint *endpoint);

/* The nodes closest to the target that are not bad and, if `max` is not reached before, all. With a
 * `receiver`: only nodes that replied to the last query and that the receiver can reach. Returns
 * their number. */
size_t routing_table_closest(const struct routing_table *table,
                             const uint8_t target[static NODE_ID_LEN],
                             const struct endpoint *receiver, struct node_contact *nodes,
                             size_t max);

/* The node to ping next, or NULL; notes that it is asked. Good nodes are not pinged, bad ones
 * seldom. */
struct table_node *routing_table_to_ping(struct routing_table *table, uint32_t now_s);

/* A bucket to refresh: makes an id that belongs into it of `id`, which is random, and notes the
 * refresh. False if there is none. */
bool routing_table_to_refresh(struct routing_table *table, uint8_t id[static NODE_ID_LEN],
                              uint32_t now_s);

/* Number of nodes that are good. */
size_t routing_table_good(const struct routing_table *table, uint32_t now_s);

#endif
