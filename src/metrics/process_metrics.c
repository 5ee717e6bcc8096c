#include "metrics/process_metrics.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double clock_s(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Seconds from the boot of the system to the start of the process: field 22 of /proc/self/stat.
 * Field 2, the program's name, may contain spaces and parentheses, so parsing starts after the last
 * parenthesis. */
static bool read_start_after_boot(double *seconds) {
    char line[1024];
    unsigned long long ticks;
    FILE *stat = fopen("/proc/self/stat", "re");
    if (stat == NULL)
        return false;
    const bool found = fgets(line, sizeof line, stat) != NULL;
    fclose(stat);
    const char *after_name = found ? strrchr(line, ')') : NULL;
    if (after_name == NULL ||
        sscanf(after_name + 1,
               " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
               &ticks) != 1)
        return false;
    *seconds = (double)ticks / (double)sysconf(_SC_CLK_TCK);
    return true;
}

double process_metrics_start_time_s(void) {
    const double now_s = clock_s(CLOCK_REALTIME);
    double after_boot_s;
    if (!read_start_after_boot(&after_boot_s))
        return now_s;
    return now_s - clock_s(CLOCK_BOOTTIME) + after_boot_s;
}

static void write_memory(struct writer *w) {
    unsigned long long virtual_pages, resident_pages;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm == NULL)
        return;
    const bool found = fscanf(statm, "%llu %llu", &virtual_pages, &resident_pages) == 2;
    fclose(statm);
    if (!found)
        return;
    const double page = (double)sysconf(_SC_PAGESIZE);
    metrics_text_single(w, "process_resident_memory_bytes", METRIC_GAUGE,
                        "Resident memory size in bytes.", (double)resident_pages * page);
    metrics_text_single(w, "process_virtual_memory_bytes", METRIC_GAUGE,
                        "Virtual memory size in bytes.", (double)virtual_pages * page);
}

static void write_cpu(struct writer *w) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    const double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    metrics_text_single(w, "process_cpu_seconds_total", METRIC_COUNTER,
                        "Total user and system CPU time spent in seconds.", seconds);
}

static void write_files(struct writer *w) {
    struct rlimit limit;
    DIR *open_files = opendir("/proc/self/fd");
    if (open_files != NULL) {
        int count = -3; /* leaves out ".", ".." and the descriptor of this directory */
        while (readdir(open_files) != NULL)
            count++;
        closedir(open_files);
        metrics_text_single(w, "process_open_fds", METRIC_GAUGE, "Number of open file descriptors.",
                            count);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metrics_text_single(w, "process_max_fds", METRIC_GAUGE,
                            "Maximum number of open file descriptors.",
                            limit.rlim_cur == RLIM_INFINITY ? INFINITY : (double)limit.rlim_cur);
}

void process_metrics_write(struct writer *w, double start_time_s) {
    metrics_text_single(w, "process_start_time_seconds", METRIC_GAUGE,
                        "Start time of the process since unix epoch in seconds.", start_time_s);
    write_cpu(w);
    write_memory(w);
    write_files(w);
}
