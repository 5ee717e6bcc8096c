/* The thread that reads the tracker's change feed: passes each change to its subscribers at once,
 * and writes all of them to the store, one commit per flush interval. It also takes the samples of
 * the history.
 *
 * A change that was answered more than one flush interval ago is in the database: the commit starts
 * early enough to end in time. Only a commit that takes longer than half the interval (a stalled
 * disk, or a full rewrite) can exceed it. If the store fails, announces continue; the write is
 * retried with increasing pauses, and everything that was missed is rewritten. */
#ifndef SKEP_STORE_CHANGE_WRITER_H
#define SKEP_STORE_CHANGE_WRITER_H

#include "base/histogram.h"
#include "store/history_writer.h"
#include "store/store.h"
#include "swarm/swarm_totals.h"
#include "swarm/tracker.h"

struct change_writer;

/* A reader of each change. All functions are called on the writer's thread and must return
 * quickly. */
struct feed_subscriber {
    change_reader read;
    void (*lost)(void *context);                  /* earlier changes were lost; may be NULL */
    void (*tick)(void *context, uint64_t now_ms); /* before each read of the feed; may be NULL */
    void *context;
};

struct change_writer_options {
    uint32_t flush_interval_ms;
    struct history_options history;
    const struct feed_subscriber *subscribers; /* must outlive the writer */
    size_t subscriber_count;
};

struct change_writer_stats {
    double lag_s;     /* age of the oldest change that is not in the database */
    uint64_t pending; /* changes that are not in the database, without those lost by an overflow */
    struct histogram_counts flushes; /* successful commits, with the work before each */
    uint64_t failures;               /* failed commits */
    uint64_t rewrites;               /* full rewrites of the database */
    uint64_t overflows;              /* overflows of the feed */
    bool failing;                    /* the last commit failed */
};

/* `tracker`, `totals` and `store` must outlive the writer. `store` may be NULL: then only the
 * subscribers are served. NULL if out of memory or threads. */
struct change_writer *change_writer_start(struct tracker *tracker, struct swarm_totals *totals,
                                          struct store *store,
                                          const struct change_writer_options *options);

/* A counter that increases as long as the thread makes progress. Any thread. */
uint64_t change_writer_progress(const struct change_writer *writer);

/* Any thread. `now_ms` is clock_now_ms(). */
struct change_writer_stats change_writer_stats(const struct change_writer *writer, uint64_t now_ms);

/* Stops the thread and commits what is pending, on the caller's thread, in less than a second if
 * the database is locked. False if something could not be written (logged). NULL is ignored. */
bool change_writer_stop(struct change_writer *writer);

#endif
