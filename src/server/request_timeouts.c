#include "server/request_timeouts.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"

enum {
    LOG_INTERVAL_MS = 60 * 1000,
    VICTIMS_MAX = 32, /* of one search, so that its cost is shared by many connections */
    RESERVE_MIN = 64,
    RESERVE_MAX = 1024,
};

/* What a connection does, in the low bits of its mark; above them the time since when. */
enum activity {
    ACTIVITY_NEW,        /* waits for its first request */
    ACTIVITY_IDLE,       /* waits for a further request */
    ACTIVITY_READING,    /* waits for the rest of a request */
    ACTIVITY_HANDLING,   /* has a whole request */
    ACTIVITY_RESPONDING, /* waits until the client takes the response */
    ACTIVITY_BITS = 3,
};

struct request_timeouts {
    struct request_timeouts_options options;
    struct http_counters *counters;
    _Atomic uint32_t count;      /* of connections; written under the lock */
    pthread_mutex_t lock;        /* guards what follows; while held, no descriptor in the list is
                                  * closed */
    uint32_t closing;            /* of them, those that were shut down */
    struct request_timeout ring; /* head of the list, which is a ring, oldest first */
    uint64_t logged_ms;          /* these two belong to the thread that checks */
    uint64_t logged[HTTP_EVICTIONS];
};

static uint64_t min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static enum activity activity_of(uint64_t mark) {
    return (enum activity)(mark & ((1U << ACTIVITY_BITS) - 1));
}

static uint64_t since_of(uint64_t mark) {
    return mark >> ACTIVITY_BITS;
}

static uint64_t mark_of(enum activity activity, uint64_t since_ms) {
    return since_ms << ACTIVITY_BITS | activity;
}

static uint64_t load_mark(const struct request_timeout *timeout) {
    return atomic_load_explicit(&timeout->mark, memory_order_acquire);
}

static void store_mark(struct request_timeout *timeout, enum activity activity, uint64_t since_ms) {
    atomic_store_explicit(&timeout->mark, mark_of(activity, since_ms), memory_order_release);
}

static uint64_t load_taken(const struct request_timeout *timeout) {
    return atomic_load_explicit(&timeout->taken_ms, memory_order_relaxed);
}

static void store_taken(struct request_timeout *timeout, uint64_t taken_ms) {
    atomic_store_explicit(&timeout->taken_ms, taken_ms, memory_order_relaxed);
}

static uint64_t transfer_ms(uint64_t len) {
    return len * 1000 / REQUEST_TIMEOUT_BYTES_PER_S;
}

/* The connection's own thread */

void request_timeout_begin(struct request_timeout *timeout, uint64_t now_ms) {
    timeout->began_ms = now_ms;
    store_mark(timeout, ACTIVITY_IDLE, now_ms);
}

void request_timeout_read(struct request_timeout *timeout) {
    store_mark(timeout, ACTIVITY_READING, since_of(load_mark(timeout)));
}

void request_timeout_extend(struct request_timeout *timeout, uint64_t by_ms, uint64_t now_ms) {
    const uint64_t since_ms = since_of(load_mark(timeout));
    const uint64_t latest_ms = min_u64(now_ms, timeout->began_ms + REQUEST_TIMEOUT_EXTEND_MAX_MS);
    const uint64_t later_ms = min_u64(since_ms + by_ms, latest_ms);
    if (since_ms < later_ms)
        store_mark(timeout, ACTIVITY_READING, later_ms);
}

void request_timeout_done(struct request_timeout *timeout, uint64_t now_ms) {
    store_mark(timeout, ACTIVITY_HANDLING, now_ms);
}

void request_timeout_respond(struct request_timeout *timeout, uint64_t len, uint64_t now_ms) {
    store_taken(timeout, max_u64(load_taken(timeout), now_ms) + transfer_ms(len));
    store_mark(timeout, ACTIVITY_RESPONDING, now_ms);
}

void request_timeout_stream(struct request_timeout *timeout, uint64_t len, uint64_t now_ms) {
    const uint64_t taken_ms = load_taken(timeout);
    const uint64_t later_ms =
        min_u64(taken_ms + transfer_ms(len), now_ms + REQUEST_TIMEOUT_STREAM_AHEAD_MS);
    store_taken(timeout, max_u64(taken_ms, later_ms));
    store_mark(timeout, ACTIVITY_RESPONDING, now_ms);
}

/* Any thread */

