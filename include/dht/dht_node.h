/* Core of a DHT node (BEP 5, 32, 42, 43): datagrams, their sender and the time in; datagrams and
 * the time of the next wake-up out. No socket, no clock and no randomness of its own; memory is
 * allocated by dht_node_create only, and dht_node_statistics says how much. A routing table per
 * family; a store of announced peers; lookups. Times are milliseconds of a monotonic clock. One
 * thread at a time; callbacks are called by the thread that is inside a function of the node, and
 * must not call functions of the node.
 *
 * Nothing is sent in answer to what is not a query. Replies are limited by address (IPv6: by /64)
 * and in total, and no datagram is longer than DHT_DATAGRAM_MAX bytes. A reply has at most 11 times
 * the bytes of its query (measured: 1,116 for 110). */
#ifndef SKEP_DHT_DHT_NODE_H
#define SKEP_DHT_DHT_NODE_H

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/keyed_hash.h"
#include "dht/node_id.h"

enum {
    DHT_DATAGRAM_MAX = 1200, /* of those that are sent */
    DHT_BOOTSTRAP_MAX = 16,
    DHT_LOOKUPS_MAX = 8,  /* dht_node_look_up at once */
    DHT_NODES_MAX = 1280, /* of both tables, with the replacements */
    DHT_QUERY_KINDS = 5,  /* ping, find_node, get_peers, announce_peer, unknown ones */
    DHT_VALUES_LEN = 480, /* of compact peers that dht_callbacks.get_peers is asked for, at most */
};

/* What becomes of a peer that was announced with a valid token. */
enum dht_announce {
    DHT_ANNOUNCE_TAKEN,   /* the tracker has put it into its swarm; get_peers gives it */
    DHT_ANNOUNCE_STORE,   /* the node keeps it in its own store */
    DHT_ANNOUNCE_REFUSED, /* answered with an error */
};

struct dht_callbacks {
    void *context;

    /* Sends a datagram. A failure is treated as a lost datagram. `data` is borrowed. */
    void (*send)(void *context, const struct endpoint *to, struct bytes data);

    /* Writes peers of the torrent, as many as fit, for a requester to `peers`: compact, of the
     * requester's family (6 or 18 bytes each). False if the node must not give any peer of the
     * torrent, not even one of its own store: a private or blocked torrent. NULL: the node gives
     * those of its store. */
    bool (*get_peers)(void *context, const uint8_t info_hash[static NODE_ID_LEN],
                      const struct endpoint *requester, struct writer *peers);

    /* Takes a peer; its address is that of the sender, and its port is not 0. NULL: all peers are
     * kept in the node's store. */
    enum dht_announce (*announce_peer)(void *context, const uint8_t info_hash[static NODE_ID_LEN],
                                       const struct endpoint *peer);
};

/* All limits must be at least 1. */
struct dht_limits {
    uint32_t peers;             /* in the store; 32 bytes each */
    uint32_t peers_per_torrent; /* of both families */
    uint32_t peers_per_address; /* of an IPv4 address or IPv6 /64, over all torrents; approximate if
                                   the store is nearly full: then fewer */
    uint32_t peer_ttl_s;        /* at most 7200 */
    uint32_t replies_per_s;     /* to all; twice as many at once */
    uint32_t replies_per_address_per_s; /* to an IPv4 address or IPv6 /64; four times as many at
                                           once */
};

/* 100,000 peers, 500 of a torrent and of an address, 30 minutes, 2,000 replies a second and 10 to
 * an address. */
extern const struct dht_limits dht_default_limits;

struct dht_options {
    bool ipv4, ipv6;        /* families that are used; datagrams of the other are ignored */
    struct hash_key secret; /* random bytes of the system, known to the node only */
    struct dht_limits limits;

    /* Address of the node as others see it, without port; FAMILY_NONE: learned from replies. The
     * node's id of the family is bound to it. */
    struct endpoint external_ipv4, external_ipv6;

    /* Ids of the last run, as dht_node_id gave them; all zeros: a new one is made. An id that is
     * not valid for the node's address is replaced. */
    uint8_t saved_id_ipv4[NODE_ID_LEN], saved_id_ipv6[NODE_ID_LEN];

    struct dht_callbacks callbacks;
};

struct dht_node;

/* Copies the options. NULL if out of memory. Call dht_node_wake afterwards. */
struct dht_node *dht_node_create(const struct dht_options *options, uint64_t now_ms);
void dht_node_delete(struct dht_node *node);

