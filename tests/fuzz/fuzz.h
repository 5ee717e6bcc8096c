/* Fuzz targets. Each accepts arbitrary input and aborts if an assertion fails. Every file defines
 * one of its own name; fuzz-replay runs all of them, each program of libFuzzer one. */
#ifndef SKEP_FUZZ_H
#define SKEP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
    const char *name; /* also of its directory in the corpus */
    void (*run)(const uint8_t *data, size_t size);
    size_t
        stride; /* without libFuzzer: distance between two lengths, or two bytes, that are tried */
    struct fuzz_target *next;
};

/* All registered targets, linked. */
extern struct fuzz_target *fuzz_targets;

/* Defines and registers a target: FUZZ_TARGET(magnet, 1) { … } with `data` and `size`. */
#define FUZZ_TARGET(target, step)                                                                  \
    static void fuzz_##target(const uint8_t *data, size_t size);                                   \
    __attribute__((constructor)) static void register_##target(void) {                             \
        static struct fuzz_target self = { .name = #target,                                        \
                                           .run = fuzz_##target,                                   \
                                           .stride = step };                                       \
        self.next = fuzz_targets;                                                                  \
        fuzz_targets = &self;                                                                      \
    }                                                                                              \
    static void fuzz_##target(const uint8_t *data, size_t size)

#endif
