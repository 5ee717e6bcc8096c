/* Types of a DHT node (dht/dht_node.h): limits, callbacks, options, stored peers and counters. */
#ifndef SKEP_DHT_DHT_OPTIONS_H
#define SKEP_DHT_DHT_OPTIONS_H

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
    uint32_t peers;             /* in the store; 24 bytes each */
    uint32_t torrents;          /* of these peers; 32 bytes each */
    uint32_t peers_per_torrent; /* of both families */
    uint32_t peers_per_address; /* of an IPv4 address or IPv6 /64, over all torrents; at most 65535;
                                   approximate if the store is nearly full: then fewer */
    uint32_t peer_ttl_s;        /* at most 7200 */
    uint32_t replies_per_s;     /* to all; twice as many at once; at most 1,000,000 */
    uint32_t replies_per_address_per_s; /* to an IPv4 address or IPv6 /64; four times as many at
                                           once; at most 10,000 */
};

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

/* Receives peers of a torrent as they are found; a peer may come more than once. `count` is 0 once,
 * at the end of the lookup. */
typedef void (*dht_lookup_found)(void *context, const struct endpoint *peers, size_t count);

/* What the node stores of peers that were announced to it. */
struct stored_torrent {
    uint8_t info_hash[NODE_ID_LEN];
    uint32_t peers;
};

struct stored_peer {
    struct endpoint endpoint;
    uint32_t age_s; /* since its last announce */
};

struct dht_table_statistics {
    uint32_t good, questionable, bad, replacements; /* nodes */
    uint8_t id[NODE_ID_LEN];
    struct endpoint external; /* FAMILY_NONE: not known */
};

struct dht_statistics {
    struct dht_table_statistics ipv4, ipv6;
    uint32_t peers, torrents; /* stored */
    uint32_t lookups;         /* of torrents, running */
    size_t memory;            /* bytes, all that is ever allocated */

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

#endif
