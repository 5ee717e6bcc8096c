/* A batch of datagrams on one socket: received by one system call, answered by another. Knows the
 * kernel's message structures, so that nobody else has to. */
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

/* `fd` stays the caller's. NULL without memory. */
struct udp_batch *udp_batch_create(int fd);
void udp_batch_delete(struct udp_batch *batch);

/* Waits for packets and takes up to UDP_BATCH_MAX; returns how many, 0 when interrupted or shut
 * down. */
unsigned udp_batch_receive(struct udp_batch *batch);

/* The packet, and who sent it. They live until the next receive. */
struct bytes udp_batch_packet(const struct udp_batch *batch, unsigned number);
struct endpoint udp_batch_sender(const struct udp_batch *batch, unsigned number);

/* Where the reply to be added next is to be built: UDP_BATCH_REPLY_MAX bytes. */
uint8_t *udp_batch_reply_place(struct udp_batch *batch);

/* Adds the reply that was built there, to the sender of packet `number`, from the address that
 * packet was sent to. */
void udp_batch_add_reply(struct udp_batch *batch, unsigned number, size_t len);

/* Sends all added replies; returns how many the kernel refused. */
unsigned udp_batch_send(struct udp_batch *batch);

#endif
