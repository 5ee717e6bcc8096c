#include "probe/tcp_probe.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { WAKE_EVENT = TCP_PROBE_SET_MAX }; /* smaller event numbers are attempts */

struct attempt {
    int fd; /* -1: unused */
    struct endpoint peer;
    uint64_t until_ms;
};

struct tcp_probe_set {
    tcp_probe_done done;
    void *context;
    int epoll_fd;
    int wake_fd;
    uint32_t pending;
    struct attempt attempts[TCP_PROBE_SET_MAX];
};

/* An error of an attempt after its packets have left this machine. The kernel reports EHOSTUNREACH
 * both for a host that does not answer (ARP, or a router's ICMP) and for a firewall that rejects
 * with "host prohibited"; in either case no client can connect. */
static enum tcp_probe_result result_of_network_error(int error) {
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

/* An error of socket() or connect(), before a packet has left this machine. */
static enum tcp_probe_result result_of_local_error(int error) {
    switch (error) {
    case ECONNREFUSED: /* a peer on this machine */
        return TCP_PROBE_REFUSED;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: /* no local port or address is left */
    case EADDRINUSE:
    case EAGAIN:
        return TCP_PROBE_NO_RESOURCES;
    default: /* no route, our own firewall, or a link-local address without its interface */
        return TCP_PROBE_UNREACHABLE;
    }
}

/* Stores a socket in `*fd` only if it returns TCP_PROBE_PENDING. */
static enum tcp_probe_result begin_connect(const struct endpoint *peer, int *fd) {
    const int family = peer->family == FAMILY_V6 ? AF_INET6 : AF_INET;
    *fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return result_of_local_error(errno);
    struct sockaddr_storage address;
    const socklen_t len = endpoint_to_sockaddr(peer, &address);
    enum tcp_probe_result result = TCP_PROBE_OPEN;
    if (connect(*fd, (const struct sockaddr *)&address, len) != 0)
        result = errno == EINPROGRESS ? TCP_PROBE_PENDING : result_of_local_error(errno);
    if (result != TCP_PROBE_PENDING)
        close(*fd);
    return result;
}

/* The result of a connect() in progress; TCP_PROBE_SILENT if it is not finished. */
static enum tcp_probe_result result_of_connect(int fd) {
    struct pollfd finished = { .fd = fd, .events = POLLOUT };
    if (poll(&finished, 1, 0) == 0)
        return TCP_PROBE_SILENT;
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    return result_of_network_error(error);
}

static bool watch_descriptor(struct tcp_probe_set *set, int fd, uint32_t events, uint32_t number) {
    struct epoll_event event = { .events = events, .data.u32 = number };
    return epoll_ctl(set->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

struct tcp_probe_set *tcp_probe_set_create(tcp_probe_done done, void *context) {
    struct tcp_probe_set *set = malloc(sizeof *set);
    if (set == NULL)
        return NULL;
    *set = (struct tcp_probe_set){
        .done = done,
        .context = context,
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
        .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++)
        set->attempts[i].fd = -1;
    if (set->epoll_fd >= 0 && set->wake_fd >= 0 &&
        watch_descriptor(set, set->wake_fd, EPOLLIN, WAKE_EVENT))
        return set;
    tcp_probe_set_delete(set);
    return NULL;
}

static void close_if_open(int fd) {
    if (fd >= 0)
        close(fd);
}

void tcp_probe_set_delete(struct tcp_probe_set *set) {
    if (set == NULL)
        return;
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++)
        close_if_open(set->attempts[i].fd);
    close_if_open(set->epoll_fd);
    close_if_open(set->wake_fd);
    free(set);
}

bool tcp_probe_set_has_room(const struct tcp_probe_set *set) {
    return set->pending < TCP_PROBE_SET_MAX;
}

void tcp_probe_set_begin(struct tcp_probe_set *set, const struct endpoint *peer,
                         uint32_t timeout_ms, uint64_t now_ms) {
    assert(tcp_probe_set_has_room(set));
    uint32_t number = 0;
    while (set->attempts[number].fd >= 0)
        number++;
    int fd;
    enum tcp_probe_result result = begin_connect(peer, &fd);
    if (result == TCP_PROBE_PENDING && !watch_descriptor(set, fd, EPOLLOUT, number)) {
        close(fd);
        result = TCP_PROBE_NO_RESOURCES;
    }
    if (result != TCP_PROBE_PENDING) {
        set->done(set->context, peer, result);
        return;
    }
    set->attempts[number] =
        (struct attempt){ .fd = fd, .peer = *peer, .until_ms = now_ms + timeout_ms };
    set->pending++;
}

/* A plain close: the peer sees a connection that ends without data. An abortive close (SO_LINGER of
 * 0) would avoid a minute in TIME_WAIT, but the reset may overtake the peer's accept(), which then
 * fails, and clients and firewalls log resets as errors. close() also removes the descriptor from
 * epoll. */
static void end_attempt(struct tcp_probe_set *set, struct attempt *attempt) {
    const enum tcp_probe_result result = result_of_connect(attempt->fd);
    close(attempt->fd);
    attempt->fd = -1;
    set->pending--;
    set->done(set->context, &attempt->peer, result);
}

static void end_timed_out(struct tcp_probe_set *set) {
    const uint64_t now_ms = clock_now_ms();
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++) {
        if (set->attempts[i].fd >= 0 && set->attempts[i].until_ms <= now_ms)
            end_attempt(set, &set->attempts[i]);
    }
}

static uint64_t first_timeout_ms(const struct tcp_probe_set *set) {
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++) {
        const struct attempt *attempt = &set->attempts[i];
        if (attempt->fd >= 0 && attempt->until_ms < first)
            first = attempt->until_ms;
    }
    return first;
}

/* In the form that epoll_wait takes: -1 is no timeout. */
static int timeout_until(uint64_t until_ms) {
    const uint64_t now_ms = clock_now_ms();
    if (until_ms == UINT64_MAX)
        return -1;
    if (until_ms <= now_ms)
        return 0;
    return until_ms - now_ms < INT32_MAX ? (int)(until_ms - now_ms) : INT32_MAX;
}

void tcp_probe_set_wait(struct tcp_probe_set *set, uint64_t until_ms) {
    struct epoll_event events[TCP_PROBE_SET_MAX + 1];
    const uint64_t first_ms = first_timeout_ms(set);
    const int timeout = timeout_until(first_ms < until_ms ? first_ms : until_ms);
    const int count = epoll_wait(set->epoll_fd, events, TCP_PROBE_SET_MAX + 1, timeout);
    for (int i = 0; i < count; i++) {
        uint64_t wakes;
        if (events[i].data.u32 == WAKE_EVENT)
            (void)!read(set->wake_fd, &wakes, sizeof wakes);
        else
            end_attempt(set, &set->attempts[events[i].data.u32]);
    }
    end_timed_out(set);
}

void tcp_probe_set_wake(struct tcp_probe_set *set) {
    const uint64_t one = 1;
    (void)!write(set->wake_fd, &one, sizeof one);
}
