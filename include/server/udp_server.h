/* UDP server: sockets and threads. Each address has one socket per thread, and the kernel
 * distributes senders over them (SO_REUSEPORT); an inherited socket is shared by its threads. A
 * thread receives and answers packets in batches. BEP 15. */
#ifndef SKEP_SERVER_UDP_SERVER_H
#define SKEP_SERVER_UDP_SERVER_H

#include "base/error.h"
#include "base/histogram.h"
#include "server/listen.h"
#include "server/udp_tracker.h"
#include "swarm/tracker.h"

struct udp_server_options {
    struct listen_addresses listen;
    struct listen_sockets inherited; /* if not empty, used in place of `listen` */
    bool enabled;
    uint16_t port;           /* 0: the HTTP server's */
    uint32_t threads;        /* per address or inherited socket; 0: one per core */
    uint32_t receive_buffer; /* bytes, per socket */
    uint32_t connection_id_lifetime_s;
};

/* Counts since the start. */
struct udp_server_stats {
    uint64_t received;
    uint64_t answered;
    uint64_t received_bytes; /* of packets, without the headers of UDP and IP */
    uint64_t sent_bytes;     /* the same, with those that could not be sent */
    uint64_t send_failures;
    uint64_t kernel_drops;          /* packets lost because a receive buffer was full */
    uint64_t receive_buffer;        /* of the smallest one, in bytes */
    uint64_t receive_buffer_wanted; /* as configured; the kernel may allow less */
    uint64_t outcomes[UDP_OUTCOMES];
    struct histogram_counts latency; /* per packet: from the receipt of its batch to the replies */
};

struct udp_server;

/* Starts the threads. Owns the inherited sockets from then on. `tracker` must outlive the server.
 * NULL and one line in `error` if it cannot listen on an address or start a thread. */
struct udp_server *udp_server_start(const struct udp_server_options *options,
                                    const struct udp_keys *keys, struct tracker *tracker,
                                    char error[static ERROR_LEN]);

/* Uses the keys that the nodes of a cluster with this secret share. Call it every few seconds. One
 * thread at a time. */
void udp_server_share_keys(struct udp_server *server, const struct hash_key *secret,
                           uint64_t clock_offset_ms);

/* Sums over all threads. Any thread. */
struct udp_server_stats udp_server_stats(const struct udp_server *server);

/* Answers the packets already received, ends the threads and closes the sockets. NULL is ignored.
 */
void udp_server_stop(struct udp_server *server);

#endif
