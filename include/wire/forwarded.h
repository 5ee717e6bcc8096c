/* Client address from the headers Forwarded (RFC 7239) and X-Forwarded-For, or from one header of
 * another name. To the first two each proxy appends the address that it saw; everything to the left
 * of our own proxies' entries may be forged. The client is therefore the rightmost address that is
 * not a trusted proxy; if all are trusted, the leftmost.
 * server/client_address.h decides whether these headers are used at all.
 * Pure; any thread; allocates nothing. */
#ifndef SKEP_WIRE_FORWARDED_H
#define SKEP_WIRE_FORWARDED_H

#include "base/bytes.h"
#include "base/endpoint.h"

enum { CLIENT_HEADER_LEN = 64 }; /* room for the name of a header, with its zero */

/* The proxies in front of the tracker. */
struct proxies {
    struct networks trusted;
    char client_header[CLIENT_HEADER_LEN]; /* the only header that names the client; empty:
                                            * Forwarded and X-Forwarded-For */
};

enum forwarded_state {
    FORWARDED_NOTHING, /* no address has been read */
    FORWARDED_CLIENT,
    FORWARDED_BROKEN, /* the client's entry is not an address */
};

/* Result of one header. Starts out as zeros. */
struct forwarded {
    enum forwarded_state state;
    struct endpoint client; /* without port */
    bool secure;            /* the client used HTTPS, as its entry in Forwarded says */
};

/* Reads one Forwarded line. Several lines form one list; pass them in order. */
void forwarded_read(struct forwarded *forwarded, struct bytes line, const struct networks *trusted);

/* The same for X-Forwarded-For. */
void forwarded_read_list(struct forwarded *forwarded, struct bytes line,
                         const struct networks *trusted);

/* Reads one line of a header that contains one address, such as X-Real-IP: a proxy replaces it. If
 * there are several addresses, they must be the same. */
void forwarded_read_single(struct forwarded *forwarded, struct bytes line);

/* Combines both headers. If both are present, they must agree: a proxy that writes only one of them
 * passes on the client's version of the other. */
struct forwarded forwarded_join(const struct forwarded *one, const struct forwarded *other);

#endif
