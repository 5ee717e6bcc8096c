/* HTTP and HTTPS client for the API and for trackers, with limits on time and size. The only user
 * of libcurl. One thread at a time per client. */
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
    const char *cacert; /* PEM file; NULL: the certificates of the system */
    uint32_t timeout_ms;
    enum family family; /* FAMILY_NONE: either */
    bool insecure;      /* do not verify certificates */
    bool follow;        /* follow up to five redirects */
};

struct http_response {
    unsigned status;
    struct bytes body; /* owned by the client, until its next request */
    uint64_t took_us;
    int64_t certificate_expires_s;   /* Unix time; 0: no HTTPS, or unknown */
    char address[ENDPOINT_TEXT_LEN]; /* of the server */
    char error[ERROR_LEN];
};

struct http_client;

/* NULL if out of memory. */
struct http_client *http_client_create(void);
void http_client_delete(struct http_client *client); /* NULL is ignored */

/* Sends a request to an http:// or https:// URL. True if a whole response arrived, with any HTTP
 * status; otherwise `response->error` has the reason. Keeps the connection for the next request. */
bool http_client_send(struct http_client *client, const char *url,
                      const struct http_request_options *options, struct http_response *response);

#endif
