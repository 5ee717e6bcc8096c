#include "daemon/recorder.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/ticker.h"
#include "store/history_sampler.h"

enum {
    REPLAY_SHARDS = 8, /* in one go, when everything is written anew */
    DRAIN_PERIOD_MAX_MS = 100,
    RETRY_MAX_MS = 10000,
    OVERFLOW_QUIET_MS = 60000,
};

/* Written by the recorder's thread, read by any. */
struct counters {
    _Atomic uint64_t recorded_ms; /* all that happened before is in the database */
    _Atomic uint64_t pending;
    _Atomic uint64_t flush_ms;
    struct histogram flushes;
    _Atomic uint64_t failures;
    _Atomic uint64_t rewrites;
    _Atomic uint64_t overflows;
    _Atomic bool failing; /* the store, and that was said */
    _Atomic bool behind;  /* changes are missing in it */
};

struct recorder {
    struct tracker *tracker;
    struct store *store;
    struct ticker *ticker;
    struct event_log events;
    struct history_sampler *sampler; /* NULL: there is no history */
    const struct change_watcher *watchers;
    size_t watcher_count;
    uint32_t flush_interval_ms;
    uint32_t drain_period_ms;
    uint64_t now_ms;    /* of the present tick, before it drained */
    uint64_t began_ns;  /* the same moment, by the exact clock */
    uint64_t failed_ms; /* when the store began to fail */
    uint64_t retry_ms;  /* when it is tried again */
    uint32_t retry_pause_ms;
    uint64_t overflow_said_ms;
    struct counters counters;
    _Atomic uint64_t progress;
};

