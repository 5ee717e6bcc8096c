/* Client address from the headers Forwarded (RFC 7239) and X-Forwarded-For. Each proxy appends the
 * address that it saw; everything to the left of our own proxies' entries may be forged. The client
 * is therefore the rightmost address that is not a trusted proxy; if all are trusted, the leftmost.
 * server/client_address.h decides whether these headers are used at all.
 * Pure; any thread; allocates nothing. */
#ifndef SKEP_WIRE_FORWARDED_H
#define SKEP_WIRE_FORWARDED_H

#include "base/bytes.h"
#include "base/endpoint.h"

enum forwarded_state {
    FORWARDED_NOTHING, /* no address has been read */
    FORWARDED_CLIENT,
    FORWARDED_BROKEN, /* the client's entry is not an address */
};

/* Result of one of the two headers. Starts out as zeros. */
struct forwarded {
    enum forwarded_state state;
    struct endpoint client; /* without port */
};

/* Reads one Forwarded line. Several lines form one list; pass them in order. */
void forwarded_read(struct forwarded *forwarded, struct bytes line, const struct networks *trusted);

/* The same for X-Forwarded-For. */
void forwarded_read_list(struct forwarded *forwarded, struct bytes line,
                         const struct networks *trusted);

/* Combines both headers. If both are present, they must agree: a proxy that writes only one of them
 * passes on the client's version of the other. */
struct forwarded forwarded_join(const struct forwarded *one, const struct forwarded *other);

#endif
