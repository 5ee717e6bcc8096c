#include "store/change_writer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/ticker.h"
#include "store/history_sampler.h"

enum {
    REWRITE_SHARDS = 8, /* dumped between two reads of the feed, in a full rewrite */
    DRAIN_PERIOD_MAX_MS = 100,
    RETRY_MAX_MS = 10000,
    LOSS_LOG_PERIOD_MS = 60000,
    /* Each range of the log is merged about every four minutes, which coalesces most changes of a
     * busy tracker; rows that change once in that time are written many to a page. More often if
     * the log is large. */
    MERGE_PERIOD_MS = 16000,
    MERGE_SIZE = 64 << 20,
};

/* Written by the writer's thread, read by any. */
struct writer_counters {
    _Atomic uint64_t written_ms; /* all earlier changes are in the database */
    _Atomic uint64_t pending;
    _Atomic uint64_t flush_ms;
    struct histogram flushes;
    _Atomic uint64_t failures;
    _Atomic uint64_t rewrites;
    _Atomic uint64_t overflows;
    _Atomic bool failing; /* the last flush failed, and that was logged */
    _Atomic bool behind;  /* the store lacks changes */
};

struct change_writer {
    struct feed_reader *feed;
    struct feed_cursor cursor;
    struct tracker *tracker;
    struct store *store;
    struct ticker *ticker;
    struct history_sampler *sampler; /* NULL: no history */
    uint32_t flush_interval_ms;
    uint32_t drain_period_ms;
    uint64_t now_ms;    /* start of the current tick */
    uint64_t began_ns;  /* the same moment, exact clock */
    uint64_t failed_ms; /* start of the current failure */
    uint64_t retry_ms;  /* time of the next retry */
    uint32_t retry_pause_ms;
    uint64_t loss_logged_ms;
    uint64_t merged_ms;
    struct writer_counters counters;
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

static bool is_failing(const struct change_writer *writer) {
    return atomic_load_explicit(&writer->counters.failing, memory_order_relaxed);
}

static void set_failing(struct change_writer *writer, bool failing) {
    atomic_store_explicit(&writer->counters.failing, failing, memory_order_relaxed);
}

/* Exponential backoff. */
static uint32_t next_retry_pause(const struct change_writer *writer) {
    const uint32_t pause =
        is_failing(writer) ? 2 * writer->retry_pause_ms : writer->flush_interval_ms;
    return pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS;
}

static void handle_failure(struct change_writer *writer, const char *why) {
    writer->retry_pause_ms = next_retry_pause(writer);
    writer->retry_ms = clock_now_ms() + writer->retry_pause_ms;
    add_to_counter(&writer->counters.failures, 1);
    if (is_failing(writer))
        return;
    log_error("store: write failed: %s; retrying", why);
    writer->failed_ms = writer->now_ms;
    set_failing(writer, true);
}

static void handle_flush_success(struct change_writer *writer) {
    struct writer_counters *counters = &writer->counters;
    const uint64_t end_ms = clock_now_ms();
    set_counter(&counters->written_ms, writer->now_ms);
    set_counter(&counters->pending, 0);
    set_counter(&counters->flush_ms, end_ms - writer->now_ms);
    if (is_failing(writer))
        log_warning("store: recovered after %llu s",
                    (unsigned long long)(end_ms - writer->failed_ms) / 1000);
    set_failing(writer, false);
}

static void apply_to_store(void *context, const struct change *changes, size_t count) {
    struct change_writer *writer = context;
    atomic_fetch_add_explicit(&writer->progress, 1, memory_order_relaxed);
    if (store_is_stale(writer->store))
        return;
    if (!store_apply(writer->store, changes, count))
        handle_failure(writer, store_failure(writer->store));
}

/* Completions are queued apart from the other changes: a dump does not contain them, so a rewrite
 * could not bring them back. */
static void read_changes(void *context, const struct change *changes, size_t count) {
    struct change_writer *writer = context;
    history_writer_add_completions(store_history(writer->store), changes, count, clock_unix_s());
    add_to_counter(&writer->counters.pending, count);
    apply_to_store(writer, changes, count);
}

static void report_loss(struct change_writer *writer, const char *rewritten) {
    add_to_counter(&writer->counters.overflows, 1);
    if (writer->loss_logged_ms != 0 && writer->now_ms - writer->loss_logged_ms < LOSS_LOG_PERIOD_MS)
        return;
    log_warning("store: change feed overflow: rewriting %s", rewritten);
    writer->loss_logged_ms = writer->now_ms;
}

/* Reads what has been moved into the ring. */
static void read_feed(struct change_writer *writer) {
    const struct feed_loss *loss = &writer->cursor.loss;
    const bool lost_everything = loss->everything;
    const size_t lost_torrents = loss->torrents;
    feed_cursor_read(&writer->cursor, read_changes, writer);
    if (loss->everything && !lost_everything)
        report_loss(writer, "the database");
    if (loss->torrents > lost_torrents) {
        char torrent[64] = "torrent ";
        hex_encode(loss->info_hashes[lost_torrents], INFO_HASH_LEN, torrent + strlen(torrent));
        report_loss(writer, torrent);
    }
}

/* Reads up to the present moment. */
static void drain_feed(struct change_writer *writer) {
    feed_reader_pump(writer->feed);
    read_feed(writer);
}

static bool needs_rewrite(const struct change_writer *writer) {
    return writer->cursor.loss.everything || store_is_stale(writer->store);
}

/* Changes that happen during the dump are in the feed as well; applying them twice is harmless. If
 * some of them are lost, this rewrite is still worth a commit, and another one follows. */
static bool rewrite_store(struct change_writer *writer) {
    add_to_counter(&writer->counters.rewrites, 1);
    writer->cursor.loss = (struct feed_loss){ .everything = false };
    if (!store_clear(writer->store)) {
        handle_failure(writer, store_failure(writer->store));
        return false;
    }
    /* The feed is read between the parts, so that it does not overflow. */
    for (uint32_t first = 0; first < TRACKER_SHARDS; first += REWRITE_SHARDS) {
        if (!tracker_dump(writer->tracker, first, REWRITE_SHARDS, writer->now_ms, apply_to_store,
                          writer)) {
            store_mark_stale(writer->store);
            handle_failure(writer, "out of memory");
        }
        if (store_is_stale(writer->store))
            return false;
        drain_feed(writer);
    }
    return !store_is_stale(writer->store);
}

/* In a transaction of their own, after that of all others: they may have many peers. */
static bool rewrite_lost_torrents(struct change_writer *writer) {
    if (writer->cursor.loss.torrents == 0)
        return true;
    if (!feed_cursor_recover(&writer->cursor, writer->now_ms, apply_to_store, writer)) {
        store_mark_stale(writer->store);
        handle_failure(writer, "out of memory");
        return false;
    }
    if (store_is_stale(writer->store))
        return false;
    if (store_commit(writer->store))
        return true;
    handle_failure(writer, store_failure(writer->store));
    return false;
}

/* Number of ranges to be merged now. */
static unsigned merges_due(struct change_writer *writer) {
    const uint64_t periods = (writer->now_ms - writer->merged_ms) / MERGE_PERIOD_MS;
    writer->merged_ms += periods * MERGE_PERIOD_MS;
    const unsigned due = periods < STORE_RANGES ? (unsigned)periods : STORE_RANGES;
    return due + store_is_merging(writer->store) +
           (unsigned)(store_log_size(writer->store) / MERGE_SIZE);
}

static bool flush_store(struct change_writer *writer) {
    if (!store_refresh(writer->store)) {
        handle_failure(writer, store_failure(writer->store));
        return false;
    }
    if (needs_rewrite(writer) && !rewrite_store(writer))
        return false;
    const bool wrote = store_pending(writer->store) > 0;
    /* A merge may take long, so the changes are committed before. */
    if (!store_commit(writer->store) || !store_merge_log(writer->store, merges_due(writer)) ||
        !store_commit(writer->store)) {
        handle_failure(writer, store_failure(writer->store));
        return false;
    }
    if (!rewrite_lost_torrents(writer))
        return false;
    if (wrote)
        histogram_add(&writer->counters.flushes, clock_now_ns() - writer->began_ns, 1);
    handle_flush_success(writer);
    return true;
}

/* Upper estimate of the next flush: twice the last one, plus an eighth of the interval for a busy
 * machine and a coarse clock. */
static uint64_t expected_flush_ms(const struct change_writer *writer) {
    const uint64_t last = read_counter(&writer->counters.flush_ms);
    const uint64_t expected = 2 * last + writer->flush_interval_ms / 8;
    const uint64_t most = writer->flush_interval_ms / 2;
    return expected < most ? expected : most;
}

/* At the last tick that leaves enough time within the interval; or at once if the store has opened
 * its transaction early, which blocks all other writers. */
static bool flush_is_due(const struct change_writer *writer) {
    if (is_failing(writer))
        return writer->now_ms >= writer->retry_ms;
    if (store_is_writing(writer->store))
        return true;
    const uint64_t done_if_next =
        writer->now_ms + writer->drain_period_ms + expected_flush_ms(writer);
    return done_if_next >= read_counter(&writer->counters.written_ms) + writer->flush_interval_ms;
}

static void begin_tick(struct change_writer *writer) {
    writer->now_ms = clock_now_ms();
    writer->began_ns = clock_now_ns();
}

/* Peers that lost their access are gone before the change is settled. */
static void sync_registry(struct change_writer *writer) {
    tracker_purge(writer->tracker, writer->now_ms);
    store_sync_registry(writer->store, clock_now_ms());
    tracker_purge(writer->tracker, writer->now_ms);
}

static void wake_writer(void *context) {
    struct change_writer *writer = context;
    ticker_wake(writer->ticker);
}

static void run_tick(void *context) {
    struct change_writer *writer = context;
    atomic_fetch_add_explicit(&writer->progress, 1, memory_order_relaxed);
    begin_tick(writer);
    if (flush_is_due(writer))
        feed_reader_pump(writer->feed);
    read_feed(writer);
    if (writer->sampler != NULL)
        history_sampler_tick(writer->sampler, writer->now_ms, clock_unix_s());
    if (flush_is_due(writer))
        (void)flush_store(writer);
    sync_registry(writer);
    atomic_store_explicit(&writer->counters.behind,
                          needs_rewrite(writer) || writer->cursor.loss.torrents > 0,
                          memory_order_relaxed);
}

/* Several ticks per interval, so that the flush can start near its end. */
static uint32_t drain_period(uint32_t flush_interval_ms) {
    const uint32_t period = flush_interval_ms / 8 + 1;
    return period < DRAIN_PERIOD_MAX_MS ? period : DRAIN_PERIOD_MAX_MS;
}

static void delete_writer(struct change_writer *writer) {
    feed_cursor_close(&writer->cursor);
    history_sampler_delete(writer->sampler);
    free(writer);
}

/* The first sample is taken before the first announce. */
static bool start_history(struct change_writer *writer, struct swarm_totals *totals,
                          const struct history_options *options) {
    if (!options->enabled)
        return true;
    store_history(writer->store)->options = *options;
    writer->sampler =
        history_sampler_create(writer->tracker, totals, writer->store, options->torrents_max);
    if (writer->sampler != NULL)
        history_sampler_tick(writer->sampler, clock_now_ms(), clock_unix_s());
    return writer->sampler != NULL;
}

struct change_writer *change_writer_start(struct feed_reader *feed, struct tracker *tracker,
                                          struct swarm_totals *totals, struct store *store,
                                          const struct change_writer_options *options) {
    struct change_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    *writer = (struct change_writer){
        .feed = feed,
        .tracker = tracker,
        .store = store,
        .flush_interval_ms = options->flush_interval_ms,
        .drain_period_ms = drain_period(options->flush_interval_ms),
        .counters.written_ms = clock_now_ms(),
        .merged_ms = clock_now_ms(),
    };
    feed_cursor_open(&writer->cursor, feed);
    if (start_history(writer, totals, &options->history))
        writer->ticker = ticker_start("store writer", writer->drain_period_ms, run_tick, writer);
    if (writer->ticker != NULL) {
        registry_set_writer(tracker_registry(tracker), wake_writer, writer);
        return writer;
    }
    delete_writer(writer);
    return NULL;
}

uint64_t change_writer_progress(const struct change_writer *writer) {
    return atomic_load_explicit(&writer->progress, memory_order_relaxed);
}

struct change_writer_stats change_writer_stats(const struct change_writer *writer,
                                               uint64_t now_ms) {
    const struct writer_counters *counters = &writer->counters;
    struct change_writer_stats stats = {
        .pending = read_counter(&counters->pending),
        .failures = read_counter(&counters->failures),
        .rewrites = read_counter(&counters->rewrites),
        .overflows = read_counter(&counters->overflows),
        .failing = is_failing(writer),
    };
    histogram_collect(&counters->flushes, &stats.flushes);
    const uint64_t written_ms = read_counter(&counters->written_ms);
    const bool behind = atomic_load_explicit(&counters->behind, memory_order_relaxed);
    if ((stats.pending > 0 || stats.failing || behind) && now_ms > written_ms)
        stats.lag_s = (double)(now_ms - written_ms) / 1000;
    return stats;
}

/* Does not wait for the retry pause. The rows are brought up to date as well: without a log the
 * next start is faster. If that fails, nothing is lost. */
static bool flush_last(struct change_writer *writer) {
    begin_tick(writer);
    drain_feed(writer);
    if (flush_store(writer)) {
        (void)(store_merge_log(writer->store, STORE_RANGES) && store_commit(writer->store));
        return true;
    }
    log_error("store: lost the last %.0f s of changes: %s",
              change_writer_stats(writer, clock_now_ms()).lag_s, store_failure(writer->store));
    return false;
}

bool change_writer_stop(struct change_writer *writer) {
    if (writer == NULL)
        return true;
    registry_set_writer(tracker_registry(writer->tracker), NULL, NULL);
    ticker_stop(writer->ticker);
    const bool good = flush_last(writer);
    sync_registry(writer);
    delete_writer(writer);
    return good;
}
