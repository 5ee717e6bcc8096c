/* HTTP and HTTPS requests to skepd's API and to any tracker, bounded in time and size. The only
 * user of libcurl. One thread at a time per client. */
#ifndef SKEP_CTL_HTTP_CLIENT_H
#define SKEP_CTL_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/error.h"

enum { HTTP_CLIENT_BODY_MAX = 16 << 20 };

struct http_request_options {
    const char *method;       /* NULL: GET */
    const char *content_type; /* of `body`; NULL: no body */
    struct bytes body;
    const char *token;  /* for `Authorization: Bearer`; NULL: none */
    const char *cacert; /* PEM file; NULL: the system's */
    uint32_t timeout_ms;
    enum family family; /* FAMILY_NONE: both */
    bool insecure;      /* accept any certificate */
    bool follow;        /* follow up to five redirects */
};

struct http_client_answer {
    unsigned status;
    struct bytes body; /* owned by the client, until its next request */
    uint64_t took_us;
    char address[ENDPOINT_TEXT_LEN]; /* of the server */
    char error[ERROR_LEN];
};

struct http_client;

/* NULL if out of memory. */
struct http_client *http_client_create(void);
void http_client_delete(struct http_client *client); /* NULL is ignored */

/* Sends a request to `url`, which must be http:// or https://. False and `answer->error` if no
 * complete response was received; any HTTP status is a response. Connections are reused. */
bool http_client_ask(struct http_client *client, const char *url,
                     const struct http_request_options *options, struct http_client_answer *answer);

#endif
