#include "daemon/watchdog.h"

#include <stdlib.h>

#include "base/ticker.h"
#include "daemon/systemd.h"

struct watchdog {
    const struct tracker *tracker;
    const struct change_writer *change_writer;
    const struct sweeper *sweeper;
    struct ticker *ticker;
    uint64_t swept_before; /* at the last beat */
    uint64_t recorded_before;
};

static void beat(void *context) {
    struct watchdog *heartbeat = context;
    const uint64_t swept = sweeper_progress(heartbeat->sweeper);
    const uint64_t recorded = change_writer_progress(heartbeat->change_writer);
    systemd_notify_status(tracker_stats(heartbeat->tracker));
    if (swept != heartbeat->swept_before && recorded != heartbeat->recorded_before)
        systemd_notify_alive();
    heartbeat->swept_before = swept;
    heartbeat->recorded_before = recorded;
}

struct watchdog *watchdog_start(const struct tracker *tracker,
                                const struct change_writer *change_writer,
                                const struct sweeper *sweeper) {
    struct watchdog *heartbeat = calloc(1, sizeof *heartbeat);
    if (heartbeat == NULL)
        return NULL;
    *heartbeat =
        (struct watchdog){ .tracker = tracker, .change_writer = change_writer, .sweeper = sweeper };
    const uint32_t period_ms = systemd_period_ms();
    if (period_ms == 0)
        return heartbeat;
    heartbeat->ticker = ticker_start("heartbeat", period_ms, beat, heartbeat);
    if (heartbeat->ticker != NULL)
        return heartbeat;
    free(heartbeat);
    return NULL;
}

void watchdog_stop(struct watchdog *heartbeat) {
    if (heartbeat == NULL)
        return;
    ticker_stop(heartbeat->ticker);
    free(heartbeat);
}
