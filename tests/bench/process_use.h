/* Resource usage of another process, from /proc. */
#ifndef SKEP_BENCH_PROCESS_USE_H
#define SKEP_BENCH_PROCESS_USE_H

#include <stdbool.h>
#include <stdint.h>

struct process_memory {
    uint64_t rss_kib;
    uint64_t pss_kib; /* shared pages count proportionally */
};

/* CPU time of all threads, in nanoseconds. False if there is no such process. */
bool process_cpu_ns(int pid, uint64_t *cpu_ns);

bool process_memory(int pid, struct process_memory *memory);

#endif
