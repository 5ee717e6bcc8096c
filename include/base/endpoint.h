/* IP address and port of a peer, stored in wire format, so that the peers of a swarm can be copied
 * into a reply (BEP 23: 6 bytes for IPv4; BEP 7: 18 for IPv6; address first, port big-endian). An
 * IPv4-mapped IPv6 address is stored as IPv4. Also networks: an address and a prefix length. Pure;
 * any thread. */
#ifndef SKEP_BASE_ENDPOINT_H
#define SKEP_BASE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum family { FAMILY_NONE = 0, FAMILY_V4 = 4, FAMILY_V6 = 6 };

enum {
    ENDPOINT_V4_LEN = 6,
    ENDPOINT_V6_LEN = 18,
    ENDPOINT_MAX_LEN = 18,
    ENDPOINT_TEXT_LEN = 56, /* "[v6]:port" and a terminating zero */
    NETWORK_TEXT_LEN = 64,
    NETWORKS_MAX = 32,
};

struct endpoint {
    uint8_t family;
    uint8_t wire[ENDPOINT_MAX_LEN]; /* unused bytes are zero */
};

struct network {
    uint8_t family;
    uint8_t bits;
    uint8_t address[16];
};

struct networks {
    size_t count;
    struct network list[NETWORKS_MAX];
};

/* Length of an endpoint of the family, 6 or 18, and of its address alone, 4 or 16. */
static inline size_t endpoint_len(uint8_t family) {
    return family == FAMILY_V6 ? ENDPOINT_V6_LEN : ENDPOINT_V4_LEN;
}

static inline size_t address_len(uint8_t family) {
    return endpoint_len(family) - 2;
}

/* Compares and copies the wire format. With a fixed length they need no call: memcmp and memcpy
 * load more bytes at once than were stored before, and so wait for the stores. */
static inline bool endpoint_wire_equal(uint8_t family, const uint8_t *a, const uint8_t *b) {
    return family == FAMILY_V6 ? memcmp(a, b, ENDPOINT_V6_LEN) == 0
                               : memcmp(a, b, ENDPOINT_V4_LEN) == 0;
}

static inline void endpoint_wire_copy(uint8_t family, uint8_t *to, const uint8_t *from) {
    if (family == FAMILY_V6)
        memcpy(to, from, ENDPOINT_V6_LEN);
    else
        memcpy(to, from, ENDPOINT_V4_LEN);
}

uint16_t endpoint_port(const struct endpoint *endpoint);
void endpoint_set_port(struct endpoint *endpoint, uint16_t port);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* Whether both have the same address, whatever their ports. False for FAMILY_NONE. */
bool endpoint_same_address(const struct endpoint *a, const struct endpoint *b);

/* 127.0.0.0/8 or ::1; the second also for an address in wire format. */
bool endpoint_is_loopback(const struct endpoint *endpoint);
bool endpoint_wire_is_loopback(uint8_t family, const uint8_t *wire);

/* Whether others can connect to the address: not if it is unspecified (0.0.0.0/8, ::), multicast,
 * broadcast or reserved (224.0.0.0/3, ff00::/8), or link-local IPv6, which needs a zone. */
bool endpoint_is_usable(const struct endpoint *endpoint);

/* Endpoint from its wire format of 6 or 18 bytes. */
struct endpoint endpoint_from_wire(uint8_t family, const uint8_t *wire);

/* FAMILY_NONE if `address` is neither AF_INET nor AF_INET6. */
struct endpoint endpoint_from_sockaddr(const struct sockaddr *address);

/* Converts to a socket address; returns its length. The family must not be FAMILY_NONE. */
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *address);

/* Parses an IP address without port; the endpoint's port is 0. False if `text` is not one. */
bool endpoint_parse_address(const char *text, struct endpoint *endpoint);

/* Text without port, "192.0.2.1" or "2001:db8::1"; with port, "192.0.2.1:6881" or
 * "[2001:db8::1]:6881". */
void endpoint_address_text(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_LEN]);
void endpoint_text(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_LEN]);

/* How much of an address is recorded. */
enum address_precision {
    ADDRESS_FULL,
    ADDRESS_NETWORK, /* the /24 of IPv4, the /48 of IPv6; no port */
    ADDRESS_NONE,
};

/* The endpoint with only this precision; the rest is zeros. */
struct endpoint endpoint_reduced(const struct endpoint *endpoint, enum address_precision precision);

/* Text of such an endpoint: "192.0.2.1:6881", "192.0.2.0/24" or "". One without port is reduced. */
void endpoint_reduced_text(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_LEN]);

/* Parses "192.168.0.0/16", "fd00::/8" or a single address. False if `text` is none of these, or has
 * bits set after the prefix. */
bool network_parse(const char *text, struct network *network);

/* The network of a single address, and the first address of a network, without port. */
struct network network_of_address(const struct endpoint *address);
struct endpoint network_first_address(const struct network *network);

/* Text such as "192.168.0.0/16"; a single address is "192.0.2.1/32". */
void network_text(const struct network *network, char text[static NETWORK_TEXT_LEN]);

/* Whether the endpoint's address is in one of the networks. */
bool networks_contain(const struct networks *networks, const struct endpoint *endpoint);

#endif
