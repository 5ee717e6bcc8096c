#include "server/request_timeouts.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/ticker.h"

enum { PERIOD_MS = 250 };

struct request_timeouts {
    pthread_mutex_t lock;        /* for the list: no descriptor in it is closed while it is held */
    struct request_timeout ring; /* its `next` is the first, itself where there is none */
    uint64_t timeout_ms;
    _Atomic uint64_t *cut;
    struct ticker *ticker;
};

void request_timeout_done(struct request_timeout *deadline) {
    atomic_store_explicit(&deadline->since_ms, UINT64_MAX, memory_order_relaxed);
}

void request_timeout_begin(struct request_timeout *deadline, uint64_t now_ms) {
    deadline->began_ms = now_ms;
    atomic_store_explicit(&deadline->since_ms, now_ms, memory_order_relaxed);
}

static uint64_t at_most(uint64_t value, uint64_t most) {
    return value < most ? value : most;
}

void request_timeout_extend(struct request_timeout *deadline, uint64_t by_ms, uint64_t now_ms) {
    uint64_t since_ms = atomic_load_explicit(&deadline->since_ms, memory_order_relaxed);
    const uint64_t latest_ms = at_most(now_ms, deadline->began_ms + REQUEST_TIMEOUT_EXTEND_MAX_MS);
    const uint64_t later_ms = at_most(since_ms + by_ms, latest_ms);
    /* One that was cut off meanwhile stays so. */
    if (since_ms < later_ms)
        atomic_compare_exchange_strong_explicit(&deadline->since_ms, &since_ms, later_ms,
                                                memory_order_relaxed, memory_order_relaxed);
}

static bool has_passed(const struct request_timeout *deadline, uint64_t now_ms,
                       uint64_t timeout_ms) {
    const uint64_t since_ms = atomic_load_explicit(&deadline->since_ms, memory_order_relaxed);
    return since_ms < now_ms && now_ms - since_ms >= timeout_ms;
}

/* The connection's own thread sees it shut down, and closes it. */
static void cut_off(struct request_timeout *deadline) {
    (void)shutdown(deadline->fd, SHUT_RDWR);
    request_timeout_done(deadline);
}

static void check_all(void *context) {
    struct request_timeouts *deadlines = context;
    const uint64_t now_ms = clock_now_ms();
    pthread_mutex_lock(&deadlines->lock);
    struct request_timeout *const ring = &deadlines->ring;
    for (struct request_timeout *one = ring->next; one != ring; one = one->next) {
        if (!has_passed(one, now_ms, deadlines->timeout_ms))
            continue;
        cut_off(one);
        atomic_fetch_add_explicit(deadlines->cut, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&deadlines->lock);
}

struct request_timeouts *request_timeouts_start(uint32_t timeout_s, _Atomic uint64_t *cut) {
    struct request_timeouts *deadlines = calloc(1, sizeof *deadlines);
    if (deadlines == NULL)
        return NULL;
    pthread_mutex_init(&deadlines->lock, NULL);
    deadlines->ring.previous = &deadlines->ring;
    deadlines->ring.next = &deadlines->ring;
    deadlines->timeout_ms = (uint64_t)timeout_s * 1000;
    deadlines->cut = cut;
    deadlines->ticker = ticker_start("deadlines", PERIOD_MS, check_all, deadlines);
    if (deadlines->ticker != NULL)
        return deadlines;
    request_timeouts_stop(deadlines);
    return NULL;
}

void request_timeouts_stop(struct request_timeouts *deadlines) {
    if (deadlines == NULL)
        return;
    ticker_stop(deadlines->ticker);
    pthread_mutex_destroy(&deadlines->lock);
    free(deadlines);
}

void request_timeouts_add(struct request_timeouts *deadlines, struct request_timeout *deadline,
                          int fd, uint64_t now_ms) {
    deadline->fd = fd;
    deadline->began_ms = now_ms;
    atomic_init(&deadline->since_ms, now_ms);
    pthread_mutex_lock(&deadlines->lock);
    deadline->previous = deadlines->ring.previous;
    deadline->next = &deadlines->ring;
    deadline->previous->next = deadline;
    deadline->next->previous = deadline;
    pthread_mutex_unlock(&deadlines->lock);
}

void request_timeouts_remove(struct request_timeouts *deadlines, struct request_timeout *deadline) {
    pthread_mutex_lock(&deadlines->lock);
    deadline->previous->next = deadline->next;
    deadline->next->previous = deadline->previous;
    pthread_mutex_unlock(&deadlines->lock);
}
