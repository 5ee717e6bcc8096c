#include "probe/prober.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "probe/tcp_probe.h"

enum { NO_RESOURCES_PAUSE_MS = 1000 };

_Static_assert((int)PROBER_DESCRIPTORS >= (int)TCP_PROBE_SET_DESCRIPTORS, "descriptors of a set");

struct prober {
    pthread_mutex_t lock;    /* guards the three below; held briefly */
    struct probe_plan *plan; /* NULL: switched off */
    uint32_t timeout_ms;
    struct tcp_probe_set *probes; /* NULL: switched off; used by the thread, woken by others */

    struct hash_key key;
    pthread_t thread;
    bool running;
    _Atomic bool stop;
    uint64_t pause_until_ms; /* used by the thread: pause after TCP_PROBE_NO_RESOURCES */
    _Atomic uint64_t finished[REACHES];
};

static enum reach reach_of(enum tcp_probe_result result) {
    switch (result) {
    case TCP_PROBE_OPEN:
        return REACH_OPEN;
    case TCP_PROBE_REFUSED:
        return REACH_REFUSED;
    case TCP_PROBE_SILENT:
        return REACH_SILENT;
    default:
        return REACH_UNKNOWN;
    }
}

static void on_result(void *context, const struct endpoint *peer, enum tcp_probe_result result) {
    struct prober *prober = context;
    const uint64_t now_ms = clock_now_ms();
    const enum reach reach = reach_of(result);
    atomic_fetch_add_explicit(&prober->finished[reach], 1, memory_order_relaxed);
    if (result == TCP_PROBE_NO_RESOURCES)
        prober->pause_until_ms = now_ms + NO_RESOURCES_PAUSE_MS;
    pthread_mutex_lock(&prober->lock);
    if (result == TCP_PROBE_NO_RESOURCES)
        probe_plan_retry(prober->plan, peer, now_ms);
    else
        probe_plan_finish(prober->plan, peer, reach, now_ms);
    pthread_mutex_unlock(&prober->lock);
}

static bool next_peer(struct prober *prober, uint64_t now_ms, struct endpoint *peer,
                      uint32_t *timeout_ms) {
    if (now_ms < prober->pause_until_ms || !tcp_probe_set_has_room(prober->probes))
        return false;
    pthread_mutex_lock(&prober->lock);
    const bool found = probe_plan_next(prober->plan, now_ms, peer);
    *timeout_ms = prober->timeout_ms;
    pthread_mutex_unlock(&prober->lock);
    return found;
}

static void begin_probes(struct prober *prober) {
    struct endpoint peer;
    uint32_t timeout_ms;
    const uint64_t now_ms = clock_now_ms();
    while (next_peer(prober, now_ms, &peer, &timeout_ms))
        tcp_probe_set_begin(prober->probes, &peer, timeout_ms, now_ms);
}

/* When the next probe may begin; UINT64_MAX if the set is full: then a result ends the wait. */
static uint64_t next_probe_ms(struct prober *prober) {
    if (!tcp_probe_set_has_room(prober->probes))
        return UINT64_MAX;
    pthread_mutex_lock(&prober->lock);
    const uint64_t next = probe_plan_next_ms(prober->plan, clock_now_ms());
    pthread_mutex_unlock(&prober->lock);
    return next > prober->pause_until_ms ? next : prober->pause_until_ms;
}

static void *run_prober(void *argument) {
    struct prober *prober = argument;
    while (!atomic_load(&prober->stop)) {
        begin_probes(prober);
        tcp_probe_set_wait(prober->probes, next_probe_ms(prober));
    }
    return NULL;
}

static void set_plan(struct prober *prober, struct probe_plan *plan, struct tcp_probe_set *set) {
    pthread_mutex_lock(&prober->lock);
    prober->plan = plan;
    prober->probes = set;
    pthread_mutex_unlock(&prober->lock);
}

static void switch_off(struct prober *prober) {
    if (prober->running) {
        atomic_store(&prober->stop, true);
        tcp_probe_set_wake(prober->probes);
        pthread_join(prober->thread, NULL);
    }
    prober->running = false;
    struct probe_plan *plan = prober->plan;
    struct tcp_probe_set *set = prober->probes;
    set_plan(prober, NULL, NULL);
    tcp_probe_set_delete(set);
    probe_plan_delete(plan);
}

static bool switch_on(struct prober *prober, const struct prober_options *options,
                      char error[static ERROR_LEN]) {
    struct probe_plan *plan = probe_plan_create(&options->limits, &prober->key);
    struct tcp_probe_set *set = tcp_probe_set_create(on_result, prober);
    if (plan == NULL || set == NULL) {
        tcp_probe_set_delete(set);
        probe_plan_delete(plan);
        return error_set(error, "cannot start the prober: out of memory or descriptors");
    }
    atomic_store(&prober->stop, false);
    prober->pause_until_ms = 0;
    prober->timeout_ms = options->timeout_ms;
    set_plan(prober, plan, set);
    prober->running = pthread_create(&prober->thread, NULL, run_prober, prober) == 0;
    if (!prober->running) {
        switch_off(prober);
        return error_set(error, "cannot start the prober: cannot create thread");
    }
    pthread_setname_np(prober->thread, "prober");
    return true;
}

