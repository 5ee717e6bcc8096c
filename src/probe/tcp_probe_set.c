#include "probe/tcp_probe_set.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

enum { WAKE = TCP_PROBE_SET_MAX }; /* in an event; smaller numbers are attempts */

struct attempt {
    int fd; /* -1: none */
    struct endpoint peer;
    uint64_t until_ms;
};

struct tcp_probe_set {
    tcp_probe_done done;
    void *context;
    int epoll_fd;
    int wake_fd;
    uint32_t under_way;
    struct attempt attempts[TCP_PROBE_SET_MAX];
};

static bool watch(struct tcp_probe_set *probes, int fd, uint32_t events, uint32_t number) {
    struct epoll_event event = { .events = events, .data.u32 = number };
    return epoll_ctl(probes->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

struct tcp_probe_set *tcp_probe_set_create(tcp_probe_done done, void *context) {
    struct tcp_probe_set *probes = malloc(sizeof *probes);
    if (probes == NULL)
        return NULL;
    *probes = (struct tcp_probe_set){
        .done = done,
        .context = context,
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
        .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++)
        probes->attempts[i].fd = -1;
    if (probes->epoll_fd >= 0 && probes->wake_fd >= 0 &&
        watch(probes, probes->wake_fd, EPOLLIN, WAKE))
        return probes;
    tcp_probe_set_delete(probes);
    return NULL;
}

static void close_if_open(int fd) {
    if (fd >= 0)
        close(fd);
}

void tcp_probe_set_delete(struct tcp_probe_set *probes) {
    if (probes == NULL)
        return;
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++)
        close_if_open(probes->attempts[i].fd);
    close_if_open(probes->epoll_fd);
    close_if_open(probes->wake_fd);
    free(probes);
}

bool tcp_probe_set_have_room(const struct tcp_probe_set *probes) {
    return probes->under_way < TCP_PROBE_SET_MAX;
}

static uint32_t free_number(const struct tcp_probe_set *probes) {
    uint32_t number = 0;
    while (probes->attempts[number].fd >= 0)
        number++;
    return number;
}

void tcp_probe_set_begin(struct tcp_probe_set *probes, const struct endpoint *peer,
                         uint32_t timeout_ms, uint64_t now_ms) {
    assert(tcp_probe_set_have_room(probes));
    int fd;
    const uint32_t number = free_number(probes);
    enum tcp_probe result = tcp_probe_begin(peer, &fd);
    if (result == TCP_PROBE_UNDER_WAY && !watch(probes, fd, EPOLLOUT, number)) {
        close(fd);
        result = TCP_PROBE_SHORT;
    }
    if (result != TCP_PROBE_UNDER_WAY) {
        probes->done(probes->context, peer, result);
        return;
    }
    probes->attempts[number] =
        (struct attempt){ .fd = fd, .peer = *peer, .until_ms = now_ms + timeout_ms };
    probes->under_way++;
}

/* Closing the socket takes it out of epoll. */
static void end(struct tcp_probe_set *probes, struct attempt *attempt) {
    const enum tcp_probe result = tcp_probe_end(attempt->fd);
    attempt->fd = -1;
    probes->under_way--;
    probes->done(probes->context, &attempt->peer, result);
}

static void end_late(struct tcp_probe_set *probes) {
    const uint64_t now_ms = clock_now_ms();
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++) {
        if (probes->attempts[i].fd >= 0 && probes->attempts[i].until_ms <= now_ms)
            end(probes, &probes->attempts[i]);
    }
}

static uint64_t first_end_ms(const struct tcp_probe_set *probes) {
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++) {
        const struct attempt *attempt = &probes->attempts[i];
        if (attempt->fd >= 0 && attempt->until_ms < first)
            first = attempt->until_ms;
    }
    return first;
}

/* For epoll: -1 is for ever. */
static int timeout_until(uint64_t until_ms) {
    const uint64_t now_ms = clock_now_ms();
    if (until_ms == UINT64_MAX)
        return -1;
    if (until_ms <= now_ms)
        return 0;
    return until_ms - now_ms < INT32_MAX ? (int)(until_ms - now_ms) : INT32_MAX;
}

static void take_event(struct tcp_probe_set *probes, uint32_t number) {
    uint64_t count;
    if (number == WAKE)
        (void)!read(probes->wake_fd, &count, sizeof count);
    else
        end(probes, &probes->attempts[number]);
}

void tcp_probe_set_wait(struct tcp_probe_set *probes, uint64_t until_ms) {
    struct epoll_event events[TCP_PROBE_SET_MAX + 1];
    const uint64_t first_ms = first_end_ms(probes);
    const int timeout = timeout_until(first_ms < until_ms ? first_ms : until_ms);
    const int count = epoll_wait(probes->epoll_fd, events, TCP_PROBE_SET_MAX + 1, timeout);
    for (int i = 0; i < count; i++)
        take_event(probes, events[i].data.u32);
    end_late(probes);
}

void tcp_probe_set_wake(struct tcp_probe_set *probes) {
    const uint64_t one = 1;
    (void)!write(probes->wake_fd, &one, sizeof one);
}
