#include "process_use.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_LEN = 320 };

/* The scheduler's own count, to the nanosecond; a kernel may be built without it. */
static bool thread_cpu_ns(int pid, const char *thread, uint64_t *cpu_ns) {
    char path[PATH_LEN];
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, thread);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    const bool read = fscanf(file, "%" SCNu64, cpu_ns) == 1;
    fclose(file);
    return read;
}

static bool threads_cpu_ns(int pid, uint64_t *cpu_ns) {
    char path[PATH_LEN];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        return false;
    uint64_t sum = 0;
    for (const struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        uint64_t one;
        if (entry->d_name[0] != '.' && thread_cpu_ns(pid, entry->d_name, &one))
            sum += one;
    }
    closedir(threads);
    *cpu_ns = sum;
    return sum > 0;
}

/* In ticks of a hundredth of a second, as every kernel counts. */
static bool ticks_cpu_ns(int pid, uint64_t *cpu_ns) {
    char path[PATH_LEN];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    uint64_t user;
    uint64_t system;
    const bool read =
        fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 "%" SCNu64,
               &user, &system) == 2;
    fclose(file);
    if (read)
        *cpu_ns = (user + system) * (1000000000U / (uint64_t)sysconf(_SC_CLK_TCK));
    return read;
}

bool process_cpu_ns(int pid, uint64_t *cpu_ns) {
    return threads_cpu_ns(pid, cpu_ns) || ticks_cpu_ns(pid, cpu_ns);
}

bool process_memory(int pid, struct process_memory *memory) {
    char path[PATH_LEN];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    *memory = (struct process_memory){ 0 };
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "Rss: %" SCNu64, &memory->rss_kib);
        sscanf(line, "Pss: %" SCNu64, &memory->pss_kib);
    }
    fclose(file);
    return memory->rss_kib > 0;
}
