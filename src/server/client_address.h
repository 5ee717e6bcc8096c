/* Decides which address a request over HTTP came from: the peer of the connection, or the client
 * that a trusted proxy names. For announces, scrapes and web requests alike. Pure; any thread;
 * allocates nothing. */
#ifndef SKEP_SERVER_CLIENT_ADDRESS_H
#define SKEP_SERVER_CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/endpoint.h"
#include "wire/forwarded.h"

struct client {
    struct endpoint endpoint; /* with the port of the connection; FAMILY_NONE if the headers of a
                               * trusted proxy are invalid */
    bool proxied;             /* a trusted proxy sent the request, and names its client */
    bool secure;              /* its header Forwarded says that the client used HTTPS */
    bool may_be_proxy;        /* `endpoint` may be a proxy that is not in network.trusted_proxies */
    bool uncertain;           /* the address must not grant admin access: a trusted proxy names
                               * no client, or names loopback although it is on another machine; or
                               * an unknown proxy may have sent the request */
};

/* The headers of one request that concern proxies. */
struct client_headers {
    const struct networks *trusted; /* NULL: the peer is no trusted proxy */
    const char *client_header;      /* as in struct proxies; NULL: there are no trusted proxies */
    bool http10;                    /* or older */
    bool has_proxy_header;          /* any header that only proxies add */
    struct forwarded forwarded;     /* if `trusted`: from Forwarded or `client_header` */
    struct forwarded x_forwarded_for;
};

/* Reads one header; call it for each header of the request, in order. Values are parsed only if
 * `trusted` is set, so that other requests cost a comparison of names. */
void client_headers_read(struct client_headers *headers, const char *name, size_t name_len,
                         const char *value);

/* The client of a request with these headers from `peer`, the other end of the connection. */
struct client client_address_find(const struct endpoint *peer,
                                  const struct client_headers *headers);

#endif
