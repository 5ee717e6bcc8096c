/* Answers queries of other nodes. Pure apart from the callbacks of the node. */
#ifndef SKEP_DHT_DHT_ANSWER_H
#define SKEP_DHT_DHT_ANSWER_H

#include "dht/dht_state.h"

/* Answers a query of `len` bytes, unless the limits do not allow it, and notes its sender. */
void dht_answer_query(struct dht_node *node, const struct krpc_message *query, size_t len,
                      const struct endpoint *from, uint64_t now_ms);

#endif
