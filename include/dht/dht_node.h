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

#include "dht/dht_options.h"

struct dht_node;

/* Copies the options. NULL if out of memory. Call dht_node_wake afterwards. */
struct dht_node *dht_node_create(const struct dht_options *options, uint64_t now_ms);
void dht_node_delete(struct dht_node *node);

/* Adds a node to start from; its id is not known. They are asked while the table of their family
 * has few nodes. An endpoint that is already known is ignored, and one above DHT_BOOTSTRAP_MAX
 * replaces the oldest. */
void dht_node_add_bootstrap(struct dht_node *node, const struct endpoint *endpoint);

/* Forgets the nodes to start from. */
void dht_node_clear_bootstrap(struct dht_node *node);

/* Adds a node of the last run. It is pinged first, and given to others once it has replied. */
void dht_node_add_saved(struct dht_node *node, const struct node_contact *contact);

/* Handles a datagram. */
void dht_node_receive(struct dht_node *node, struct bytes datagram, const struct endpoint *from,
                      uint64_t now_ms);

/* Does what is due and returns when to call it next, at the latest. Call it after each batch of
 * datagrams, and after the functions that add a node or start a lookup, too; it costs little if
 * nothing is due. */
uint64_t dht_node_wake(struct dht_node *node, uint64_t now_ms);

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

/* Torrents that have peers in the store, at most `max` (dht_limits.torrents: all), in no order.
 * Returns their number. */
size_t dht_node_list_torrents(const struct dht_node *node, struct stored_torrent *torrents,
                              size_t max, uint64_t now_ms);

/* Peers of a torrent in the store, at most `max` (dht_limits.peers_per_torrent: all). Returns their
 * number. */
size_t dht_node_list_peers(const struct dht_node *node, const uint8_t info_hash[static NODE_ID_LEN],
                           struct stored_peer *peers, size_t max, uint64_t now_ms);

void dht_node_statistics(const struct dht_node *node, struct dht_statistics *statistics,
                         uint64_t now_ms);

#endif
