/* A session with a UDP tracker (BEP 15): connect, then requests, each retransmitted until a reply
 * arrives. One thread. */
#ifndef SKEP_CTL_UDP_SESSION_H
#define SKEP_CTL_UDP_SESSION_H

#include "base/error.h"
#include "wire/tracker_url.h"
#include "wire/udp_client.h"

struct udp_session {
    int fd; /* -1: closed */
    uint8_t family;
    struct udp_header header;        /* of the pending request */
    char address[ENDPOINT_TEXT_LEN]; /* address of the tracker */
    char error[ERROR_LEN];
    uint8_t request[UDP_REQUEST_MAX];
    uint8_t answer[UDP_ANSWER_MAX];
};

/* Resolves the tracker's addresses, of the given family unless it is FAMILY_NONE, and gets a
 * connection id from the first that replies, within `timeout_ms`. False and `error` if none does.
 * Call udp_session_close afterwards, whatever the result. */
bool udp_session_open(struct udp_session *session, const struct tracker_url *url,
                      enum family family, uint32_t timeout_ms);
void udp_session_close(struct udp_session *session);

/* Writes the header of the next request. False if getrandom fails. */
bool udp_session_begin(struct udp_session *session, enum udp_action action);

/* Sends the first `len` bytes of `session->request`. UDP_ANSWER_GOOD or UDP_ANSWER_ERROR and
 * `*body`, owned by the session; or UDP_ANSWER_BROKEN and `error`. */
enum udp_answer udp_session_exchange(struct udp_session *session, size_t len, uint32_t timeout_ms,
                                     struct bytes *body);

#endif
