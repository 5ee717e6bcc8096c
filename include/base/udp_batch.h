/* A batch of datagrams of one socket: one system call receives them, another sends the replies. The
 * only user of the kernel's message structures. */
#ifndef SKEP_BASE_UDP_BATCH_H
#define SKEP_BASE_UDP_BATCH_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/endpoint.h"

enum {
    UDP_BATCH_MAX = 64,         /* packets */
    UDP_BATCH_REPLY_MAX = 1200, /* bytes */
};

struct udp_batch;

/* The caller keeps `fd`. NULL if out of memory. */
struct udp_batch *udp_batch_create(int fd);
void udp_batch_delete(struct udp_batch *batch);

/* Waits for packets and receives up to UDP_BATCH_MAX; returns their number, 0 if interrupted or
 * shut down. */
unsigned udp_batch_receive(struct udp_batch *batch);

/* The packet and its sender. Valid until the next receive. */
struct bytes udp_batch_packet(const struct udp_batch *batch, unsigned number);
struct endpoint udp_batch_sender(const struct udp_batch *batch, unsigned number);

/* The address that the packet was sent to, without port; FAMILY_NONE if unknown. */
struct endpoint udp_batch_target(const struct udp_batch *batch, unsigned number);

/* Buffer for the next reply: UDP_BATCH_REPLY_MAX bytes. At most UDP_BATCH_MAX replies between two
 * calls of udp_batch_send. */
uint8_t *udp_batch_reply_place(struct udp_batch *batch);

/* Adds the reply in that buffer. It goes to the sender of packet `number`, from the address that
 * the packet was sent to. */
void udp_batch_add_reply(struct udp_batch *batch, unsigned number, size_t len);

/* Sends all added replies; returns how many the kernel rejected. */
unsigned udp_batch_send(struct udp_batch *batch);

#endif
