/* Two kinds of random numbers: secrets from the system, and a fast generator (splitmix64) for
 * selection and jitter, whose state the caller owns and can seed in a test. */
#ifndef SKEP_BASE_RANDOM_H
#define SKEP_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* Fills `data` with random bytes of the system (getrandom). False if that fails. Any thread. */
bool random_secret(void *data, size_t len);

/* Next 64 bits. One thread at a time per `random`. */
uint64_t random_next(struct random *random);

/* A number below `bound`, which is not 0. The distribution is uniform as far as 64 bits allow. */
uint32_t random_below(struct random *random, uint32_t bound);

#endif