static bool is_late(const struct request_timeout *timeout, uint64_t now_ms, uint64_t timeout_ms) {
    const uint64_t mark = load_mark(timeout);
    switch (activity_of(mark)) {
    case ACTIVITY_HANDLING:
        return false;
    case ACTIVITY_RESPONDING:
        return load_taken(timeout) + timeout_ms <= now_ms;
    default:
        return since_of(mark) + timeout_ms <= now_ms;
    }
}

/* The thread that serves the connection then reads its end, and closes it. */
static void shut_down(struct request_timeouts *timeouts, struct request_timeout *timeout) {
    (void)shutdown(timeout->fd, SHUT_RDWR);
    timeout->closing = true;
    timeouts->closing++;
}

static void add_one(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void abort_late_ones(struct request_timeouts *timeouts, uint64_t now_ms) {
    struct http_counters *counters = timeouts->counters;
    pthread_mutex_lock(&timeouts->lock);
    struct request_timeout *const ring = &timeouts->ring;
    for (struct request_timeout *one = ring->next; one != ring; one = one->next) {
        if (one->closing || !is_late(one, now_ms, (uint64_t)timeouts->options.timeout_s * 1000))
            continue;
        const bool responding = activity_of(load_mark(one)) == ACTIVITY_RESPONDING;
        shut_down(timeouts, one);
        add_one(responding ? &counters->responses_aborted : &counters->requests_aborted);
    }
    pthread_mutex_unlock(&timeouts->lock);
}

/* Logs the evictions since the last message, at most once a minute. */
static void log_evictions(struct request_timeouts *timeouts, uint64_t now_ms) {
    uint64_t more[HTTP_EVICTIONS];
    uint64_t sum = 0;
    if (timeouts->logged_ms > 0 && now_ms - timeouts->logged_ms < LOG_INTERVAL_MS)
        return;
    for (int i = 0; i < HTTP_EVICTIONS; i++) {
        more[i] = atomic_load_explicit(&timeouts->counters->evictions[i], memory_order_relaxed) -
                  timeouts->logged[i];
        sum += more[i];
    }
    if (sum == 0)
        return;
    for (int i = 0; i < HTTP_EVICTIONS; i++)
        timeouts->logged[i] += more[i];
    timeouts->logged_ms = now_ms;
    log_warning(
        "http: http.connections_max = %u reached: closed %llu connections that did not "
        "read the response, %llu idle, %llu without a whole request; rejected %llu",
        timeouts->options.connections_max, (unsigned long long)more[HTTP_EVICTION_STUCK],
        (unsigned long long)more[HTTP_EVICTION_IDLE],
        (unsigned long long)more[HTTP_EVICTION_NO_REQUEST],
        (unsigned long long)more[HTTP_EVICTION_REJECTED]);
}

void request_timeouts_check(struct request_timeouts *timeouts, uint64_t now_ms) {
    abort_late_ones(timeouts, now_ms);
    log_evictions(timeouts, now_ms);
}

/* A connection that may be closed to make room. */
struct victim {
    struct request_timeout *timeout;
    enum http_eviction kind;
    unsigned rank; /* lower ones go first */
    uint64_t since_ms;
};

/* Young connections go last: among them first those that do not read the response at once. */
enum { RANK_YOUNG = HTTP_EVICTIONS };

/* False if the connection is not to be closed. */
static bool read_victim(struct request_timeout *timeout, uint64_t now_ms, struct victim *victim) {
    const uint64_t mark = load_mark(timeout);
    const enum activity activity = activity_of(mark);
    if (timeout->closing || activity == ACTIVITY_HANDLING)
        return false;
    *victim = (struct victim){ .timeout = timeout, .since_ms = since_of(mark) };
    if (activity == ACTIVITY_RESPONDING)
        victim->kind = HTTP_EVICTION_STUCK;
    else
        victim->kind = activity == ACTIVITY_IDLE ? HTTP_EVICTION_IDLE : HTTP_EVICTION_NO_REQUEST;
    const bool young = victim->since_ms + REQUEST_TIMEOUT_YOUNG_MS > now_ms;
    victim->rank = victim->kind + (young && activity != ACTIVITY_IDLE ? RANK_YOUNG : 0);
    return true;
}

static bool goes_before(const struct victim *a, const struct victim *b) {
    return a->rank != b->rank ? a->rank < b->rank : a->since_ms < b->since_ms;
}

/* Inserts into a sorted list of at most `max`. Returns the new number. */
static size_t insert_victim(struct victim *victims, size_t count, size_t max,
                            const struct victim *victim) {
    if (count == max && !goes_before(victim, &victims[count - 1]))
        return count;
    size_t at = count < max ? count : max - 1;
    for (; at > 0 && goes_before(victim, &victims[at - 1]); at--)
        victims[at] = victims[at - 1];
    victims[at] = *victim;
    return count < max ? count + 1 : max;
}

static void evict(struct request_timeouts *timeouts, uint64_t now_ms) {
    struct victim victims[VICTIMS_MAX];
    const size_t max = 1 + min_u64(timeouts->options.connections_max / 64, VICTIMS_MAX - 1);
    size_t count = 0;
    struct request_timeout *const ring = &timeouts->ring;
    for (struct request_timeout *one = ring->next; one != ring; one = one->next) {
        struct victim victim;
        if (read_victim(one, now_ms, &victim))
            count = insert_victim(victims, count, max, &victim);
    }
    for (size_t i = 0; i < count; i++) {
        shut_down(timeouts, victims[i].timeout);
        add_one(&timeouts->counters->evictions[victims[i].kind]);
    }
}

uint32_t request_timeouts_reserve(uint32_t connections_max) {
    return (uint32_t)min_u64(max_u64(connections_max / 4, RESERVE_MIN), RESERVE_MAX);
}

bool request_timeouts_make_room(struct request_timeouts *timeouts, uint64_t now_ms) {
    const uint32_t max = timeouts->options.connections_max;
    if (max == 0 || atomic_load_explicit(&timeouts->count, memory_order_relaxed) < max)
        return true;
    pthread_mutex_lock(&timeouts->lock);
    const uint32_t count = atomic_load_explicit(&timeouts->count, memory_order_relaxed);
    if (count - timeouts->closing >= max)
        evict(timeouts, now_ms);
    pthread_mutex_unlock(&timeouts->lock);
    if (count < max + request_timeouts_reserve(max))
        return true;
    add_one(&timeouts->counters->evictions[HTTP_EVICTION_REJECTED]);
    return false;
}

struct request_timeouts *request_timeouts_create(const struct request_timeouts_options *options,
                                                 struct http_counters *counters) {
    struct request_timeouts *timeouts = calloc(1, sizeof *timeouts);
    if (timeouts == NULL)
        return NULL;
    pthread_mutex_init(&timeouts->lock, NULL);
    timeouts->ring.previous = &timeouts->ring;
    timeouts->ring.next = &timeouts->ring;
    timeouts->options = *options;
    timeouts->counters = counters;
    return timeouts;
}

void request_timeouts_delete(struct request_timeouts *timeouts) {
    if (timeouts == NULL)
        return;
    pthread_mutex_destroy(&timeouts->lock);
    free(timeouts);
}

void request_timeouts_add(struct request_timeouts *timeouts, struct request_timeout *timeout,
                          int fd, uint64_t now_ms) {
    timeout->fd = fd;
    timeout->closing = false;
    timeout->began_ms = now_ms;
    atomic_init(&timeout->mark, mark_of(ACTIVITY_NEW, now_ms));
    atomic_init(&timeout->taken_ms, 0);
    pthread_mutex_lock(&timeouts->lock);
    timeout->previous = timeouts->ring.previous;
    timeout->next = &timeouts->ring;
    timeout->previous->next = timeout;
    timeout->next->previous = timeout;
    atomic_fetch_add_explicit(&timeouts->count, 1, memory_order_relaxed);
    pthread_mutex_unlock(&timeouts->lock);
}

void request_timeouts_remove(struct request_timeouts *timeouts, struct request_timeout *timeout) {
    pthread_mutex_lock(&timeouts->lock);
    timeout->previous->next = timeout->next;
    timeout->next->previous = timeout->previous;
    if (timeout->closing)
        timeouts->closing--;
    atomic_fetch_sub_explicit(&timeouts->count, 1, memory_order_relaxed);
    pthread_mutex_unlock(&timeouts->lock);
}

bool request_timeouts_all_idle(struct request_timeouts *timeouts) {
    bool idle = true;
    pthread_mutex_lock(&timeouts->lock);
    const struct request_timeout *const ring = &timeouts->ring;
    for (const struct request_timeout *one = ring->next; one != ring && idle; one = one->next)
        idle = one->closing || activity_of(load_mark(one)) == ACTIVITY_IDLE;
    pthread_mutex_unlock(&timeouts->lock);
    return idle;
}
