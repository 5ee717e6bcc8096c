/* UDP: sockets and threads. Each address has a socket for each thread, which the kernel spreads the
 * senders over (SO_REUSEPORT); an inherited socket is shared by its threads. A thread takes and
 * answers packets by the batch. */
#ifndef SKEP_SERVER_UDP_SERVER_H
#define SKEP_SERVER_UDP_SERVER_H

#include "base/error.h"
#include "base/histogram.h"
#include "server/listen.h"
#include "server/udp_tracker.h"
#include "swarm/tracker.h"

struct udp_server_options {
    struct listen_addresses listen;
    struct listen_sockets inherited; /* where there are any, none is opened */
    bool enabled;
    uint16_t port;           /* 0: the HTTP server's */
    uint32_t threads;        /* for each address or inherited socket; 0: one for each core */
    uint32_t receive_buffer; /* bytes that the kernel may keep for each socket */
    uint32_t connection_id_lifetime_s;
};

/* Since the start. */
struct udp_server_stats {
    uint64_t received;
    uint64_t answered;
    uint64_t send_failures;
    uint64_t kernel_drops; /* packets that came while a socket's buffer was full */
    uint64_t outcomes[UDP_OUTCOMES];
    struct histogram_counts latency; /* of each packet: from its batch's arrival to the answers */
};

struct udp_server;

/* Starts to serve, and takes inherited sockets over. `tracker` must outlive the server. NULL and
 * one line in `error` if an address cannot be had. */
struct udp_server *udp_server_start(const struct udp_server_options *options,
                                    const struct udp_keys *keys, struct tracker *tracker,
                                    char error[static ERROR_LEN]);

/* Summed over the threads. Any thread. */
struct udp_server_stats udp_server_stats(const struct udp_server *server);

/* Answers what it has read, ends the threads and frees the port. NULL is fine. */
void udp_server_stop(struct udp_server *server);

#endif
