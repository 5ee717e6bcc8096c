/* The DHT node of skepd: a socket for each listen address and one thread around dht/dht_node.h. It
 * shares swarms of the tracker (swarm/tracker_dht.h), and keeps its ids and the nodes it knows in a
 * file, so that it needs no bootstrap after a restart. Unless noted otherwise, any thread may call
 * each function at any time. BEP 5, 32, 42, 43. */
#ifndef SKEP_SERVER_DHT_SERVER_H
#define SKEP_SERVER_DHT_SERVER_H

#include "base/error.h"
#include "dht/dht_node.h"
#include "server/dht_bootstrap.h"
#include "server/listen.h"
#include "swarm/tracker_dht.h"

enum {
    DHT_STATE_FILE_LEN = 1100,
    DHT_FOUND_MAX = 100, /* peers that a lookup keeps */
    DHT_RESULTS_MAX = 2 * DHT_LOOKUPS_MAX,
};

struct dht_server_options {
    bool enabled;
    uint16_t port;
    struct dht_bootstrap bootstrap;
    enum dht_share answer_swarms;
    struct dht_limits limits; /* without `peer_ttl_s`, which is DHT_PEER_TTL_S */
    struct listen_addresses listen;
    struct endpoint external_v4; /* of this node; FAMILY_NONE: found out */
    struct endpoint external_v6;
    char state_file[DHT_STATE_FILE_LEN]; /* empty: none */
};

struct dht_server;

/* Starts the node. If its port cannot be used, the result has a failure and no thread. NULL if out
 * of memory. `tracker` must outlive the server. */
struct dht_server *dht_server_start(const struct dht_server_options *options,
                                    struct tracker *tracker);

/* Ends the thread and saves the nodes. NULL is ignored. */
void dht_server_stop(struct dht_server *server);

/* Applies `bootstrap` and `answer_swarms`. */
void dht_server_apply(struct dht_server *server, const struct dht_server_options *options);

/* Why the node does not run; NULL: it runs. */
const char *dht_server_failure(const struct dht_server *server);

/* Whether none of the nodes in `bootstrap` could be reached, and no other one is known. */
bool dht_server_is_alone(struct dht_server *server);

uint16_t dht_server_port(const struct dht_server *server);

struct dht_statistics dht_server_statistics(struct dht_server *server);

/* As dht_node_list. */
size_t dht_server_nodes(struct dht_server *server, struct dht_known_node *nodes, size_t max);

/* Torrents with peers that the node keeps itself, those with the most peers first; the caller frees
 * them. NULL if out of memory. */
struct stored_torrent *dht_server_torrents(struct dht_server *server, size_t *count);

/* Peers of a torrent that the node keeps itself, the latest first; the caller frees them. NULL if
 * out of memory. */
struct stored_peer *dht_server_peers(struct dht_server *server,
                                     const uint8_t info_hash[static INFO_HASH_LEN], size_t *count);

/* A lookup of a torrent, running or ended. The last DHT_RESULTS_MAX are kept. */
struct dht_result {
    uint32_t number;
    uint8_t info_hash[INFO_HASH_LEN];
    bool ended;
    uint32_t age_ms; /* since its start */
    size_t count;
    struct endpoint peers[DHT_FOUND_MAX]; /* without duplicates */
};

/* Starts a lookup. Returns its number; 0: too many are running, or no node is known. */
uint32_t dht_server_look_up(struct dht_server *server,
                            const uint8_t info_hash[static INFO_HASH_LEN]);

/* Copies a lookup. False if there is none with this number. */
bool dht_server_result(struct dht_server *server, uint32_t number, struct dht_result *result);

/* Copies all lookups, the newest first. Returns their number. */
size_t dht_server_results(struct dht_server *server, struct dht_result results[DHT_RESULTS_MAX]);

#endif
