#include "base/udp_batch.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    PACKET_MAX = 2048,
    CONTROL_MAX = CMSG_SPACE(sizeof(struct in6_pktinfo)),
};

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* Control messages need the alignment of their header. */
struct control {
    _Alignas(struct cmsghdr) uint8_t bytes[CONTROL_MAX];
};

struct udp_batch {
    int fd;
    unsigned replies;
    struct mmsghdr in[UDP_BATCH_MAX];
    struct mmsghdr out[UDP_BATCH_MAX];
    struct iovec in_parts[UDP_BATCH_MAX];
    struct iovec out_parts[UDP_BATCH_MAX];
    union address senders[UDP_BATCH_MAX];
    struct control in_control[UDP_BATCH_MAX];
    struct control out_control[UDP_BATCH_MAX];
    uint8_t packets[UDP_BATCH_MAX][PACKET_MAX];
    uint8_t built[UDP_BATCH_MAX][UDP_BATCH_REPLY_MAX];
};

struct udp_batch *udp_batch_create(int fd) {
    struct udp_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return NULL;
    batch->fd = fd;
    for (int i = 0; i < UDP_BATCH_MAX; i++) {
        batch->in_parts[i] = (struct iovec){ batch->packets[i], PACKET_MAX };
        batch->in[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->senders[i],
            .msg_iov = &batch->in_parts[i],
            .msg_iovlen = 1,
            .msg_control = &batch->in_control[i],
        };
    }
    return batch;
}

void udp_batch_delete(struct udp_batch *batch) {
    free(batch);
}

unsigned udp_batch_receive(struct udp_batch *batch) {
    batch->replies = 0;
    for (int i = 0; i < UDP_BATCH_MAX; i++) {
        batch->in[i].msg_hdr.msg_namelen = sizeof batch->senders[i];
        batch->in[i].msg_hdr.msg_controllen = CONTROL_MAX;
    }
    const int count = recvmmsg(batch->fd, batch->in, UDP_BATCH_MAX, MSG_WAITFORONE, NULL);
    return count < 0 ? 0 : (unsigned)count;
}

struct bytes udp_batch_packet(const struct udp_batch *batch, unsigned number) {
    return (struct bytes){ .data = batch->packets[number], .len = batch->in[number].msg_len };
}

struct endpoint udp_batch_sender(const struct udp_batch *batch, unsigned number) {
    return endpoint_from_sockaddr(&batch->senders[number].any);
}

static bool is_packet_info(const struct cmsghdr *received) {
    return (received->cmsg_level == IPPROTO_IP && received->cmsg_type == IP_PKTINFO) ||
           (received->cmsg_level == IPPROTO_IPV6 && received->cmsg_type == IPV6_PKTINFO);
}

static const struct cmsghdr *find_packet_info(const struct udp_batch *batch, unsigned number) {
    const struct cmsghdr *received = CMSG_FIRSTHDR(&batch->in[number].msg_hdr);
    return received != NULL && is_packet_info(received) ? received : NULL;
}

struct endpoint udp_batch_target(const struct udp_batch *batch, unsigned number) {
    const struct cmsghdr *received = find_packet_info(batch, number);
    union address target = { .any = { .sa_family = AF_UNSPEC } };
    if (received != NULL && received->cmsg_level == IPPROTO_IP) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(received), sizeof info);
        target.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = info.ipi_addr };
    } else if (received != NULL) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(received), sizeof info);
        target.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = info.ipi6_addr };
    }
    return endpoint_from_sockaddr(&target.any);
}

uint8_t *udp_batch_reply_place(struct udp_batch *batch) {
    return batch->built[batch->replies];
}

/* Sends the reply from the address that received the packet. The routing table chooses the
 * interface, except for a link-local address, which is ambiguous without one. */
static void set_reply_source(struct msghdr *reply, struct control *control,
                             const struct cmsghdr *received) {
    size_t size;
    struct cmsghdr *header = (struct cmsghdr *)(void *)control->bytes;
    reply->msg_control = control;
    header->cmsg_level = received->cmsg_level;
    header->cmsg_type = received->cmsg_type;
    if (received->cmsg_level == IPPROTO_IP) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(received), sizeof info);
        info = (struct in_pktinfo){ .ipi_spec_dst = info.ipi_addr };
        memcpy(CMSG_DATA(header), &info, sizeof info);
        size = sizeof info;
    } else {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(received), sizeof info);
        if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
            info.ipi6_ifindex = 0;
        memcpy(CMSG_DATA(header), &info, sizeof info);
        size = sizeof info;
    }
    header->cmsg_len = CMSG_LEN(size);
    reply->msg_controllen = CMSG_SPACE(size);
}

void udp_batch_add_reply(struct udp_batch *batch, unsigned number, size_t len) {
    const unsigned n = batch->replies++;
    struct msghdr *request = &batch->in[number].msg_hdr;
    struct msghdr *reply = &batch->out[n].msg_hdr;
    batch->out_parts[n] = (struct iovec){ batch->built[n], len };
    *reply = (struct msghdr){
        .msg_name = request->msg_name,
        .msg_namelen = request->msg_namelen,
        .msg_iov = &batch->out_parts[n],
        .msg_iovlen = 1,
    };
    const struct cmsghdr *received = find_packet_info(batch, number);
    if (received != NULL)
        set_reply_source(reply, &batch->out_control[n], received);
}

unsigned udp_batch_send(struct udp_batch *batch) {
    unsigned sent = 0;
    unsigned refused = 0;
    while (sent < batch->replies) {
        const int count = sendmmsg(batch->fd, batch->out + sent, batch->replies - sent, 0);
        if (count > 0) {
            sent += (unsigned)count;
            continue;
        }
        /* The kernel rejected the first reply, for example because its receiver is gone; the others
         * are still sent. */
        sent++;
        refused++;
    }
    batch->replies = 0;
    return refused;
}
