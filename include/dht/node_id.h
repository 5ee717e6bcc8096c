/* Ids of DHT nodes: 160 bits, whose XOR is their distance (BEP 5), and ids bound to an address (BEP
 * 42), so that a host cannot choose the part of the id space that its nodes are in. Pure; any
 * thread. */
#ifndef SKEP_DHT_NODE_ID_H
#define SKEP_DHT_NODE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/random.h"

enum { NODE_ID_LEN = 20, NODE_ID_BITS = 160 };

struct node_contact {
    uint8_t id[NODE_ID_LEN];
    struct endpoint endpoint;
};

/* Makes an id that is valid for the address; for FAMILY_NONE any. */
void node_id_make(uint8_t id[static NODE_ID_LEN], const struct endpoint *address,
                  struct random *random);

/* Whether BEP 42 allows the id for the address. Addresses of private networks, of the link and of
 * the machine may have any. */
bool node_id_valid(const uint8_t id[static NODE_ID_LEN], const struct endpoint *address);

/* Whether the address is in a private network, of the link or of the machine. */
bool node_id_exempt(const struct endpoint *address);

/* Whether an IPv6 address is one of IPv4, mapped (::ffff:0:0/96). */
bool node_id_is_mapped(const struct endpoint *address);

/* Whether `endpoint` may be given to `other`, or used if `other` has given it. It must have a port
 * and an address that others can connect to; an address of a private network only if `other` has
 * such an address, too; one of the machine only if `other` is on the machine. */
bool node_id_reachable(const struct endpoint *endpoint, const struct endpoint *other);

/* Number of leading bits that are the same: NODE_ID_BITS if the ids are equal. */
unsigned node_id_shared_bits(const uint8_t a[static NODE_ID_LEN],
                             const uint8_t b[static NODE_ID_LEN]);

/* Compares the distances of two ids to `target`: negative if `a` is closer, 0 if `a` is `b`. */
int node_id_compare(const uint8_t target[static NODE_ID_LEN], const uint8_t a[static NODE_ID_LEN],
                    const uint8_t b[static NODE_ID_LEN]);

#endif
