/* Randomness of two kinds: secrets from the system, and a fast generator (splitmix64) for picks and
 * jitter, whose state its caller owns and may seed, so that a test can repeat itself. */
#ifndef SKEP_BASE_RANDOM_H
#define SKEP_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* Fills `data` from the system's randomness. False if the system has none to give. Any thread. */
bool random_secret(void *data, size_t len);

/* The next 64 bits. One thread at a time for each `random`. */
uint64_t random_next(struct random *random);

/* A number below `bound`, all equally likely as far as 64 bits go. `bound` is not 0. */
uint32_t random_below(struct random *random, uint32_t bound);

#endif
