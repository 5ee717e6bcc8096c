#include "server/request_timeouts.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/ticker.h"

enum { PERIOD_MS = 250 };

struct request_timeouts {
    pthread_mutex_t lock;        /* guards the list; while held, no descriptor in it is closed */
    struct request_timeout ring; /* head of the list, which is a ring */
    uint64_t timeout_ms;
    _Atomic uint64_t *aborted;
    struct ticker *ticker;
};

void request_timeout_done(struct request_timeout *timeout) {
    atomic_store_explicit(&timeout->idle, false, memory_order_relaxed);
    atomic_store_explicit(&timeout->since_ms, UINT64_MAX, memory_order_relaxed);
}

void request_timeout_begin(struct request_timeout *timeout, uint64_t now_ms) {
    timeout->began_ms = now_ms;
    atomic_store_explicit(&timeout->since_ms, now_ms, memory_order_relaxed);
    atomic_store_explicit(&timeout->idle, true, memory_order_relaxed);
}

static uint64_t min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

void request_timeout_extend(struct request_timeout *timeout, uint64_t by_ms, uint64_t now_ms) {
    uint64_t since_ms = atomic_load_explicit(&timeout->since_ms, memory_order_relaxed);
    const uint64_t latest_ms = min_u64(now_ms, timeout->began_ms + REQUEST_TIMEOUT_EXTEND_MAX_MS);
    const uint64_t later_ms = min_u64(since_ms + by_ms, latest_ms);
    /* The exchange fails if the request was just aborted or completed. */
    if (since_ms < later_ms)
        atomic_compare_exchange_strong_explicit(&timeout->since_ms, &since_ms, later_ms,
                                                memory_order_relaxed, memory_order_relaxed);
}

static bool has_expired(const struct request_timeout *timeout, uint64_t now_ms,
                        uint64_t timeout_ms) {
    const uint64_t since_ms = atomic_load_explicit(&timeout->since_ms, memory_order_relaxed);
    return since_ms < now_ms && now_ms - since_ms >= timeout_ms;
}

/* The thread that serves the connection then reads its end, and closes it. */
static void abort_request(struct request_timeout *timeout) {
    (void)shutdown(timeout->fd, SHUT_RDWR);
    request_timeout_done(timeout);
}

static void abort_late_requests(void *context) {
    struct request_timeouts *timeouts = context;
    const uint64_t now_ms = clock_now_ms();
    pthread_mutex_lock(&timeouts->lock);
    struct request_timeout *const ring = &timeouts->ring;
    for (struct request_timeout *one = ring->next; one != ring; one = one->next) {
        if (!has_expired(one, now_ms, timeouts->timeout_ms))
            continue;
        abort_request(one);
        atomic_fetch_add_explicit(timeouts->aborted, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&timeouts->lock);
}

struct request_timeouts *request_timeouts_start(uint32_t timeout_s, _Atomic uint64_t *aborted) {
    struct request_timeouts *timeouts = calloc(1, sizeof *timeouts);
    if (timeouts == NULL)
        return NULL;
    pthread_mutex_init(&timeouts->lock, NULL);
    timeouts->ring.previous = &timeouts->ring;
    timeouts->ring.next = &timeouts->ring;
    timeouts->timeout_ms = (uint64_t)timeout_s * 1000;
    timeouts->aborted = aborted;
    timeouts->ticker = ticker_start("timeouts", PERIOD_MS, abort_late_requests, timeouts);
    if (timeouts->ticker != NULL)
        return timeouts;
    request_timeouts_stop(timeouts);
    return NULL;
}

void request_timeouts_stop(struct request_timeouts *timeouts) {
    if (timeouts == NULL)
        return;
    ticker_stop(timeouts->ticker);
    pthread_mutex_destroy(&timeouts->lock);
    free(timeouts);
}

void request_timeouts_add(struct request_timeouts *timeouts, struct request_timeout *timeout,
                          int fd, uint64_t now_ms) {
    timeout->fd = fd;
    timeout->began_ms = now_ms;
    atomic_init(&timeout->since_ms, now_ms);
    atomic_init(&timeout->idle, false);
    pthread_mutex_lock(&timeouts->lock);
    timeout->previous = timeouts->ring.previous;
    timeout->next = &timeouts->ring;
    timeout->previous->next = timeout;
    timeout->next->previous = timeout;
    pthread_mutex_unlock(&timeouts->lock);
}

void request_timeouts_remove(struct request_timeouts *timeouts, struct request_timeout *timeout) {
    pthread_mutex_lock(&timeouts->lock);
    timeout->previous->next = timeout->next;
    timeout->next->previous = timeout->previous;
    pthread_mutex_unlock(&timeouts->lock);
}

bool request_timeouts_all_idle(struct request_timeouts *timeouts) {
    bool idle = true;
    pthread_mutex_lock(&timeouts->lock);
    const struct request_timeout *const ring = &timeouts->ring;
    for (const struct request_timeout *one = ring->next; one != ring && idle; one = one->next)
        idle = atomic_load_explicit(&one->idle, memory_order_relaxed);
    pthread_mutex_unlock(&timeouts->lock);
    return idle;
}
