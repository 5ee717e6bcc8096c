/* Requests as clients send them, and checks of the replies. All pointers are borrowed. */
#ifndef SKEP_BENCH_REQUESTS_H
#define SKEP_BENCH_REQUESTS_H

#include "base/bytes.h"
#include "workload.h"

enum { HTTP_REQUEST_MAX = 1024, UDP_REQUEST_MAX = 98, UDP_CONNECT_LEN = 16 };

/* Reason why a reply is wrong; NULL: it is valid. */
typedef const char *reply_error;

/* Write a request and return its length. `host` is the Host header's value. */
size_t http_request(const struct ask *ask, const char *host, bool close, uint8_t *out);
size_t udp_request(const struct ask *ask, uint64_t connection_id, uint32_t transaction_id,
                   uint8_t *out);

size_t udp_connect_request(uint32_t transaction_id, uint8_t *out);

/* Check the form of a reply: an HTTP body, or a UDP packet whose transaction id was checked before.
 * `stride` is the size of a peer, 6 or 18. `*peers` is the number of peers. */
reply_error http_check(const struct ask *ask, struct bytes body, size_t stride, uint32_t *peers);
reply_error udp_check(const struct ask *ask, struct bytes packet, size_t stride, uint32_t *peers);

#endif
