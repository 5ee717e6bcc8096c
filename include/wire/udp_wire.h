/* UDP codec of announce and scrape (BEP 15), with the options of BEP 41. Pure functions over bytes;
 * any thread; no allocation. */
#ifndef SKEP_WIRE_UDP_WIRE_H
#define SKEP_WIRE_UDP_WIRE_H

#include "base/bytes.h"
#include "swarm/announce.h"

#define UDP_PROTOCOL_ID 0x41727101980U /* connection id of a connect request (BEP 15) */

/* Options after an announce (BEP 41): type, and except for the first two, length and data. */
enum udp_option { UDP_OPTION_END = 0, UDP_OPTION_PADDING = 1, UDP_OPTION_PATH = 2 };

enum {
    UDP_HEADER_LEN = 16, /* of each request: connection id, action, transaction id */
    UDP_ANNOUNCE_LEN = 98,
    UDP_ANNOUNCE_REPLY_LEN = 20, /* without peers */
    UDP_CONNECT_REPLY_LEN = 16,
    UDP_REPLY_MAX = 1200, /* fits the minimum MTU of IPv6 */
    UDP_SCRAPE_MAX = 74,
    UDP_PATH_MAX = 512,
};

enum udp_action { UDP_CONNECT = 0, UDP_ANNOUNCE = 1, UDP_SCRAPE = 2, UDP_ERROR = 3 };

struct udp_header {
    uint64_t connection_id;
    uint32_t action;
    uint32_t transaction_id;
};

/* False if the packet is too short for a header: then there is no transaction id to reply to. */
bool udp_parse_header(struct bytes packet, struct udp_header *header);

/* Whether it is a connect request: by its action and the protocol id of BEP 15 in place of a
 * connection id. */
bool udp_is_connect(const struct udp_header *header);

struct udp_announce {
    struct announce_request request; /* without `peer`, which is the socket's address */
    uint16_t port;
    size_t path_len; /* of the URL's path and query (BEP 41); 0 if absent */
    uint8_t path[UDP_PATH_MAX];
};

/* The info_hash of an announce, and its port, without a check of the rest; NULL: not an announce.
 */
const uint8_t *udp_peek_announce(struct bytes packet, uint16_t *port);

/* Parses an announce. Returns NULL and fills `*announce`, or returns the reason why it is invalid.
 * The IP address field and bytes after the options are ignored. */
const char *udp_parse_announce(struct bytes packet, struct udp_announce *announce);

/* The info_hashes of a scrape, concatenated: `*count` of 20 bytes each, at most UDP_SCRAPE_MAX.
 * Borrows the packet. */
const uint8_t *udp_parse_scrape(struct bytes packet, size_t *count);

/* Number of peers of a family that fit one reply. */
static inline uint32_t udp_peers_max(uint8_t family) {
    return (uint32_t)((UDP_REPLY_MAX - UDP_ANNOUNCE_REPLY_LEN) / endpoint_len(family));
}

/* Replies are built in `out`, which has UDP_REPLY_MAX bytes. Each function returns the length to
 * send. */
size_t udp_write_connect(uint8_t *out, uint32_t transaction_id, uint64_t connection_id);

/* Where the peers of an announce reply go, so that the tracker can write them in place. */
static inline uint8_t *udp_peers_place(uint8_t *out) {
    return out + UDP_ANNOUNCE_REPLY_LEN;
}

/* Writes the part before the peers, which are already in place. */
size_t udp_write_announce(uint8_t *out, uint32_t transaction_id,
                          const struct announce_response *response);

/* A scrape reply is a header and one entry per requested info_hash, in the same order. */
size_t udp_write_scrape_header(uint8_t *out, uint32_t transaction_id);
size_t udp_write_scrape_entry(uint8_t *out, size_t number, const struct scrape_entry *entry);

/* An error reply with as much of `text` as fits `max` bytes; 0 if not even the header fits. */
size_t udp_write_error(uint8_t *out, uint32_t transaction_id, const char *text, size_t max);

#endif