static uint64_t read_counter(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void set_counter(_Atomic uint64_t *counter, uint64_t value) {
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static void add_to_counter(_Atomic uint64_t *counter, uint64_t more) {
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static bool is_failing(const struct recorder *recorder) {
    return atomic_load_explicit(&recorder->counters.failing, memory_order_relaxed);
}

static void set_failing(struct recorder *recorder, bool failing) {
    atomic_store_explicit(&recorder->counters.failing, failing, memory_order_relaxed);
}

/* Each pause is twice the one before. */
static uint32_t next_pause(const struct recorder *recorder) {
    const uint32_t pause =
        is_failing(recorder) ? 2 * recorder->retry_pause_ms : recorder->flush_interval_ms;
    return pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS;
}

static void note_failure(struct recorder *recorder) {
    recorder->retry_pause_ms = next_pause(recorder);
    recorder->retry_ms = clock_now_ms() + recorder->retry_pause_ms;
    add_to_counter(&recorder->counters.failures, 1);
    if (is_failing(recorder))
        return;
    log_error("cannot write the database: %s; announces go on, it will be tried again",
              store_failure(recorder->store));
    recorder->failed_ms = recorder->now_ms;
    set_failing(recorder, true);
}

static void note_success(struct recorder *recorder) {
    struct counters *counters = &recorder->counters;
    const uint64_t end_ms = clock_now_ms();
    set_counter(&counters->recorded_ms, recorder->now_ms);
    set_counter(&counters->pending, 0);
    set_counter(&counters->flush_ms, end_ms - recorder->now_ms);
    if (is_failing(recorder))
        log_warning("the database is written again, after %llu s, and has caught up",
                    (unsigned long long)(end_ms - recorder->failed_ms) / 1000);
    set_failing(recorder, false);
}

static void read_to_store(void *context, const struct change *changes, size_t count) {
    struct recorder *recorder = context;
    atomic_fetch_add_explicit(&recorder->progress, 1, memory_order_relaxed);
    if (store_is_stale(recorder->store))
        return;
    if (!store_apply(recorder->store, changes, count))
        note_failure(recorder);
}

/* What is in no replay, such as a completion, is kept apart from the rest: a failing store may be
 * written anew. */
static void read_changes(void *context, const struct change *changes, size_t count) {
    struct recorder *recorder = context;
    event_log_changes(&recorder->events, changes, count);
    for (size_t i = 0; i < recorder->watcher_count; i++)
        recorder->watchers[i].read(recorder->watchers[i].context, changes, count);
    if (recorder->store == NULL)
        return;
    store_add_completions(recorder->store, changes, count, clock_unix_s());
    add_to_counter(&recorder->counters.pending, count);
    read_to_store(recorder, changes, count);
}

static void tell_of_loss(const struct recorder *recorder) {
    for (size_t i = 0; i < recorder->watcher_count; i++) {
        const struct change_watcher *watcher = &recorder->watchers[i];
        if (watcher->lost != NULL)
            watcher->lost(watcher->context);
    }
}

/* False if changes were lost. */
static bool drain_feed(struct recorder *recorder) {
    const bool whole = tracker_drain(recorder->tracker, read_changes, recorder);
    if (!whole)
        tell_of_loss(recorder);
    return whole;
}

/* Changes that come meanwhile wait in the feed; applying them again does no harm. */
static bool write_anew(struct recorder *recorder) {
    add_to_counter(&recorder->counters.rewrites, 1);
    if (!store_clear(recorder->store)) {
        note_failure(recorder);
        return false;
    }
    bool complete = true;
    /* What happens meanwhile is read in between, lest the feed run over. */
    for (uint32_t first = 0; first < TRACKER_SHARDS && complete; first += REPLAY_SHARDS) {
        complete = tracker_dump(recorder->tracker, first, REPLAY_SHARDS, recorder->now_ms,
                                read_to_store, recorder) &&
                   drain_feed(recorder);
        if (store_is_stale(recorder->store))
            return false;
    }
    /* What is missing for want of memory is as bad as what the store refused. */
    if (!complete) {
        store_mark_stale(recorder->store);
        note_failure(recorder);
    }
    return complete;
}

static bool flush(struct recorder *recorder) {
    if (!store_refresh(recorder->store)) {
        note_failure(recorder);
        return false;
    }
    if (store_is_stale(recorder->store) && !write_anew(recorder))
        return false;
    const bool wrote = store_pending(recorder->store) > 0;
    if (!store_commit(recorder->store)) {
        note_failure(recorder);
        return false;
    }
    note_success(recorder);
    if (wrote)
        histogram_add(&recorder->counters.flushes, clock_now_ns() - recorder->began_ns, 1);
    return true;
}

/* What the next flush may take: twice what the last one did, and an eighth of the interval for a
 * machine that is busy and a clock that is coarse. */
static uint64_t expected_flush_ms(const struct recorder *recorder) {
    const uint64_t last = read_counter(&recorder->counters.flush_ms);
    const uint64_t expected = 2 * last + recorder->flush_interval_ms / 8;
    const uint64_t most = recorder->flush_interval_ms / 2;
    return expected < most ? expected : most;
}

/* At the last tick that leaves enough time for it within the interval; or at once, where so much
 * changed that the store began to write: nobody else can meanwhile. */
static bool flush_is_due(const struct recorder *recorder) {
    if (is_failing(recorder))
        return recorder->now_ms >= recorder->retry_ms;
    if (store_is_writing(recorder->store))
        return true;
    const uint64_t done_if_next =
        recorder->now_ms + recorder->drain_period_ms + expected_flush_ms(recorder);
    return done_if_next >=
           read_counter(&recorder->counters.recorded_ms) + recorder->flush_interval_ms;
}

static void note_overflow(struct recorder *recorder) {
    store_mark_stale(recorder->store);
    add_to_counter(&recorder->counters.overflows, 1);
    if (recorder->overflow_said_ms != 0 &&
        recorder->now_ms - recorder->overflow_said_ms < OVERFLOW_QUIET_MS)
        return;
    log_warning("more changed than could be recorded in time; the database is written anew");
    recorder->overflow_said_ms = recorder->now_ms;
}

static void drain(struct recorder *recorder) {
    recorder->now_ms = clock_now_ms();
    recorder->began_ns = clock_now_ns();
    event_log_tick(&recorder->events, recorder->now_ms);
    if (!drain_feed(recorder) && recorder->store != NULL && !store_is_stale(recorder->store))
        note_overflow(recorder);
}

static void tick(void *context) {
    struct recorder *recorder = context;
    atomic_fetch_add_explicit(&recorder->progress, 1, memory_order_relaxed);
    drain(recorder);
    if (recorder->sampler != NULL)
        history_sampler_tick(recorder->sampler, recorder->now_ms, clock_unix_s());
    if (recorder->store != NULL && flush_is_due(recorder))
        (void)flush(recorder);
    if (recorder->store != NULL)
        atomic_store_explicit(&recorder->counters.behind, store_is_stale(recorder->store),
                              memory_order_relaxed);
}

/* Several in an interval, so that the flush is near its end. */
static uint32_t drain_period(uint32_t flush_interval_ms) {
    const uint32_t period = flush_interval_ms / 8 + 1;
    return period < DRAIN_PERIOD_MAX_MS ? period : DRAIN_PERIOD_MAX_MS;
}

static void end(struct recorder *recorder) {
    history_sampler_delete(recorder->sampler);
    free(recorder);
}

/* Without a store there is no history. The first period begins before the first announce. */
static bool keep_history(struct recorder *recorder, const struct history_options *options) {
    if (recorder->store == NULL || !options->enabled)
        return true;
    store_keep_history(recorder->store, options);
    recorder->sampler =
        history_sampler_create(recorder->tracker, recorder->store, options->torrents_max);
    if (recorder->sampler != NULL)
        history_sampler_tick(recorder->sampler, clock_now_ms(), clock_unix_s());
    return recorder->sampler != NULL;
}

struct recorder *recorder_start(struct tracker *tracker, struct store *store,
                                const struct recorder_options *options) {
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return NULL;
    *recorder = (struct recorder){
        .tracker = tracker,
        .store = store,
        .events = { .per_s = options->events_per_s },
        .watchers = options->watchers,
        .watcher_count = options->watcher_count,
        .flush_interval_ms = options->flush_interval_ms,
        .drain_period_ms = drain_period(options->flush_interval_ms),
        .counters.recorded_ms = clock_now_ms(),
    };
    if (keep_history(recorder, &options->history))
        recorder->ticker = ticker_start("recorder", recorder->drain_period_ms, tick, recorder);
    if (recorder->ticker != NULL)
        return recorder;
    end(recorder);
    return NULL;
}

uint64_t recorder_progress(const struct recorder *recorder) {
    return atomic_load_explicit(&recorder->progress, memory_order_relaxed);
}

struct recorder_stats recorder_stats(const struct recorder *recorder, uint64_t now_ms) {
    const struct counters *counters = &recorder->counters;
    struct recorder_stats stats = {
        .pending = read_counter(&counters->pending),
        .failures = read_counter(&counters->failures),
        .rewrites = read_counter(&counters->rewrites),
        .overflows = read_counter(&counters->overflows),
        .failing = is_failing(recorder),
    };
    histogram_collect(&counters->flushes, &stats.flushes);
    const uint64_t recorded_ms = read_counter(&counters->recorded_ms);
    const bool behind = atomic_load_explicit(&counters->behind, memory_order_relaxed);
    if ((stats.pending > 0 || stats.failing || behind) && now_ms > recorded_ms)
        stats.lag_s = (double)(now_ms - recorded_ms) / 1000;
    return stats;
}

/* One last time, however short a time ago the store failed. */
static bool record_the_rest(struct recorder *recorder) {
    drain(recorder);
    if (recorder->store == NULL || flush(recorder))
        return true;
    log_error("the database misses what changed in the last %.0f s: %s",
              recorder_stats(recorder, clock_now_ms()).lag_s, store_failure(recorder->store));
    return false;
}

bool recorder_stop(struct recorder *recorder) {
    if (recorder == NULL)
        return true;
    ticker_stop(recorder->ticker);
    const bool good = record_the_rest(recorder);
    end(recorder);
    return good;
}
