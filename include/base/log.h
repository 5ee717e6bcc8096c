/* The log: one line a call to standard error. Under systemd's journal a line carries its priority,
 * elsewhere its time. The level is the only state, and the only one of the process here. Any
 * thread; lines never mix. */
#ifndef SKEP_BASE_LOG_H
#define SKEP_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum { LOG_LEVELS = LOG_LEVEL_DEBUG + 1, LOG_LINE_MAX = 1024 };

/* "error", "warning", "info", "debug". */
const char *log_level_name(enum log_level level);
bool log_level_parse(const char *name, enum log_level *level);

void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Lines that were dropped since the start because nobody took them. */
uint64_t log_dropped(void);

/* A line that would have to wait for its reader is dropped. A longer line than LOG_LINE_MAX is cut.
 */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
