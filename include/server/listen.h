/* Where the tracker is to be found: sockets to listen on, and the addresses of this machine. */
#ifndef SKEP_SERVER_LISTEN_H
#define SKEP_SERVER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/error.h"

enum { LISTEN_MAX = 8 };

/* The addresses to listen on; none at all means every address of the machine, v4 and v6 on one
 * socket. */
struct listen_addresses {
    size_t count;
    struct endpoint list[LISTEN_MAX];
};

/* Sockets that whoever started the process opened for it. */
struct listen_sockets {
    size_t count;
    int list[LISTEN_MAX];
};

/* A listening TCP socket, or -1 and one line in `error`. `address` NULL: every address. */
int listen_tcp(const struct endpoint *address, uint16_t port, char error[static ERROR_LEN]);

/* The addresses to bind UDP sockets to: those of `addresses`, or both families' any-address. */
struct listen_addresses listen_udp_addresses(const struct listen_addresses *addresses);

/* Whether nobody has the UDP port, with one line in `error` if someone has. Sockets that share a
 * port do not notice a stranger who shares it too, so this is to be asked before the first. */
bool listen_udp_is_free(const struct endpoint *address, uint16_t port,
                        char error[static ERROR_LEN]);

/* A UDP socket that shares its port with others of ours, and that tells where a packet was sent
 * to; or -1 and one line in `error`. */
int listen_udp(const struct endpoint *address, uint16_t port, uint32_t receive_buffer,
               char error[static ERROR_LEN]);

/* Makes a socket that someone else opened ready to serve, and adds it to `tcp` if it listens for
 * TCP, to `udp` if it is bound for UDP. Since the other side may keep it for the next process, it
 * must never be shut down; so a UDP socket comes back from waiting now and then. False and one line
 * in `error` for any other socket. */
bool listen_inherit(int fd, struct listen_sockets *tcp, struct listen_sockets *udp,
                    char error[static ERROR_LEN]);

/* Where `sockets` are to be found: their addresses, none where one of them has every address of the
 * machine, and the port of the first. */
struct listen_addresses listen_addresses_of(const struct listen_sockets *sockets, uint16_t *port);

/* Packets that the kernel dropped at the socket since it was opened, because its buffer was full.
 */
uint32_t listen_udp_drops(int fd);

/* `threads`, or one for each core that we may use where that is 0. */
unsigned listen_threads(uint32_t threads);

/* Calls `visit` with the host part of a URL ("192.168.1.2", "[2001:db8::2]") for each address on
 * which another machine may reach `addresses`; loopback comes last, link-local ones are left out.
 */
void listen_visit_hosts(const struct listen_addresses *addresses,
                        void (*visit)(void *context, const char *host), void *context);

#endif
