/* Sockets to serve on: opened here, or inherited from the process that started skepd. */
#ifndef SKEP_SERVER_LISTEN_H
#define SKEP_SERVER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/error.h"

enum { LISTEN_MAX = 8 };

/* Addresses to listen on. An empty list means all addresses of the machine. */
struct listen_addresses {
    size_t count;
    struct endpoint list[LISTEN_MAX];
};

/* Inherited sockets, as file descriptors. */
struct listen_sockets {
    size_t count;
    int list[LISTEN_MAX];
};

/* A listening TCP socket, or -1 and one line in `error`. A connection that sends nothing is
 * accepted only after some seconds. `address` NULL: all addresses, IPv4 and IPv6 on one socket. */
int listen_tcp(const struct endpoint *address, uint16_t port, char error[static ERROR_LEN]);

/* Addresses to bind UDP sockets to: those in `addresses`, or if it is empty, 0.0.0.0 and [::]. */
struct listen_addresses listen_udp_addresses(const struct listen_addresses *addresses);

/* Whether a TCP or UDP port is unused on all of `addresses`; if not, writes one line into `error`.
 * For UDP, pass a list of listen_udp_addresses, and call it before the first listen_udp: sockets
 * that share a port (SO_REUSEPORT) can also be bound while another skepd uses it. */
bool listen_tcp_is_free(const struct listen_addresses *addresses, uint16_t port,
                        char error[static ERROR_LEN]);
bool listen_udp_is_free(const struct listen_addresses *addresses, uint16_t port,
                        char error[static ERROR_LEN]);

/* A UDP socket that shares its port with others of this process (SO_REUSEPORT) and reports the
 * destination address of each packet; or -1 and one line in `error`. `receive_buffer` in bytes. */
int listen_udp(const struct endpoint *address, uint16_t port, uint32_t receive_buffer,
               char error[static ERROR_LEN]);

/* Prepares an inherited socket and adds it to `tcp` if it listens for TCP, or to `udp` if it is a
 * UDP socket. False and one line in `error` for any other file. Never call shutdown() on it: the
 * other process still uses it. Receiving from the UDP socket times out every 200 ms, so that a
 * thread can stop. */
bool listen_inherit(int fd, struct listen_sockets *tcp, struct listen_sockets *udp,
                    char error[static ERROR_LEN]);

/* Addresses of `sockets`, and in `*port` the port of the first. An empty list if one of them is
 * bound to all addresses. */
struct listen_addresses listen_addresses_of(const struct listen_sockets *sockets, uint16_t *port);

/* Packets that the kernel has dropped because the receive buffer of this socket was full. */
uint32_t listen_udp_drops(int fd);

/* Size of a UDP socket's receive buffer in bytes, as the kernel has allowed it; 0: unknown. */
uint32_t listen_udp_buffer(int fd);

/* `threads`, or if that is 0, the number of cores that the process may use. */
unsigned listen_threads(uint32_t threads);

#endif
