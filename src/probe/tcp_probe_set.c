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

static bool watch(struct tcp_probe_set *set, int fd, uint32_t events, uint32_t number) {
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
    if (set->epoll_fd >= 0 && set->wake_fd >= 0 && watch(set, set->wake_fd, EPOLLIN, WAKE))
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

bool tcp_probe_set_have_room(const struct tcp_probe_set *set) {
    return set->under_way < TCP_PROBE_SET_MAX;
}

static uint32_t free_number(const struct tcp_probe_set *set) {
    uint32_t number = 0;
    while (set->attempts[number].fd >= 0)
        number++;
    return number;
}

void tcp_probe_set_begin(struct tcp_probe_set *set, const struct endpoint *peer,
                         uint32_t timeout_ms, uint64_t now_ms) {
    assert(tcp_probe_set_have_room(set));
    int fd;
    const uint32_t number = free_number(set);
    enum tcp_probe result = tcp_probe_begin(peer, &fd);
    if (result == TCP_PROBE_UNDER_WAY && !watch(set, fd, EPOLLOUT, number)) {
        close(fd);
        result = TCP_PROBE_SHORT;
    }
    if (result != TCP_PROBE_UNDER_WAY) {
        set->done(set->context, peer, result);
        return;
    }
    set->attempts[number] =
        (struct attempt){ .fd = fd, .peer = *peer, .until_ms = now_ms + timeout_ms };
    set->under_way++;
}

/* Closing the socket takes it out of epoll. */
static void end(struct tcp_probe_set *set, struct attempt *attempt) {
    const enum tcp_probe result = tcp_probe_end(attempt->fd);
    attempt->fd = -1;
    set->under_way--;
    set->done(set->context, &attempt->peer, result);
}

static void end_late(struct tcp_probe_set *set) {
    const uint64_t now_ms = clock_now_ms();
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++) {
        if (set->attempts[i].fd >= 0 && set->attempts[i].until_ms <= now_ms)
            end(set, &set->attempts[i]);
    }
}

static uint64_t first_end_ms(const struct tcp_probe_set *set) {
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < TCP_PROBE_SET_MAX; i++) {
        const struct attempt *attempt = &set->attempts[i];
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

static void take_event(struct tcp_probe_set *set, uint32_t number) {
    uint64_t count;
    if (number == WAKE)
        (void)!read(set->wake_fd, &count, sizeof count);
    else
        end(set, &set->attempts[number]);
}

void tcp_probe_set_wait(struct tcp_probe_set *set, uint64_t until_ms) {
    struct epoll_event events[TCP_PROBE_SET_MAX + 1];
    const uint64_t first_ms = first_end_ms(set);
    const int timeout = timeout_until(first_ms < until_ms ? first_ms : until_ms);
    const int count = epoll_wait(set->epoll_fd, events, TCP_PROBE_SET_MAX + 1, timeout);
    for (int i = 0; i < count; i++)
        take_event(set, events[i].data.u32);
    end_late(set);
}

void tcp_probe_set_wake(struct tcp_probe_set *set) {
    const uint64_t one = 1;
    (void)!write(set->wake_fd, &one, sizeof one);
}
