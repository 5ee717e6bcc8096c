/* Figures and strangers' words as people read them in a terminal. Pure, but for the local time. */
#ifndef SKEP_CTL_FORMAT_H
#define SKEP_CTL_FORMAT_H

#include "base/bytes.h"

enum { FORMAT_NUMBER_LEN = 32 };

/* Bytes: "0 B", "999 B", "1.4 GiB". */
void format_size(uint64_t size, char text[static FORMAT_NUMBER_LEN]);

/* Bytes a second: "1.4 MiB/s". */
void format_rate(uint64_t rate, char text[static FORMAT_NUMBER_LEN]);

/* Seconds, to the two largest units: "5 s", "12 min 3 s", "3 d 4 h". */
void format_duration(uint64_t seconds, char text[static FORMAT_NUMBER_LEN]);

/* Unix seconds as the local time, "2026-11-21 17:05:00". */
void format_time(int64_t unix_s, char text[static FORMAT_NUMBER_LEN]);

/* "90s", "15m", "2h" or "7d" in seconds; 0 where `text` is no such duration. */
int64_t format_parse_duration(const char *text);

/* "65536", "64K", "64k", "1M" or "1MiB" in bytes; 0 where `text` is no such size. */
uint64_t format_parse_size(const char *text);

/* Copies `raw`, cut to `size` with its terminating zero, such that no terminal takes it for
 * anything but text: control characters and what is no UTF-8 become "\x1b". Returns its length. */
size_t format_clean(struct bytes raw, char *text, size_t size);

#endif
