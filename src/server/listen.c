#include "server/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    INHERITED_TIMEOUT_US = 200000, /* also the longest delay of a stop */
    DEFER_ACCEPT_S = 3,
    TCP_SEND_BUFFER = 128 * 1024,
};

static bool set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static int close_keeping_errno(int fd) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int open_socket(const struct endpoint *address, int type) {
    const int family = address->family == FAMILY_V6 ? AF_INET6 : AF_INET;
    return socket(family, type | SOCK_CLOEXEC, 0);
}

static bool bind_socket(int fd, const struct endpoint *address, uint16_t port) {
    struct sockaddr_storage where;
    struct endpoint endpoint = *address;
    endpoint_set_port(&endpoint, port);
    const socklen_t len = endpoint_to_sockaddr(&endpoint, &where);
    return bind(fd, (struct sockaddr *)&where, len) == 0;
}

/* Writes an error message according to errno. Returns -1. */
static int report_listen_error(const struct endpoint *address, const char *protocol, uint16_t port,
                               char error[static ERROR_LEN]) {
    const int why = errno;
    char where[ENDPOINT_TEXT_LEN] = "any address";
    if (address != NULL)
        endpoint_address_text(address, where);
    const bool tcp = strcmp(protocol, "TCP") == 0;
    if (why == EADDRINUSE)
        error_set(error, "%s port %u is in use on %s; \"ss -%snp sport = :%u\" shows the process",
                  protocol, port, where, tcp ? "lt" : "lu", port);
    else
        error_set(error, "cannot listen on %s, %s port %u: %s", where, protocol, port,
                  strerror(why));
    return -1;
}

/* Connections inherit it. By default the kernel keeps up to 4 MiB for a client that does not read.
 */
static bool limit_send_buffer(int fd) {
    return set_option(fd, SOL_SOCKET, SO_SNDBUF, TCP_SEND_BUFFER);
}

/* A connection without data is accepted only after some seconds. */
static bool defer_accept(int fd) {
    return set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFER_ACCEPT_S);
}

static int bind_tcp(const struct endpoint *address, uint16_t port, bool v6_only) {
    const int fd = open_socket(address, SOCK_STREAM | SOCK_NONBLOCK);
    if (fd < 0)
        return -1;
    const bool v6 = address->family == FAMILY_V6;
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
        (!v6 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6_only)) && limit_send_buffer(fd) &&
        defer_accept(fd) && bind_socket(fd, address, port))
        return fd;
    return close_keeping_errno(fd);
}

/* One IPv6 socket serves both families. A machine without IPv6 gets an IPv4 socket. */
static int bind_tcp_to_all(uint16_t port) {
    const struct endpoint any6 = { .family = FAMILY_V6 };
    const int fd = bind_tcp(&any6, port, false);
    if (fd >= 0 || errno != EAFNOSUPPORT)
        return fd;
    const struct endpoint any4 = { .family = FAMILY_V4 };
    return bind_tcp(&any4, port, false);
}

/* If `listens`, clients can connect, and closing the socket resets their connections. */
static int open_tcp(const struct endpoint *address, uint16_t port, bool listens,
                    char error[static ERROR_LEN]) {
    int fd = address == NULL ? bind_tcp_to_all(port) : bind_tcp(address, port, true);
    if (fd >= 0 && listens && listen(fd, SOMAXCONN) != 0)
        fd = close_keeping_errno(fd);
    return fd >= 0 ? fd : report_listen_error(address, "TCP", port, error);
}

int listen_tcp(const struct endpoint *address, uint16_t port, char error[static ERROR_LEN]) {
    return open_tcp(address, port, true, error);
}

bool listen_tcp_is_free(const struct listen_addresses *addresses, uint16_t port,
                        char error[static ERROR_LEN]) {
    size_t i = 0;
    do {
        const struct endpoint *address = addresses->count == 0 ? NULL : &addresses->list[i];
        const int fd = open_tcp(address, port, false, error);
        if (fd < 0)
            return false;
        close(fd);
    } while (++i < addresses->count);
    return true;
}

/* One socket for each family, unlike TCP: on a socket for both, each IPv4 packet costs more. */
struct listen_addresses listen_udp_addresses(const struct listen_addresses *addresses) {
    if (addresses->count > 0)
        return *addresses;
    struct listen_addresses any = { .count = 1, .list = { { .family = FAMILY_V4 } } };
    const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        any.list[any.count++] = (struct endpoint){ .family = FAMILY_V6 };
        close(fd);
    }
    return any;
}

