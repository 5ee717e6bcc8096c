/* What a DHT node keeps over a restart: its ids and the nodes that it knows, bencoded in a file.
 * The keys are those of other clients' files: id, id6, nodes, nodes6. */
#ifndef SKEP_SERVER_DHT_FILE_H
#define SKEP_SERVER_DHT_FILE_H

#include "base/error.h"
#include "dht/dht_node.h"

enum { DHT_SAVED_NODES_MAX = 300 };

struct dht_saved {
    uint8_t id[NODE_ID_LEN]; /* zeros: none */
    uint8_t id6[NODE_ID_LEN];
    size_t count;
    struct node_contact nodes[DHT_SAVED_NODES_MAX];
};

/* False, with one line in `error` and `state` empty, if the file cannot be read or is invalid. A
 * missing file is an empty state. */
bool dht_file_load(const char *path, struct dht_saved *state, char error[static ERROR_LEN]);

/* Replaces the file. False and one line in `error` if that fails; the old file stays. */
bool dht_file_save(const char *path, const struct dht_saved *state, char error[static ERROR_LEN]);

#endif