/* Adds a node to start from; its id is not known. They are asked while the table of their family
 * has few nodes. An endpoint that is already known is ignored, and one above DHT_BOOTSTRAP_MAX
 * replaces the oldest. */
void dht_node_add_bootstrap(struct dht_node *node, const struct endpoint *endpoint);

/* Adds a node of the last run. It is pinged first, and given to others once it has replied. */
void dht_node_add_saved(struct dht_node *node, const struct node_contact *contact);

/* Handles a datagram. */
void dht_node_receive(struct dht_node *node, struct bytes datagram, const struct endpoint *from,
                      uint64_t now_ms);

/* Does what is due and returns when to call it next, at the latest. Call it after each batch of
 * datagrams, and after the functions that add a node or start a lookup, too; it costs little if
 * nothing is due. */
uint64_t dht_node_wake(struct dht_node *node, uint64_t now_ms);

/* Receives peers of a torrent as they are found; a peer may come more than once. `count` is 0 once,
 * at the end of the lookup. */
typedef void (*dht_lookup_found)(void *context, const struct endpoint *peers, size_t count);

/* Looks a torrent up in both tables; takes a few seconds, at most 60. Returns the number of the
 * lookup, which is not 0; or 0 if there are DHT_LOOKUPS_MAX already or no node is known; `found` is
 * not called then. Peers of the node's own store are not reported. */
uint32_t dht_node_look_up(struct dht_node *node, const uint8_t info_hash[static NODE_ID_LEN],
                          dht_lookup_found found, void *context, uint64_t now_ms);

/* Ends a lookup without calling `found` any more. Does nothing if it has ended. */
void dht_node_cancel(struct dht_node *node, uint32_t lookup);

/* The node's id of the family, to be saved. */
void dht_node_id(const struct dht_node *node, uint8_t family, uint8_t id[static NODE_ID_LEN]);

enum dht_node_state { DHT_NODE_GOOD, DHT_NODE_QUESTIONABLE, DHT_NODE_BAD, DHT_NODE_REPLACEMENT };

struct dht_known_node {
    struct node_contact contact;
    enum dht_node_state state;
    uint32_t seen_s; /* seconds since its last reply; UINT32_MAX: none yet */
};

/* Nodes of both tables, at most `max` (DHT_NODES_MAX: all), the good ones first. Returns their
 * number. Those that are not bad are worth saving. */
size_t dht_node_list(const struct dht_node *node, struct dht_known_node *nodes, size_t max,
                     uint64_t now_ms);

struct dht_known_lookup {
    uint32_t number; /* of dht_node_look_up */
    uint8_t family;
    uint8_t info_hash[NODE_ID_LEN];
    uint32_t asked, answered, peers; /* nodes, nodes, peers with duplicates */
    uint32_t age_ms;
};

/* Lookups of torrents that are running, one for each family; at most `max` (2 * DHT_LOOKUPS_MAX:
 * all). Returns their number. */
size_t dht_node_list_lookups(const struct dht_node *node, struct dht_known_lookup *lookups,
                             size_t max, uint64_t now_ms);

struct dht_table_statistics {
    uint32_t good, questionable, bad, replacements; /* nodes */
    uint8_t id[NODE_ID_LEN];
    struct endpoint external; /* FAMILY_NONE: not known */
};

struct dht_statistics {
    struct dht_table_statistics ipv4, ipv6;
    uint32_t peers;   /* stored */
    uint32_t lookups; /* of torrents, running */
    size_t memory;    /* bytes, all that is ever allocated */

    /* Since the start. */
    uint64_t received, received_bytes; /* datagrams */
    uint64_t sent, sent_bytes;
    uint64_t ignored;                  /* datagrams that are no message, or no reply to a query */
    uint64_t queries[DHT_QUERY_KINDS]; /* received */
    uint64_t query_bytes;              /* of the queries that were answered */
    uint64_t reply_bytes;              /* of the replies to them, and of errors */
    uint64_t limited;                  /* queries that were not answered: too many */
    uint64_t invalid_tokens;
    uint64_t announces_taken, announces_stored, announces_refused;
    uint64_t queries_sent, replies, timeouts; /* replies and time-outs of queries that were sent */
    uint64_t lookups_started, lookups_ended, lookups_with_peers; /* per family; only of torrents */
};

void dht_node_statistics(const struct dht_node *node, struct dht_statistics *statistics,
                         uint64_t now_ms);

#endif
