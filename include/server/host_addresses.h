/* Addresses of this machine, and of its default gateway. */
#ifndef SKEP_SERVER_HOST_ADDRESSES_H
#define SKEP_SERVER_HOST_ADDRESSES_H

#include "base/bytes.h"
#include "base/endpoint.h"
#include "server/listen.h"

/* Calls `visit` with the host part of a URL ("192.168.1.2", "[2001:db8::2]") for each address at
 * which other machines may reach `addresses`: the list itself, or for an empty list, and for
 * 0.0.0.0 and ::, the addresses of all interfaces that are up, of that family. Their loopback
 * addresses come last, link-local IPv6 is left out. */
void host_addresses_visit(const struct listen_addresses *addresses,
                          void (*visit)(void *context, const char *host), void *context);

/* IPv4 address of the default gateway, with port 0; FAMILY_NONE if there is none. In a container
 * this is the bridge, and so the host. Any thread. */
struct endpoint host_addresses_gateway(void);

/* The same, from the text of /proc/self/net/route. Pure. */
struct endpoint host_addresses_parse_gateway(struct bytes routes);

#endif
