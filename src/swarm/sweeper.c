#include "swarm/sweeper.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/ticker.h"

enum {
    PERIOD_MS = 50,
    ROUND_MAX_MS = 10000,
    PAUSE_MS = 2000, /* between two steps: twice the shortest interval that can be configured */
};

struct sweeper {
    struct tracker *tracker;
    struct ticker *ticker;
    uint32_t next;           /* shard */
    uint64_t ran_ms;         /* time of the last step */
    uint64_t round_began_ns; /* 0: no round yet */
    _Atomic uint32_t shards; /* swept per tick */
    _Atomic uint64_t steps;  /* since the start */
    _Atomic uint64_t rounds;
    _Atomic uint64_t last_round_ns;
    _Atomic uint64_t expired;
};

static void end_round(struct sweeper *sweeper) {
    const uint64_t now_ns = clock_now_ns();
    atomic_store(&sweeper->last_round_ns, now_ns - sweeper->round_began_ns);
    atomic_fetch_add(&sweeper->rounds, 1);
    sweeper->round_began_ns = now_ns;
}

/* No peer could announce while the process was stopped, its container paused or its virtual machine
 * suspended. */
static void note_step(void *context) {
    struct sweeper *sweeper = context;
    const uint64_t now_ms = clock_now_ms();
    const uint64_t since_ms = now_ms - sweeper->ran_ms;
    atomic_fetch_add(&sweeper->steps, 1);
    sweeper->ran_ms = now_ms;
    if (since_ms < PAUSE_MS)
        return;
    tracker_extend_deadlines(sweeper->tracker, now_ms);
    log_warning("skepd did not run for %llu s; every peer has one more interval to announce",
                (unsigned long long)since_ms / 1000);
    sweeper->ran_ms = clock_now_ms();
}

static void sweep_shards(void *context) {
    struct sweeper *sweeper = context;
    const uint64_t now_ms = clock_now_ms();
    const uint32_t shards = atomic_load(&sweeper->shards);
    const uint32_t behind = sweeper->next + shards;
    note_step(sweeper);
    if (sweeper->round_began_ns == 0)
        sweeper->round_began_ns = clock_now_ns();
    atomic_fetch_add(&sweeper->expired, tracker_sweep_in_steps(sweeper->tracker, sweeper->next,
                                                               shards, now_ms, note_step, sweeper));
    if (behind >= TRACKER_SHARDS)
        end_round(sweeper);
    sweeper->next = behind % TRACKER_SHARDS;
    note_step(sweeper);
}

void sweeper_apply(struct sweeper *sweeper, uint32_t interval_min_s) {
    const uint64_t quarter_ms = (uint64_t)interval_min_s * 1000 / 4;
    const uint64_t round_ms = quarter_ms < ROUND_MAX_MS ? quarter_ms : ROUND_MAX_MS;
    const uint64_t shards = (uint64_t)TRACKER_SHARDS * PERIOD_MS / round_ms + 1;
    atomic_store(&sweeper->shards, (uint32_t)shards);
}

struct sweeper *sweeper_start(struct tracker *tracker, uint32_t interval_min_s) {
    struct sweeper *sweeper = calloc(1, sizeof *sweeper);
    if (sweeper == NULL)
        return NULL;
    sweeper->tracker = tracker;
    sweeper->ran_ms = clock_now_ms();
    sweeper_apply(sweeper, interval_min_s);
    sweeper->ticker = ticker_start("sweeper", PERIOD_MS, sweep_shards, sweeper);
    if (sweeper->ticker != NULL)
        return sweeper;
    free(sweeper);
    return NULL;
}

uint64_t sweeper_progress(const struct sweeper *sweeper) {
    return atomic_load(&sweeper->steps);
}

struct sweeper_stats sweeper_stats(const struct sweeper *sweeper) {
    return (struct sweeper_stats){
        .rounds = atomic_load(&sweeper->rounds),
        .last_round_s = (double)atomic_load(&sweeper->last_round_ns) / 1e9,
        .expired = atomic_load(&sweeper->expired),
    };
}

void sweeper_stop(struct sweeper *sweeper) {
    if (sweeper == NULL)
        return;
    ticker_stop(sweeper->ticker);
    free(sweeper);
}
