/* Log: one line per call on standard error, with a priority under systemd's journal and with the
 * time elsewhere. The level is the only state. Any thread; lines never mix. */
#ifndef SKEP_BASE_LOG_H
#define SKEP_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum { LOG_LEVELS = LOG_LEVEL_DEBUG + 1, LOG_LINE_MAX = 1024 };

void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Lines dropped since the start because the reader did not keep up. */
uint64_t log_dropped(void);

/* A line that would block is dropped. A line longer than LOG_LINE_MAX is cut. */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
