/* Client side of the UDP protocol (BEP 15, BEP 41): builds requests, parses replies of any tracker.
 * Pure functions over bytes; no allocation. */
#ifndef SKEP_WIRE_UDP_CLIENT_H
#define SKEP_WIRE_UDP_CLIENT_H

#include "wire/tracker_reply.h"
#include "wire/udp_wire.h"

enum {
    UDP_REQUEST_MAX = UDP_HEADER_LEN + UDP_SCRAPE_MAX * INFO_HASH_LEN,
    UDP_ANSWER_MAX = 65536, /* other trackers may exceed UDP_REPLY_MAX */
};

/* Each function writes a request to `out`, which has UDP_REQUEST_MAX bytes, and returns its length.
 */
size_t udp_client_connect(uint8_t *out, uint32_t transaction_id);

/* Announces `port`, not the port of request->peer. `target` is the URL's path and query; up to
 * UDP_PATH_MAX bytes are sent. */
size_t udp_client_announce(uint8_t *out, const struct udp_header *header,
                           const struct announce_request *request, uint16_t port,
                           struct bytes target);

/* Up to UDP_SCRAPE_MAX info_hashes, concatenated. */
size_t udp_client_scrape(uint8_t *out, const struct udp_header *header, const uint8_t *hashes,
                         size_t count);

enum udp_answer {
    UDP_ANSWER_FOREIGN, /* not a reply to this request: ignore it */
    UDP_ANSWER_BROKEN,
    UDP_ANSWER_ERROR, /* an error; its text is the body */
    UDP_ANSWER_GOOD,
};

/* Matches a packet with a request of this action and transaction id; `*body` is what follows the
 * header. */
enum udp_answer udp_client_judge(struct bytes packet, const struct udp_header *header,
                                 struct bytes *body);

/* Connection id of a connect reply. False if it is too short. */
bool udp_client_read_connect(struct bytes body, uint64_t *connection_id);

/* Parses an announce reply; the socket's family determines the size of a peer. False if it is too
 * short. */
bool udp_client_read_announce(struct bytes body, uint8_t family, struct announce_reply *reply);

/* Counts of info_hash number `index` of the scrape. False if the body is too short. */
bool udp_client_read_counts(struct bytes body, size_t index, struct scrape_counts *counts);

#endif
