/* Messages between DHT nodes: KRPC (BEP 5) with IPv6 (BEP 32), the address of the requester (BEP
 * 42) and read-only nodes (BEP 43). One struct for all kinds of message, which the reader fills and
 * the writer takes. Unknown keys are skipped. No allocation. Pure; any thread. */
#ifndef SKEP_DHT_KRPC_H
#define SKEP_DHT_KRPC_H

#include "base/bytes.h"
#include "dht/node_id.h"

enum {
    KRPC_MESSAGE_MAX = 1200, /* of a message that is sent: fits the minimum MTU of IPv6 */
    KRPC_TRANSACTION_MAX = 32,
    KRPC_TOKEN_MAX = 64,  /* longer ones in replies are ignored */
    KRPC_NODES_MAX = 8,   /* of each family in a reply that is sent */
    KRPC_VALUES_LEN = 500 /* of the values in a reply that is sent */
};

enum krpc_kind { KRPC_QUERY, KRPC_REPLY, KRPC_ERROR };

enum krpc_method {
    KRPC_PING,
    KRPC_FIND_NODE,
    KRPC_GET_PEERS,
    KRPC_ANNOUNCE_PEER,
    KRPC_METHODS, /* an unknown one */
};

/* Families of the nodes that a query asks for (BEP 32). */
enum krpc_want { KRPC_WANT_V4 = 1, KRPC_WANT_V6 = 2 };

enum krpc_error {
    KRPC_GENERIC_ERROR = 201,
    KRPC_SERVER_ERROR = 202,
    KRPC_PROTOCOL_ERROR = 203,
    KRPC_METHOD_UNKNOWN = 204,
};

/* Slices borrow the packet, or what the caller of krpc_write has; those of absent values are empty.
 */
struct krpc_message {
    enum krpc_kind kind;
    struct bytes transaction;
    uint8_t id[NODE_ID_LEN]; /* of the sender; not in errors */
    struct bytes ip;         /* of a reply: 6 or 18 bytes, its receiver as the sender sees it */
    struct bytes token;      /* of get_peers' reply and of announce_peer */

    enum krpc_method method; /* of a query, as the next ones */
    bool read_only;
    uint8_t target[NODE_ID_LEN]; /* node id of find_node, info_hash of get_peers, announce_peer */
    unsigned want;               /* 0: the family of the packet */
    bool implied_port;           /* announce_peer: the port of the packet counts */
    uint16_t port;

    struct bytes nodes;  /* of a reply: 26 bytes each */
    struct bytes nodes6; /* 38 bytes each */
    struct bytes values; /* contents of the list */

    /* Of an error: its code. Of a query: the code that answers it if it is invalid, or 0. */
    int64_t error;
};

/* Reads a packet; what follows the message is ignored. False if it is not a message, or one without
 * a transaction or (except for errors) id; ignore it then. */
bool krpc_read(struct bytes packet, struct krpc_message *message);

/* Writes a message of at most `capacity` bytes; an error has the text that belongs to its code.
 * Returns its length, or 0 if it does not fit. */
size_t krpc_write(uint8_t *out, size_t capacity, const struct krpc_message *message);

/* Takes the next node, of a family, from `nodes` or `nodes6`. False at the end. */
bool krpc_take_node(struct bytes *nodes, uint8_t family, struct node_contact *node);
void krpc_put_node(struct writer *nodes, const struct node_contact *node);

/* Takes the next peer from `values`, whatever its family; values of another length are skipped.
 * False at the end. */
bool krpc_take_value(struct bytes *values, struct endpoint *peer);
void krpc_put_value(struct writer *values, const struct endpoint *peer);

#endif
