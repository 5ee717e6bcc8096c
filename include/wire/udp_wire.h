/* Announce and scrape as UDP carries them (BEP 15), with the options of BEP 41. Pure functions over
 * bytes; any thread; they allocate nothing. */
#ifndef SKEP_WIRE_UDP_WIRE_H
#define SKEP_WIRE_UDP_WIRE_H

#include "base/bytes.h"
#include "swarm/announce.h"

#define UDP_PROTOCOL_ID 0x41727101980U /* connection id of a connect request (BEP 15) */

/* Options behind an announce (BEP 41): type, then, except for the first two, length and data. */
enum udp_option { UDP_OPTION_END = 0, UDP_OPTION_PADDING = 1, UDP_OPTION_PATH = 2 };

enum {
    UDP_HEADER_LEN = 16, /* of every request: connection id, action, transaction id */
    UDP_ANNOUNCE_LEN = 98,
    UDP_ANNOUNCE_REPLY_LEN = 20, /* without its peers */
    UDP_CONNECT_REPLY_LEN = 16,
    UDP_REPLY_MAX = 1200, /* passes every network that IPv6 passes */
    UDP_SCRAPE_MAX = 74,
    UDP_PATH_MAX = 512,
};

enum udp_action { UDP_CONNECT = 0, UDP_ANNOUNCE = 1, UDP_SCRAPE = 2, UDP_ERROR = 3 };

struct udp_header {
    uint64_t connection_id;
    uint32_t action;
    uint32_t transaction_id;
};

/* False if the packet is too short to have one: then there is nobody to answer. */
bool udp_parse_header(struct bytes packet, struct udp_header *header);

/* Whether the packet that starts with `header` asks for a connection id: by its action and by BEP
 * 15's constant in place of an id. */
bool udp_is_connect(const struct udp_header *header);

struct udp_announce {
    struct announce_request request; /* without `peer`, whose address the socket knows */
    uint16_t port;
    size_t path_len; /* of the URL's path and query, by BEP 41; 0 where there is none */
    uint8_t path[UDP_PATH_MAX];
};

/* Reads an announce. NULL and `*announce` filled, or in words what is wrong. The address that the
 * packet claims is ignored, as are bytes behind the options. */
const char *udp_parse_announce(struct bytes packet, struct udp_announce *announce);

/* The info_hashes of a scrape, one behind the other; `*count` of 20 bytes each, at most
 * UDP_SCRAPE_MAX. Borrows the packet. */
const uint8_t *udp_parse_scrape(struct bytes packet, size_t *count);

/* How many peers of a family one reply holds. */
static inline uint32_t udp_peers_max(uint8_t family) {
    return (uint32_t)((UDP_REPLY_MAX - UDP_ANNOUNCE_REPLY_LEN) / endpoint_len(family));
}

/* Replies are built in `out`, which has UDP_REPLY_MAX bytes; each function returns how many are to
 * be sent. */
size_t udp_write_connect(uint8_t *out, uint32_t transaction_id, uint64_t connection_id);

/* Where the peers of an announce's reply belong, so that the tracker can put them there itself. */
static inline uint8_t *udp_peers_place(uint8_t *out) {
    return out + UDP_ANNOUNCE_REPLY_LEN;
}

/* Writes what stands before the peers, which are in place. */
size_t udp_write_announce(uint8_t *out, uint32_t transaction_id,
                          const struct announce_response *response);

/* A scrape's reply is its header and one entry for each hash that was asked, in that order. */
size_t udp_write_scrape_header(uint8_t *out, uint32_t transaction_id);
size_t udp_write_scrape_entry(uint8_t *out, size_t number, const struct scrape_entry *entry);

/* An error with as much of `text` as lets it stay within `max` bytes; 0 where not even its header
 * does. */
size_t udp_write_error(uint8_t *out, uint32_t transaction_id, const char *text, size_t max);

#endif
