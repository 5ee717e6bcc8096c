#include "daemon/watchdog.h"

#include <stdlib.h>

#include "base/ticker.h"
#include "daemon/systemd.h"

struct watchdog {
    const struct tracker *tracker;
    const struct feed_reader *feed;
    const struct change_writer *change_writer; /* NULL: no store */
    const struct sweeper *sweeper;
    struct ticker *ticker;
    uint64_t last_swept; /* progress at the previous tick */
    uint64_t last_read;
    uint64_t last_written;
};

static void notify_systemd(void *context) {
    struct watchdog *watchdog = context;
    const uint64_t swept = sweeper_progress(watchdog->sweeper);
    const uint64_t read = feed_reader_progress(watchdog->feed);
    const bool stores = watchdog->change_writer != NULL;
    const uint64_t written = stores ? change_writer_progress(watchdog->change_writer) : 0;
    systemd_notify_status(tracker_stats(watchdog->tracker));
    if (swept != watchdog->last_swept && read != watchdog->last_read &&
        (!stores || written != watchdog->last_written))
        systemd_notify_alive();
    watchdog->last_read = read;
    watchdog->last_swept = swept;
    watchdog->last_written = written;
}

struct watchdog *watchdog_start(const struct tracker *tracker, const struct feed_reader *feed,
                                const struct change_writer *change_writer,
                                const struct sweeper *sweeper) {
    struct watchdog *watchdog = calloc(1, sizeof *watchdog);
    if (watchdog == NULL)
        return NULL;
    *watchdog = (struct watchdog){
        .tracker = tracker,
        .feed = feed,
        .change_writer = change_writer,
        .sweeper = sweeper,
    };
    const uint32_t period_ms = systemd_notify_period_ms();
    if (period_ms == 0)
        return watchdog;
    watchdog->ticker = ticker_start("watchdog", period_ms, notify_systemd, watchdog);
    if (watchdog->ticker != NULL)
        return watchdog;
    free(watchdog);
    return NULL;
}

void watchdog_stop(struct watchdog *watchdog) {
    if (watchdog == NULL)
        return;
    ticker_stop(watchdog->ticker);
    free(watchdog);
}
