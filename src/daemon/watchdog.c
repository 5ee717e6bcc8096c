#include "daemon/watchdog.h"

#include <stdlib.h>

#include "base/ticker.h"
#include "daemon/systemd.h"

struct heartbeat {
    const struct tracker *tracker;
    const struct recorder *recorder;
    const struct sweeper *sweeper;
    struct ticker *ticker;
    uint64_t swept_before; /* at the last beat */
    uint64_t recorded_before;
};

static void beat(void *context) {
    struct heartbeat *heartbeat = context;
    const uint64_t swept = sweeper_progress(heartbeat->sweeper);
    const uint64_t recorded = recorder_progress(heartbeat->recorder);
    service_tell_load(tracker_stats(heartbeat->tracker));
    if (swept != heartbeat->swept_before && recorded != heartbeat->recorded_before)
        service_tell_alive();
    heartbeat->swept_before = swept;
    heartbeat->recorded_before = recorded;
}

struct heartbeat *heartbeat_start(const struct tracker *tracker, const struct recorder *recorder,
                                  const struct sweeper *sweeper) {
    struct heartbeat *heartbeat = calloc(1, sizeof *heartbeat);
    if (heartbeat == NULL)
        return NULL;
    *heartbeat = (struct heartbeat){ .tracker = tracker, .recorder = recorder, .sweeper = sweeper };
    const uint32_t period_ms = service_period_ms();
    if (period_ms == 0)
        return heartbeat;
    heartbeat->ticker = ticker_start("heartbeat", period_ms, beat, heartbeat);
    if (heartbeat->ticker != NULL)
        return heartbeat;
    free(heartbeat);
    return NULL;
}

void heartbeat_stop(struct heartbeat *heartbeat) {
    if (heartbeat == NULL)
        return;
    ticker_stop(heartbeat->ticker);
    free(heartbeat);
}
