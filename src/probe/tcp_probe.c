#include "probe/tcp_probe.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of what came over the network. A host that gives no answer to ARP, or that a router cannot find,
 * is EHOSTUNREACH, and so is a firewall that rejects with "host prohibited"; the kernel does not
 * tell which, and either way nobody gets through. */
static enum tcp_probe judge_answer(int error) {
    switch (error) {
    case 0:
        return TCP_PROBE_OPEN;
    case ECONNREFUSED:
    case ECONNRESET:
    case EACCES: /* ICMPv6 "administratively prohibited" */
    case EPROTO:
    case ENOPROTOOPT:
        return TCP_PROBE_REFUSED;
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case EHOSTDOWN:
        return TCP_PROBE_SILENT;
    default:
        return TCP_PROBE_UNREACHABLE;
    }
}

/* Of what this machine says before a packet leaves it. */
static enum tcp_probe judge_refusal(int error) {
    switch (error) {
    case ECONNREFUSED: /* from this machine to itself, that is the answer */
        return TCP_PROBE_REFUSED;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: /* no port of ours is left, or no address of ours */
    case EADDRINUSE:
    case EAGAIN:
        return TCP_PROBE_SHORT;
    default: /* no route, a rule of our own firewall, a link-local address of who knows which link
              */
        return TCP_PROBE_UNREACHABLE;
    }
}

/* A plain close: the peer sees a connection that ends in the usual way, before anything was said.
 * An abortive one (SO_LINGER of 0) would spare us the minute in TIME_WAIT, but the reset may
 * overtake the peer's accept(), which fails then, and clients and firewalls log resets as errors.
 */
static enum tcp_probe close_and_say(int fd, enum tcp_probe result) {
    close(fd);
    return result;
}

enum tcp_probe tcp_probe_begin(const struct endpoint *peer, int *fd) {
    *fd = -1;
    const int family = peer->family == FAMILY_V6 ? AF_INET6 : AF_INET;
    const int made = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0)
        return judge_refusal(errno);
    struct sockaddr_storage address;
    const socklen_t len = endpoint_to_sockaddr(peer, &address);
    if (connect(made, (const struct sockaddr *)&address, len) == 0)
        return close_and_say(made, TCP_PROBE_OPEN);
    if (errno != EINPROGRESS)
        return close_and_say(made, judge_refusal(errno));
    *fd = made;
    return TCP_PROBE_UNDER_WAY;
}

enum tcp_probe tcp_probe_end(int fd) {
    struct pollfd decided = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t len = sizeof error;
    if (poll(&decided, 1, 0) == 0)
        return close_and_say(fd, TCP_PROBE_SILENT);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    return close_and_say(fd, judge_answer(error));
}
