/* The DHT node that a new torrent without a tracker names: the given one, or that of skepd. */
#ifndef SKEP_CTL_DHT_NODE_CHOICE_H
#define SKEP_CTL_DHT_NODE_CHOICE_H

#include "ctl/command_line.h"
#include "ctl/output.h"

enum { DHT_NODE_HOST_LEN = 256, DHT_NODE_TEXT_LEN = DHT_NODE_HOST_LEN + 8 };

struct dht_node_choice {
    char host[DHT_NODE_HOST_LEN]; /* an IPv6 address without brackets; empty: no node */
    uint16_t port;
};

/* Takes `given`, "HOST:PORT", or if it is NULL, the best host of skepd's announce URLs with the
 * port of its DHT node. Prints the error. */
enum status dht_node_choice_find(const struct command_line *line, const char *given,
                                 struct dht_node_choice *choice);

/* Writes HOST:PORT, or "" without a node. */
void dht_node_choice_text(const struct dht_node_choice *choice,
                          char text[static DHT_NODE_TEXT_LEN]);

#endif
