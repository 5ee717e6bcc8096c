/* State of a DHT node, and what its parts share. */
#ifndef SKEP_DHT_DHT_STATE_H
#define SKEP_DHT_DHT_STATE_H

#include "dht/dht_options.h"
#include "dht/krpc.h"
#include "dht/lookup.h"
#include "dht/peer_store.h"
#include "dht/reply_limit.h"
#include "dht/routing_table.h"
#include "dht/sent_queries.h"
#include "dht/token.h"

/* All that belongs to a family. */
struct dht_side {
    bool enabled;
    bool external_is_set; /* by the options */
    struct endpoint external;
    struct endpoint vote; /* what most recent replies say */
    struct endpoint voter;
    uint32_t votes;
    struct routing_table table;
    struct endpoint told[KRPC_NODES_MAX]; /* by nodes of the other family, to be pinged */
    uint32_t told_count;
    uint64_t bootstrap_ms, bootstrap_pause_ms; /* when to start again, and how long after that */
    uint64_t own_lookup_ms;                    /* when to look our own id up again */
};

struct search {
    struct lookup lookup;
    uint32_t group; /* number of dht_node_look_up, which starts one for each family; 0: upkeep */
    uint32_t peers;
    dht_lookup_found found;
    void *context;
};

/* The last ones, of each family, are for the upkeep of the tables. */
enum { TORRENT_SEARCHES = 2 * DHT_LOOKUPS_MAX, SEARCHES = TORRENT_SEARCHES + 2 };

struct dht_node {
    struct dht_options options;
    struct hash_key token_key, draw_key;
    uint64_t drawn;
    struct dht_side v4, v6;
    struct sent_queries queries;
    struct search searches[SEARCHES];
    uint32_t search_number; /* of the last one */
    uint32_t searches_running;
    struct reply_limit *reply_limit;
    struct peer_store *peers;
    struct endpoint bootstrap[DHT_BOOTSTRAP_MAX];
    uint32_t bootstrap_count, bootstrap_next;
    uint64_t upkeep_ms;  /* when it is due */
    uint32_t pings_left; /* until then */
    struct dht_statistics statistics;
};

/* Seconds for the table and the store; never 0. */
static inline uint32_t dht_seconds(uint64_t now_ms) {
    return (uint32_t)(now_ms / 1000) + 1;
}

/* NULL if the family is not enabled. */
struct dht_side *dht_side_of(struct dht_node *node, uint8_t family);

/* A number that cannot be predicted. */
uint64_t dht_draw(struct dht_node *node);
void dht_draw_id(struct dht_node *node, const struct endpoint *address,
                 uint8_t id[static NODE_ID_LEN]);

/* Completes a message with our id and sends it. Returns its length. */
size_t dht_send(struct dht_node *node, const struct endpoint *to, struct krpc_message *message);

/* Sends a query, with a transaction of its own. False if too many wait for their reply. */
bool dht_send_query(struct dht_node *node, const struct endpoint *to, struct krpc_message *query,
                    uint32_t lookup, uint64_t now_ms);

/* Sends a ping, if the limit of pings allows it. */
void dht_ping(struct dht_node *node, const struct endpoint *to, uint64_t now_ms);

#endif
