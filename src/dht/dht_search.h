/* Lookups of a DHT node: of torrents, for dht_node_look_up, and of ids, to fill the tables. */
#ifndef SKEP_DHT_DHT_SEARCH_H
#define SKEP_DHT_DHT_SEARCH_H

#include "dht/dht_state.h"

/* Starts a search in an unused place, from the closest nodes of the table; from the bootstrap
 * nodes, too, if those are few. False if no node is known. */
bool dht_search_start(struct dht_node *node, struct search *search, uint8_t family,
                      const uint8_t target[static NODE_ID_LEN], uint64_t now_ms);

/* A query of the lookup with this number was answered, or was not. 0: it was a ping. */
void dht_search_replied(struct dht_node *node, uint32_t lookup, const struct krpc_message *reply,
                        const struct node_contact *from, uint64_t now_ms);
void dht_search_failed(struct dht_node *node, uint32_t lookup, const struct endpoint *endpoint);

/* Sends what is due, and ends searches. Returns when to call it next. */
uint64_t dht_search_proceed(struct dht_node *node, uint64_t now_ms);

/* Ends all searches of a group, without calling back. */
void dht_search_cancel(struct dht_node *node, uint32_t group);

#endif
