/* A network of DHT nodes under virtual time: datagrams are lost and delayed, nodes leave and others
 * come at their addresses, and some are hostile: they answer pings as nodes do, so that they get
 * into tables, and everything else with garbage. One seed, one course of events. */
#ifndef SKEP_UNIT_DHT_NETWORK_H
#define SKEP_UNIT_DHT_NETWORK_H

#include "dht/dht_node.h"

/* Those of skepd by default. */
extern const struct dht_limits dht_network_limits;

struct dht_network_options {
    uint32_t nodes;
    uint32_t hostile_percent;
    uint32_t loss_percent;
    uint32_t delay_min_ms, delay_max_ms; /* in one direction */
    uint32_t lifetime_s;                 /* of a node, on average; 0: nodes stay */
    uint64_t seed;
};

struct dht_network;

struct dht_network *dht_network_create(const struct dht_network_options *options);
void dht_network_delete(struct dht_network *network);

/* Lets virtual time pass. */
void dht_network_run(struct dht_network *network, uint64_t duration_ms);

/* Announces a peer at the nodes whose ids are closest to the info_hash, hostile ones among them,
 * and returns it. */
struct endpoint dht_network_store(struct dht_network *network, const uint8_t *info_hash);

struct dht_network_lookup {
    uint8_t info_hash[NODE_ID_LEN];
    struct endpoint peer;    /* to find */
    uint32_t found_after_ms; /* result; UINT32_MAX: not found */

    struct dht_network *network;
    uint64_t start_ms;
};

/* Looks torrents up, each from a random node that is not hostile. Many run at once. */
void dht_network_find(struct dht_network *network, struct dht_network_lookup *lookups,
                      size_t count);

#endif
