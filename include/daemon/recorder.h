/* The thread between the tracker's change feed and its readers: the event log and the watchers, at
 * once, and the store, one commit a flush interval. It samples what the history is made of as well.
 *
 * What was answered more than one flush interval ago is in the database: the commit starts early
 * enough to be done by then. Only where a commit takes longer than half the interval (a
 * stalled disk, or everything written anew) it may be that much later. Where the store fails,
 * announces go on; it is tried again, less and less often, and what it missed is written anew. */
#ifndef SKEP_DAEMON_RECORDER_H
#define SKEP_DAEMON_RECORDER_H

#include "base/histogram.h"
#include "daemon/event_log.h"
#include "store/history.h"
#include "store/store.h"
#include "swarm/tracker.h"

struct recorder;

/* Who else wants to know of each change: `read` is called on the recorder's thread, and must not
 * take long; neither must `lost`, which is called where some changes before were lost. */
struct change_watcher {
    change_reader read;
    void (*lost)(void *context); /* NULL: that is nothing to it */
    void *context;
};

struct recorder_options {
    uint32_t flush_interval_ms;
    uint32_t events_per_s; /* lines in the log about peers */
    struct history_options history;
    const struct change_watcher *watchers; /* must outlive the recorder */
    size_t watcher_count;
};

struct recorder_stats {
    double lag_s;     /* how long the oldest change that is not in the database has waited */
    uint64_t pending; /* changes that are not in the database; those of an overflow not counted */
    struct histogram_counts flushes; /* commits that went well, with all that went before each */
    uint64_t failures;               /* that did not */
    uint64_t rewrites;               /* how often everything was written anew */
    uint64_t overflows;              /* how often the feed ran over */
    bool failing;                    /* the last commit failed */
};

/* `tracker` and `store` must outlive the recorder; `store` may be NULL. NULL without memory or a
 * thread. */
struct recorder *recorder_start(struct tracker *tracker, struct store *store,
                                const struct recorder_options *options);

/* A number that grows for as long as the thread gets on, be it by one batch of changes. Any thread.
 */
uint64_t recorder_progress(const struct recorder *recorder);

/* Any thread. `now_ms` is clock_now_ms(). */
struct recorder_stats recorder_stats(const struct recorder *recorder, uint64_t now_ms);

/* Records what is still pending, on the caller's thread, commits it and ends its own. Takes less
 * than a second where the database is locked. False if something could not be recorded, which the
 * log says. NULL is fine. */
bool recorder_stop(struct recorder *recorder);

#endif
