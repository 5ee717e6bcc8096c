#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static _Atomic int level_now = LOG_LEVEL_INFO;
static _Atomic uint64_t dropped;

static const struct {
    const char *name;
    int syslog_priority;
} levels[LOG_LEVELS] = {
    [LOG_LEVEL_ERROR] = { "error", 3 },
    [LOG_LEVEL_WARNING] = { "warning", 4 },
    [LOG_LEVEL_INFO] = { "info", 6 },
    [LOG_LEVEL_DEBUG] = { "debug", 7 },
};

void log_set_level(enum log_level level) {
    atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level) {
    return (int)level <= atomic_load_explicit(&level_now, memory_order_relaxed);
}

/* Child processes inherit JOURNAL_STREAM even if their output goes elsewhere, so the stream is
 * compared by device and inode. */
static bool writes_to_journal(void) {
    unsigned long long device;
    unsigned long long inode;
    struct stat output;
    const char *named = getenv("JOURNAL_STREAM");
    return named != NULL && sscanf(named, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &output) == 0 && output.st_dev == device && output.st_ino == inode;
}

static int put_prefix(char *line, size_t size, enum log_level level) {
    if (writes_to_journal())
        return snprintf(line, size, "<%d>", levels[level].syslog_priority);
    const time_t now = time(NULL);
    struct tm parts;
    localtime_r(&now, &parts);
    char when[32];
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &parts);
    if (level == LOG_LEVEL_INFO)
        return snprintf(line, size, "%s ", when);
    return snprintf(line, size, "%s %s: ", when, levels[level].name);
}

/* A reader that stops reading must not block the tracker: a line that would block is dropped. A
 * pipe that is writable takes PIPE_BUF bytes, more than one line. */
static void write_line(const char *line, size_t len) {
    struct pollfd output = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (poll(&output, 1, 0) != 1 || !(output.revents & POLLOUT) ||
        write(STDERR_FILENO, line, len) < 0)
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}

uint64_t log_dropped(void) {
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

void log_line(enum log_level level, const char *format, ...) {
    if (!log_enabled(level))
        return;
    char line[LOG_LINE_MAX];
    size_t len = (size_t)put_prefix(line, sizeof line, level);

    va_list arguments;
    va_start(arguments, format);
    const int wanted = vsnprintf(line + len, sizeof line - len, format, arguments);
    va_end(arguments);
    if (wanted < 0)
        return;
    len += (size_t)wanted;
    if (len > sizeof line - 1)
        len = sizeof line - 1;
    line[len++] = '\n';
    write_line(line, len);
}
