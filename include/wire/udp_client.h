/* The client's side of BEP 15, with the URL path of BEP 41: requests out, a stranger's replies in.
 * Pure functions over bytes; they allocate nothing. */
#ifndef SKEP_WIRE_UDP_CLIENT_H
#define SKEP_WIRE_UDP_CLIENT_H

#include "wire/tracker_reply.h"
#include "wire/udp_wire.h"

enum {
    UDP_REQUEST_MAX = UDP_HEADER_LEN + UDP_SCRAPE_MAX * INFO_HASH_LEN,
    UDP_ANSWER_MAX = 65536, /* of strangers, who need not keep to UDP_REPLY_MAX */
};

/* Each writes a request to `out`, which has UDP_REQUEST_MAX bytes, and returns its length. */
size_t udp_client_connect(uint8_t *out, uint32_t transaction_id);

/* `port`, and not the endpoint of the request, is what is announced; `target` is the URL's path and
 * query, of which up to UDP_PATH_MAX bytes are sent. */
size_t udp_client_announce(uint8_t *out, const struct udp_header *header,
                           const struct announce_request *request, uint16_t port,
                           struct bytes target);

/* Up to UDP_SCRAPE_MAX hashes, one behind the other. */
size_t udp_client_scrape(uint8_t *out, const struct udp_header *header, const uint8_t *hashes,
                         size_t count);

enum udp_answer {
    UDP_ANSWER_FOREIGN, /* to nothing that we asked: to be ignored */
    UDP_ANSWER_BROKEN,
    UDP_ANSWER_ERROR, /* a refusal; its words are the body */
    UDP_ANSWER_GOOD,
};

/* What a packet is to a request of that action and transaction id; `*body` is what stands behind
 * the header. */
enum udp_answer udp_client_judge(struct bytes packet, const struct udp_header *header,
                                 struct bytes *body);

/* The connection id of a connect's body. False if it is too short. */
bool udp_client_read_connect(struct bytes body, uint64_t *connection_id);

/* An announce's body; the socket's family says how long a peer is. False if it is too short. */
bool udp_client_read_announce(struct bytes body, uint8_t family, struct announce_reply *reply);

/* The counts of the hash at `index` of the scrape. False if the body does not reach so far. */
bool udp_client_read_counts(struct bytes body, size_t index, struct scrape_counts *counts);

#endif