static int open_udp(const struct endpoint *address, uint16_t port, bool shared) {
    const int fd = open_socket(address, SOCK_DGRAM);
    if (fd < 0)
        return -1;
    const bool v6 = address->family == FAMILY_V6;
    if ((!v6 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
        (!shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) && bind_socket(fd, address, port))
        return fd;
    return close_keeping_errno(fd);
}

bool listen_udp_is_free(const struct listen_addresses *addresses, uint16_t port,
                        char error[static ERROR_LEN]) {
    for (size_t i = 0; i < addresses->count; i++) {
        const int fd = open_udp(&addresses->list[i], port, false);
        if (fd < 0) {
            report_listen_error(&addresses->list[i], "UDP", port, error);
            return false;
        }
        close(fd);
    }
    return true;
}

/* Makes the kernel report the destination address of each packet; on an IPv6 socket for both
 * families also of IPv4 packets, as a mapped address. With IP_PMTUDISC_DO the kernel need not
 * choose an IP identification for each reply; replies are too short to be fragmented. */
static bool enable_packet_info(int fd, bool v6) {
    return set_option(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1) &&
           (v6 || set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
}

int listen_udp(const struct endpoint *address, uint16_t port, uint32_t receive_buffer,
               char error[static ERROR_LEN]) {
    const int fd = open_udp(address, port, true);
    if (fd < 0)
        return report_listen_error(address, "UDP", port, error);
    /* The kernel silently limits the buffer to net.core.rmem_max. */
    if (enable_packet_info(fd, address->family == FAMILY_V6) &&
        set_option(fd, SOL_SOCKET, SO_RCVBUF, (int)receive_buffer))
        return fd;
    close_keeping_errno(fd);
    return report_listen_error(address, "UDP", port, error);
}

static int read_option(int fd, int option) {
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

static bool set_blocking(int fd, bool blocking) {
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 &&
           fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) == 0;
}

/* Keeps the receive buffer: the process that opened the socket may have had the right to exceed
 * net.core.rmem_max. */
static bool prepare_inherited_udp(int fd) {
    const struct timeval timeout = { .tv_usec = INHERITED_TIMEOUT_US };
    return set_blocking(fd, true) &&
           enable_packet_info(fd, read_option(fd, SO_DOMAIN) == AF_INET6) &&
           setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0;
}

bool listen_inherit(int fd, struct listen_sockets *tcp, struct listen_sockets *udp,
                    char error[static ERROR_LEN]) {
    const int protocol = read_option(fd, SO_PROTOCOL);
    const bool is_tcp = protocol == IPPROTO_TCP && read_option(fd, SO_ACCEPTCONN) == 1;
    struct listen_sockets *sockets = is_tcp ? tcp : udp;
    if (!is_tcp && protocol != IPPROTO_UDP)
        error_set(error,
                  "inherited descriptor %d is neither a listening TCP socket nor a UDP socket", fd);
    else if (sockets->count == LISTEN_MAX)
        error_set(error, "more than %d inherited sockets of one type", LISTEN_MAX);
    else if (!(is_tcp ? set_blocking(fd, false) && limit_send_buffer(fd)
                      : prepare_inherited_udp(fd)))
        error_set(error, "cannot use inherited socket %d: %s", fd, strerror(errno));
    else {
        sockets->list[sockets->count++] = fd;
        return true;
    }
    return false;
}

static struct endpoint local_endpoint(int fd) {
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return (struct endpoint){ 0 };
    return endpoint_from_sockaddr((struct sockaddr *)&address);
}

static bool is_unspecified(const struct endpoint *address) {
    static const uint8_t zeros[16];
    return memcmp(address->wire, zeros, address_len(address->family)) == 0;
}

struct listen_addresses listen_addresses_of(const struct listen_sockets *sockets, uint16_t *port) {
    struct listen_addresses addresses = { 0 };
    for (size_t i = 0; i < sockets->count; i++) {
        const struct endpoint address = local_endpoint(sockets->list[i]);
        if (i == 0)
            *port = endpoint_port(&address);
        if (is_unspecified(&address))
            return (struct listen_addresses){ 0 };
        addresses.list[addresses.count++] = address;
    }
    return addresses;
}

/* Queried on demand: SO_RXQ_OVFL would add the count to each packet, at a cost for each packet. */
static uint32_t read_memory_info(int fd, int counter) {
    uint32_t counters[SK_MEMINFO_VARS] = { 0 };
    socklen_t len = sizeof counters;
    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, counters, &len) == 0 ? counters[counter] : 0;
}

uint32_t listen_udp_drops(int fd) {
    return read_memory_info(fd, SK_MEMINFO_DROPS);
}

/* Linux doubles the size, for its own bookkeeping. */
uint32_t listen_udp_buffer(int fd) {
    return read_memory_info(fd, SK_MEMINFO_RCVBUF) / 2;
}

unsigned listen_threads(uint32_t threads) {
    cpu_set_t ours;
    if (threads > 0)
        return threads;
    return sched_getaffinity(0, sizeof ours, &ours) == 0 ? (unsigned)CPU_COUNT(&ours) : 1;
}
