#include "server/listen.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static socklen_t to_sockaddr(const struct endpoint *address, uint16_t port,
                             struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
    if (address->family == FAMILY_V4) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
        memcpy(&in.sin_addr, address->wire, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    memcpy(&in6.sin6_addr, address->wire, 16);
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}

/* On every address one IPv6 socket serves both families. */
static bool prepare_socket(int fd, bool v6_only, bool v6) {
    const int on = 1;
    const int only = v6_only;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return false;
    return !v6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0;
}

static int open_listener(const struct endpoint *address, uint16_t port, bool v6_only) {
    struct sockaddr_storage where;
    const socklen_t len = to_sockaddr(address, port, &where);
    const int fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (prepare_socket(fd, v6_only, where.ss_family == AF_INET6) &&
        bind(fd, (struct sockaddr *)&where, len) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int open_everywhere(uint16_t port) {
    const struct endpoint any6 = { .family = FAMILY_V6 };
    const int fd = open_listener(&any6, port, false);
    if (fd >= 0 || errno != EAFNOSUPPORT)
        return fd;
    const struct endpoint any4 = { .family = FAMILY_V4 };
    return open_listener(&any4, port, false);
}

int listen_tcp(const struct endpoint *address, uint16_t port, char error[static LISTEN_ERROR_LEN]) {
    const int fd = address == NULL ? open_everywhere(port) : open_listener(address, port, true);
    if (fd >= 0)
        return fd;
    const int why = errno;
    char where[ENDPOINT_TEXT_LEN] = "any address";
    if (address != NULL)
        endpoint_address_text(address, where);
    if (why == EADDRINUSE)
        snprintf(error, LISTEN_ERROR_LEN,
                 "port %u is in use on %s; \"ss -ltnp sport = :%u\" shows by whom", port, where,
                 port);
    else
        snprintf(error, LISTEN_ERROR_LEN, "cannot listen on %s, port %u: %s", where, port,
                 strerror(why));
    return -1;
}

typedef void (*host_visitor)(void *context, const char *host);

static void visit_host(const struct endpoint *address, host_visitor visit, void *context) {
    char text[ENDPOINT_TEXT_LEN];
    char host[ENDPOINT_TEXT_LEN + 2];
    endpoint_address_text(address, text);
    snprintf(host, sizeof host, address->family == FAMILY_V6 ? "[%s]" : "%s", text);
    visit(context, host);
}

static bool is_link_local(const struct endpoint *address) {
    return address->family == FAMILY_V6 && address->wire[0] == 0xfe &&
           (address->wire[1] & 0xc0) == 0x80;
}

static void visit_interfaces(const struct ifaddrs *all, bool loopback, host_visitor visit,
                             void *context) {
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        if (one->ifa_addr == NULL || !(one->ifa_flags & IFF_UP) ||
            !(one->ifa_flags & IFF_LOOPBACK) != !loopback)
            continue;
        const struct endpoint address = endpoint_from_sockaddr(one->ifa_addr);
        if (address.family != FAMILY_NONE && !is_link_local(&address))
            visit_host(&address, visit, context);
    }
}

void listen_visit_hosts(const struct listen_addresses *addresses,
                        void (*visit)(void *context, const char *host), void *context) {
    for (size_t i = 0; i < addresses->count; i++)
        visit_host(&addresses->list[i], visit, context);
    struct ifaddrs *all = NULL;
    if (addresses->count > 0 || getifaddrs(&all) != 0)
        return;
    visit_interfaces(all, false, visit, context);
    visit_interfaces(all, true, visit, context);
    freeifaddrs(all);
}
