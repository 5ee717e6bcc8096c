/* One attempt at a TCP connection that is closed as soon as it stands, with no byte sent. Any
 * thread. */
#ifndef SKEP_PROBE_TCP_PROBE_H
#define SKEP_PROBE_TCP_PROBE_H

#include "base/endpoint.h"

enum tcp_probe {
    TCP_PROBE_UNDER_WAY,   /* the socket becomes writable, or has an error, once it is decided */
    TCP_PROBE_OPEN,        /* accepted */
    TCP_PROBE_REFUSED,     /* turned away: by a reset, or by a firewall that says no */
    TCP_PROBE_SILENT,      /* nothing came back */
    TCP_PROBE_UNREACHABLE, /* this machine has no way there; that says nothing of the peer */
    TCP_PROBE_SHORT,       /* this machine is short of descriptors, ports or memory */
};

/* Begins to connect. Only where that goes on, TCP_PROBE_UNDER_WAY, `*fd` is a socket, the caller's
 * to hand to tcp_probe_end; else it is -1. */
enum tcp_probe tcp_probe_begin(const struct endpoint *peer, int *fd);

/* What has become of the connection, which is closed; TCP_PROBE_SILENT where it is still under way.
 */
enum tcp_probe tcp_probe_end(int fd);

#endif
