/* UDP session with a tracker (BEP 15): connects, then sends requests, each with retransmissions.
 * One thread. */
#ifndef SKEP_CTL_UDP_SESSION_H
#define SKEP_CTL_UDP_SESSION_H

#include "base/error.h"
#include "wire/tracker_url.h"
#include "wire/udp_client.h"

struct udp_session {
    int fd; /* -1: closed */
    uint8_t family;
    struct udp_header header;        /* of the current request */
    char address[ENDPOINT_TEXT_LEN]; /* of the tracker */
    char error[ERROR_LEN];
    uint8_t request[UDP_REQUEST_MAX];
    uint8_t response[UDP_ANSWER_MAX];
};

/* Resolves the host of `url`, to addresses of `family` unless that is FAMILY_NONE, and gets a
 * connection id from the first address that responds, within `timeout_ms` in total. False with the
 * reason in `error`. The caller closes the session even on failure. */
bool udp_session_open(struct udp_session *session, const struct tracker_url *url,
                      enum family family, uint32_t timeout_ms);
void udp_session_close(struct udp_session *session);

/* Prepares the header of the next request. False if getrandom fails. */
bool udp_session_begin(struct udp_session *session, enum udp_action action);

/* Sends the first `len` bytes of `session->request` and waits for the response. UDP_ANSWER_GOOD or
 * UDP_ANSWER_ERROR and `*body`, which lies in the session; or UDP_ANSWER_BROKEN with the reason in
 * `error`. */
enum udp_answer udp_session_exchange(struct udp_session *session, size_t len, uint32_t timeout_ms,
                                     struct bytes *body);

/* Whether the tracker replies, but from another address or port, so that clients drop the replies.
 * Writes that address to `source`. Waits for a second. */
bool udp_session_find_source(const struct tracker_url *url, enum family family,
                             char source[static ENDPOINT_TEXT_LEN]);

#endif
