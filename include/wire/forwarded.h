/* Who is behind a proxy, as the headers of a request tell: Forwarded (RFC 7239) and
 * X-Forwarded-For. Each proxy on the way adds at the right end the address that it saw; what stands
 * to the left of our own proxies' additions may be anyone's invention. So the client is the first
 * address from the right that is no trusted proxy's; where all are, it is the leftmost. Pure; any
 * thread; allocates nothing. */
#ifndef SKEP_WIRE_FORWARDED_H
#define SKEP_WIRE_FORWARDED_H

#include "base/bytes.h"
#include "base/endpoint.h"

enum forwarded_state {
    FORWARDED_NOTHING, /* no address has been read */
    FORWARDED_CLIENT,
    FORWARDED_BROKEN, /* where the client should stand is no address */
};

/* What one of the two headers says; starts out as zeros. */
struct forwarded {
    enum forwarded_state state;
    struct endpoint client; /* without its port, which is of no use to anyone */
};

/* Reads a line of the header Forwarded. Several lines are one list and come in their order. */
void forwarded_read(struct forwarded *forwarded, struct bytes line, const struct networks *trusted);

/* The same for X-Forwarded-For. */
void forwarded_read_list(struct forwarded *forwarded, struct bytes line,
                         const struct networks *trusted);

/* What both headers say together. Where both are there, they must agree: a proxy that writes only
 * one of them hands on whatever its client put into the other. */
struct forwarded forwarded_join(const struct forwarded *one, const struct forwarded *other);

#endif
