/* The clock of a cluster: Unix time of the engine in milliseconds, continued by the monotonic
 * clock, so that the clocks of the nodes do not matter. It never goes back: if the engine is
 * behind, it stands still. Pure; the caller guards it. `mono_ms` is clock_now_ms(). */
#ifndef SKEP_CLUSTER_CLUSTER_CLOCK_H
#define SKEP_CLUSTER_CLUSTER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { CLUSTER_CLOCK_JUMP_MS = 30000 };

struct cluster_clock {
    uint64_t offset_ms; /* engine's time - monotonic time, modulo 2^64 */
    uint64_t floor_ms;
};

/* Starts the clock, before the engine has answered, from the node's clock and the stored offset. */
struct cluster_clock cluster_clock_begin(uint64_t unix_ms, uint64_t mono_ms);

uint64_t cluster_clock_read(const struct cluster_clock *clock, uint64_t mono_ms);

/* Follows the engine's time. Returns whether the clock has jumped ahead by more than
 * CLUSTER_CLOCK_JUMP_MS; treat that as a pause. */
bool cluster_clock_follow(struct cluster_clock *clock, uint64_t engine_ms, uint64_t mono_ms);

#endif
