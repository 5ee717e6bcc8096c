/* Formats numbers and untrusted text for a terminal, and parses durations and sizes. Pure, except
 * for the local time zone. */
#ifndef SKEP_CTL_FORMAT_H
#define SKEP_CTL_FORMAT_H

#include "base/bytes.h"

enum { FORMAT_NUMBER_LEN = 32 }; /* of a formatted number, with the terminating zero */

/* Formats bytes: "0 B", "999 B", "1.4 GiB". */
void format_size(uint64_t size, char text[static FORMAT_NUMBER_LEN]);

/* Formats bytes per second: "1.4 MiB/s". */
void format_rate(uint64_t rate, char text[static FORMAT_NUMBER_LEN]);

/* Formats seconds in the two largest units: "5 s", "12 min 3 s", "3 d 4 h". */
void format_duration(uint64_t seconds, char text[static FORMAT_NUMBER_LEN]);

/* Formats Unix time as local time: "2026-11-21 17:05:00 +0100". */
void format_time(int64_t unix_s, char text[static FORMAT_NUMBER_LEN]);

/* Parses "90s", "15m", "2h" or "7d" into seconds; 0 if invalid. */
int64_t format_parse_duration(const char *text);

/* Parses "65536", "64K", "64k", "1M" or "1MiB" into bytes; 0 if invalid. */
uint64_t format_parse_size(const char *text);

/* Copies `raw` without anything that a terminal would interpret: control characters and invalid
 * UTF-8 are escaped as "\x1b". Truncates to `size`, with the terminating zero. Returns the length.
 */
size_t format_clean(struct bytes raw, char *text, size_t size);

#endif
