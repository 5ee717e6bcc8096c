/* Lower bound of a UDP tracker: batches in, fixed batches out, each from the address that its
 * request was sent to. bare_udp PORT REPLY_BYTES */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"

enum { BATCH = 64, PACKET_MAX = 2048, CONNECT_LEN = 16, BUFFER = 4 << 20 };

static struct mmsghdr in[BATCH];
static struct mmsghdr out[BATCH];
static struct iovec in_parts[BATCH];
static struct iovec out_parts[BATCH];
static struct sockaddr_in senders[BATCH];
static uint8_t control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
static uint8_t packets[BATCH][PACKET_MAX];
static uint8_t replies[BATCH][PACKET_MAX];

static int open_socket(uint16_t port) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int buffer = BUFFER;
    const int yes = 1;
    const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
    if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof any) != 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes);
    return fd;
}

static size_t build(const uint8_t *packet, uint8_t *reply, size_t announce_len) {
    const uint32_t action = load_u32(packet + 8);
    memcpy(reply + 4, packet + 12, 4);
    store_u32(reply, action);
    return action == 0 ? CONNECT_LEN : announce_len;
}

static void serve(int fd, size_t announce_len) {
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            in[i].msg_hdr.msg_namelen = sizeof senders[i];
            in[i].msg_hdr.msg_controllen = sizeof control[i];
        }
        const int count = recvmmsg(fd, in, BATCH, MSG_WAITFORONE, NULL);
        int built = 0;
        for (int i = 0; i < count; i++) {
            if (in[i].msg_len < 16)
                continue;
            out_parts[built] =
                (struct iovec){ replies[built], build(packets[i], replies[built], announce_len) };
            out[built].msg_hdr = (struct msghdr){
                .msg_name = &senders[i],
                .msg_namelen = in[i].msg_hdr.msg_namelen,
                .msg_iov = &out_parts[built],
                .msg_iovlen = 1,
                .msg_control = control[i],
                .msg_controllen = in[i].msg_hdr.msg_controllen,
            };
            built++;
        }
        for (int sent = 0; sent < built;) {
            const int now = sendmmsg(fd, out + sent, (unsigned)(built - sent), 0);
            sent += now > 0 ? now : 1;
        }
    }
}

int main(int argc, char **argv) {
    const size_t announce_len = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (announce_len < CONNECT_LEN || announce_len > PACKET_MAX) {
        fprintf(stderr, "usage: bare_udp PORT REPLY_BYTES (16 to %d)\n", PACKET_MAX);
        return EXIT_FAILURE;
    }
    const int fd = open_socket((uint16_t)strtoul(argv[1], NULL, 10));
    if (fd < 0) {
        perror("bare_udp");
        return EXIT_FAILURE;
    }
    for (int i = 0; i < BATCH; i++) {
        in_parts[i] = (struct iovec){ packets[i], PACKET_MAX };
        in[i].msg_hdr = (struct msghdr){
            .msg_name = &senders[i],
            .msg_iov = &in_parts[i],
            .msg_iovlen = 1,
            .msg_control = control[i],
        };
    }
    serve(fd, announce_len);
}
