#include "cmd/recorder.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/ticker.h"

enum { DRAIN_PERIOD_MS = 100 };

struct recorder {
    struct tracker *tracker;
    struct store *store;
    struct ticker *ticker;
    struct event_log events;
    uint32_t flush_interval_ms;
    uint64_t flushed_ms; /* when the last commit was tried */
    uint64_t now_ms;     /* of the present tick */
    bool behind;         /* the store missed changes and must be written anew */
    bool failing;        /* the last commit failed, and that was said */
};

static void say_failed(struct recorder *recorder) {
    if (!recorder->failing)
        log_error("cannot write the database: %s; announces go on, it will be tried again",
                  store_failure(recorder->store));
    recorder->failing = true;
    recorder->behind = true;
}

static void say_caught_up(struct recorder *recorder) {
    if (recorder->failing)
        log_warning("the database is written again and has caught up");
    recorder->failing = false;
}

static void read_to_store(void *context, const struct change *changes, size_t count) {
    struct recorder *recorder = context;
    if (recorder->store == NULL || recorder->behind)
        return;
    if (!store_apply(recorder->store, changes, count))
        say_failed(recorder);
}

static void read_changes(void *context, const struct change *changes, size_t count) {
    struct recorder *recorder = context;
    event_log_changes(&recorder->events, changes, count);
    read_to_store(recorder, changes, count);
}

/* Changes that come meanwhile wait in the feed; applying them again does no harm. */
static bool write_anew(struct recorder *recorder) {
    recorder->behind = false;
    if (!store_clear(recorder->store)) {
        say_failed(recorder);
        return false;
    }
    if (!tracker_replay(recorder->tracker, read_to_store, recorder))
        recorder->behind = true;
    return !recorder->behind;
}

static bool flush(struct recorder *recorder) {
    if (recorder->behind && !write_anew(recorder))
        return false;
    if (!store_commit(recorder->store)) {
        say_failed(recorder);
        return false;
    }
    say_caught_up(recorder);
    return true;
}

static bool flush_is_due(const struct recorder *recorder) {
    return recorder->now_ms - recorder->flushed_ms >= recorder->flush_interval_ms;
}

static void drain(struct recorder *recorder) {
    recorder->now_ms = clock_now_ms();
    event_log_tick(&recorder->events, recorder->now_ms);
    if (!tracker_drain(recorder->tracker, read_changes, recorder) && !recorder->behind) {
        log_warning("more changed than could be recorded in time; the database is written anew");
        recorder->behind = true;
    }
}

static void tick(void *context) {
    struct recorder *recorder = context;
    drain(recorder);
    if (recorder->store == NULL || !flush_is_due(recorder))
        return;
    recorder->flushed_ms = recorder->now_ms;
    (void)flush(recorder);
}

struct recorder *recorder_start(struct tracker *tracker, struct store *store,
                                uint32_t flush_interval_ms, uint32_t events_per_s) {
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return NULL;
    *recorder = (struct recorder){
        .tracker = tracker,
        .store = store,
        .events = { .per_s = events_per_s },
        .flush_interval_ms = flush_interval_ms,
    };
    recorder->ticker = ticker_start("recorder", DRAIN_PERIOD_MS, tick, recorder);
    if (recorder->ticker == NULL) {
        free(recorder);
        return NULL;
    }
    return recorder;
}

bool recorder_stop(struct recorder *recorder) {
    if (recorder == NULL)
        return true;
    ticker_stop(recorder->ticker);
    drain(recorder);
    const bool good = recorder->store == NULL || flush(recorder);
    free(recorder);
    return good;
}
