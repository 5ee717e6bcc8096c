/* The thread that writes the changes of the feed to the store, one commit per flush interval. It
 * also takes the samples of the history.
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
#include "swarm/feed_reader.h"
#include "swarm/swarm_totals.h"

struct change_writer;

struct change_writer_options {
    uint32_t flush_interval_ms;
    struct history_options history;
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

/* The first four must outlive the writer; `feed` reads `tracker`. NULL if out of memory or threads.
 */
struct change_writer *change_writer_start(struct feed_reader *feed, struct tracker *tracker,
                                          struct swarm_totals *totals, struct store *store,
                                          const struct change_writer_options *options);

/* A counter that increases as long as the thread makes progress. Any thread. */
uint64_t change_writer_progress(const struct change_writer *writer);

/* Any thread. `now_ms` is clock_now_ms(). */
struct change_writer_stats change_writer_stats(const struct change_writer *writer, uint64_t now_ms);

/* Stops the thread and commits what is pending, on the caller's thread, in less than a second if
 * the database is locked. False if something could not be written (logged). NULL is ignored. */
bool change_writer_stop(struct change_writer *writer);

#endif
