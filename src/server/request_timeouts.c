#include "server/request_timeouts.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/ticker.h"

enum { PERIOD_MS = 250 };

struct deadlines {
    pthread_mutex_t lock; /* for the list: no descriptor in it is closed while it is held */
    struct deadline ring; /* its `next` is the first, itself where there is none */
    uint64_t timeout_ms;
    _Atomic uint64_t *cut;
    struct ticker *ticker;
};

void deadline_met(struct deadline *deadline) {
    atomic_store_explicit(&deadline->since_ms, UINT64_MAX, memory_order_relaxed);
}

void deadline_begin(struct deadline *deadline, uint64_t now_ms) {
    deadline->began_ms = now_ms;
    atomic_store_explicit(&deadline->since_ms, now_ms, memory_order_relaxed);
}

static uint64_t at_most(uint64_t value, uint64_t most) {
    return value < most ? value : most;
}

void deadline_put_off(struct deadline *deadline, uint64_t by_ms, uint64_t now_ms) {
    uint64_t since_ms = atomic_load_explicit(&deadline->since_ms, memory_order_relaxed);
    const uint64_t latest_ms = at_most(now_ms, deadline->began_ms + DEADLINE_PUT_OFF_MAX_MS);
    const uint64_t later_ms = at_most(since_ms + by_ms, latest_ms);
    /* One that was cut off meanwhile stays so. */
    if (since_ms < later_ms)
        atomic_compare_exchange_strong_explicit(&deadline->since_ms, &since_ms, later_ms,
                                                memory_order_relaxed, memory_order_relaxed);
}

static bool has_passed(const struct deadline *deadline, uint64_t now_ms, uint64_t timeout_ms) {
    const uint64_t since_ms = atomic_load_explicit(&deadline->since_ms, memory_order_relaxed);
    return since_ms < now_ms && now_ms - since_ms >= timeout_ms;
}

/* The connection's own thread sees it shut down, and closes it. */
static void cut_off(struct deadline *deadline) {
    (void)shutdown(deadline->fd, SHUT_RDWR);
    deadline_met(deadline);
}

static void check_all(void *context) {
    struct deadlines *deadlines = context;
    const uint64_t now_ms = clock_now_ms();
    pthread_mutex_lock(&deadlines->lock);
    struct deadline *const ring = &deadlines->ring;
    for (struct deadline *one = ring->next; one != ring; one = one->next) {
        if (!has_passed(one, now_ms, deadlines->timeout_ms))
            continue;
        cut_off(one);
        atomic_fetch_add_explicit(deadlines->cut, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&deadlines->lock);
}

struct deadlines *deadlines_start(uint32_t timeout_s, _Atomic uint64_t *cut) {
    struct deadlines *deadlines = calloc(1, sizeof *deadlines);
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
    deadlines_stop(deadlines);
    return NULL;
}

void deadlines_stop(struct deadlines *deadlines) {
    if (deadlines == NULL)
        return;
    ticker_stop(deadlines->ticker);
    pthread_mutex_destroy(&deadlines->lock);
    free(deadlines);
}

void deadlines_add(struct deadlines *deadlines, struct deadline *deadline, int fd,
                   uint64_t now_ms) {
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

void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline) {
    pthread_mutex_lock(&deadlines->lock);
    deadline->previous->next = deadline->next;
    deadline->next->previous = deadline->previous;
    pthread_mutex_unlock(&deadlines->lock);
}