static void apply_options(struct prober *prober, const struct prober_options *options) {
    pthread_mutex_lock(&prober->lock);
    prober->timeout_ms = options->timeout_ms;
    probe_plan_apply(prober->plan, &options->limits);
    tcp_probe_set_wake(prober->probes);
    pthread_mutex_unlock(&prober->lock);
}

struct prober *prober_start(const struct prober_options *options, char error[static ERROR_LEN]) {
    struct prober *prober = calloc(1, sizeof *prober);
    if (prober == NULL || !random_secret(&prober->key, sizeof prober->key)) {
        error_set(error, "cannot start the prober: out of memory or randomness");
        free(prober);
        return NULL;
    }
    pthread_mutex_init(&prober->lock, NULL);
    if (prober_apply(prober, options, error))
        return prober;
    prober_stop(prober);
    return NULL;
}

bool prober_apply(struct prober *prober, const struct prober_options *options,
                  char error[static ERROR_LEN]) {
    if (options->enabled && !prober->running)
        return switch_on(prober, options, error);
    if (options->enabled)
        apply_options(prober, options);
    else
        switch_off(prober);
    return true;
}

void prober_stop(struct prober *prober) {
    if (prober == NULL)
        return;
    switch_off(prober);
    pthread_mutex_destroy(&prober->lock);
    free(prober);
}

/* A restored peer, or one with a claimed address, is not probed until it announces from its own
 * address; the peer of another node never. */
static void update_peer(struct probe_plan *plan, const struct change *change, uint64_t now_ms) {
    if (change->own_address && change->origin != ORIGIN_MERGED &&
        !change_removes_peer(change->kind))
        probe_plan_join(plan, &change->peer, change->info_hash, now_ms);
    else
        probe_plan_leave(plan, &change->peer, change->info_hash);
}

static bool is_of_peer(const struct change *change) {
    return change->peer.family != FAMILY_NONE && change->kind != CHANGE_PEER_REFRESHED;
}

static void prefetch_peers(const struct probe_plan *plan, const struct change *changes,
                           size_t count) {
    const struct endpoint *peers[PROBE_PLAN_BATCH_MAX];
    size_t peer_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_of_peer(&changes[i]))
            peers[peer_count++] = &changes[i].peer;
    }
    probe_plan_prefetch(plan, peers, peer_count);
}

/* At most PROBE_PLAN_BATCH_MAX changes. */
static void update_plan(struct probe_plan *plan, const struct change *changes, size_t count,
                        uint64_t now_ms) {
    prefetch_peers(plan, changes, count);
    for (size_t i = 0; i < count; i++) {
        if (changes[i].kind == CHANGE_TORRENT_LOST)
            probe_plan_clear_torrent(plan, changes[i].info_hash, now_ms);
        else if (is_of_peer(&changes[i]))
            update_peer(plan, &changes[i], now_ms);
    }
}

/* NULL if switched off. */
static struct probe_plan *lock_plan(struct prober *prober) {
    pthread_mutex_lock(&prober->lock);
    return prober->plan;
}

/* Wakes the thread if more peers wait than `waited`, the number before the change. */
static void unlock_plan(struct prober *prober, uint32_t waited) {
    if (prober->plan != NULL && probe_plan_counts(prober->plan).waiting > waited)
        tcp_probe_set_wake(prober->probes);
    pthread_mutex_unlock(&prober->lock);
}

void prober_on_changes(void *context, const struct change *changes, size_t count) {
    struct prober *prober = context;
    const uint64_t now_ms = clock_now_ms();
    struct probe_plan *plan = lock_plan(prober);
    const uint32_t waited = plan == NULL ? 0 : probe_plan_counts(plan).waiting;
    while (plan != NULL && count > 0) {
        const size_t batch = count < PROBE_PLAN_BATCH_MAX ? count : PROBE_PLAN_BATCH_MAX;
        update_plan(plan, changes, batch, now_ms);
        changes += batch;
        count -= batch;
    }
    unlock_plan(prober, waited);
}

void prober_on_lost(void *context) {
    struct prober *prober = context;
    struct probe_plan *plan = lock_plan(prober);
    if (plan != NULL)
        probe_plan_clear_torrents(plan, clock_now_ms());
    unlock_plan(prober, UINT32_MAX);
}

void prober_request(struct prober *prober, const struct endpoint *peer, bool own_address) {
    if (!own_address)
        return;
    struct probe_plan *plan = lock_plan(prober);
    const uint32_t waited = plan == NULL ? 0 : probe_plan_counts(plan).waiting;
    if (plan != NULL)
        probe_plan_request(plan, peer, clock_now_ms());
    unlock_plan(prober, waited);
}

struct reach_state prober_state(struct prober *prober, const struct endpoint *peer) {
    struct reach_state state = { .reach = REACH_UNKNOWN };
    const struct probe_plan *plan = lock_plan(prober);
    if (plan != NULL)
        state = probe_plan_state(plan, peer);
    unlock_plan(prober, UINT32_MAX);
    return state;
}

struct prober_stats prober_stats(struct prober *prober) {
    struct prober_stats stats = { 0 };
    const struct probe_plan *plan = lock_plan(prober);
    stats.enabled = plan != NULL;
    if (plan != NULL)
        stats.now = probe_plan_counts(plan);
    unlock_plan(prober, UINT32_MAX);
    for (int reach = 0; reach < REACHES; reach++)
        stats.finished[reach] =
            atomic_load_explicit(&prober->finished[reach], memory_order_relaxed);
    return stats;
}
