/* Upkeep of a DHT node: starts from the bootstrap nodes, pings questionable nodes, refreshes
 * buckets, learns the node's own address. */
#ifndef SKEP_DHT_DHT_UPKEEP_H
#define SKEP_DHT_DHT_UPKEEP_H

#include "dht/dht_state.h"

enum { UPKEEP_MS = 1000 };

/* Does what is due each second. */
void dht_upkeep(struct dht_node *node, uint64_t now_ms);

/* Starts again from the bootstrap nodes at the next upkeep, if the tables have few nodes. */
void dht_upkeep_bootstrap(struct dht_node *node);

/* The sender of a reply sees us at `ip`. The address that most of them see becomes ours, and the
 * node gets another id if its own is not valid for it. */
void dht_upkeep_vote(struct dht_node *node, struct bytes ip, const struct endpoint *from);

#endif
