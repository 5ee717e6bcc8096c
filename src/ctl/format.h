/* Formats numbers, times and untrusted text for a terminal. Pure, except for the local time zone.
 */
#ifndef SKEP_CTL_FORMAT_H
#define SKEP_CTL_FORMAT_H

#include "base/bytes.h"

enum { FORMAT_NUMBER_LEN = 32 };

/* Bytes: "0 B", "999 B", "1.4 GiB". */
void format_size(uint64_t size, char text[static FORMAT_NUMBER_LEN]);

/* Bytes per second: "1.4 MiB/s". */
void format_rate(uint64_t rate, char text[static FORMAT_NUMBER_LEN]);

/* Seconds, in the two largest units: "5 s", "12 min 3 s", "3 d 4 h". */
void format_duration(uint64_t seconds, char text[static FORMAT_NUMBER_LEN]);

/* Unix seconds as local time, "2026-11-21 17:05:00". */
void format_time(int64_t unix_s, char text[static FORMAT_NUMBER_LEN]);

/* Parses "90s", "15m", "2h" or "7d" to seconds; 0 if invalid. */
int64_t format_parse_duration(const char *text);

/* Parses "65536", "64K", "64k", "1M" or "1MiB" to bytes; 0 if invalid. */
uint64_t format_parse_size(const char *text);

/* Copies `raw`, cut to `size` with its terminating zero, so that it is safe to print on a terminal:
 * control characters and invalid UTF-8 become escapes such as "\x1b". Returns the length. */
size_t format_clean(struct bytes raw, char *text, size_t size);

#endif
