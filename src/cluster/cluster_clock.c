#include "cluster/cluster_clock.h"

struct cluster_clock cluster_clock_begin(uint64_t unix_ms, uint64_t mono_ms) {
    return (struct cluster_clock){ .offset_ms = unix_ms - mono_ms };
}

uint64_t cluster_clock_read(const struct cluster_clock *clock, uint64_t mono_ms) {
    const uint64_t now_ms = mono_ms + clock->offset_ms;
    return now_ms > clock->floor_ms ? now_ms : clock->floor_ms;
}

bool cluster_clock_follow(struct cluster_clock *clock, uint64_t engine_ms, uint64_t mono_ms) {
    clock->floor_ms = cluster_clock_read(clock, mono_ms);
    clock->offset_ms = engine_ms - mono_ms;
    return engine_ms > clock->floor_ms + CLUSTER_CLOCK_JUMP_MS;
}
