/* The router of this machine: where it sends what is for the rest of the world. */
#ifndef SKEP_SERVER_DEFAULT_ROUTE_H
#define SKEP_SERVER_DEFAULT_ROUTE_H

#include "base/bytes.h"
#include "base/endpoint.h"

/* Its IPv4 address, with the port 0; FAMILY_NONE where there is none. In a container that is the
 * bridge. Any thread. */
struct endpoint default_route_find(void);

/* The same from the text of /proc/self/net/route. Pure. */
struct endpoint default_route_parse(struct bytes routes);

#endif
