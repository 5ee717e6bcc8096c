/* Progress line on standard error, if that is a terminal. */
#ifndef SKEP_CTL_PROGRESS_H
#define SKEP_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    uint64_t total; /* bytes */
    uint64_t done;
    uint64_t start_ms;
    uint64_t drawn_ms;
    bool shown; /* standard error is a terminal */
    bool drawn;
};

struct progress progress_begin(uint64_t total);

/* Adds `more` bytes. Draws up to five times a second, but not in the first half second. */
void progress_add(struct progress *progress, uint64_t more);

/* Removes the line. */
void progress_end(struct progress *progress);

/* Formats the line for `elapsed_ms`: "[#####-----]  50 %  1.0 GiB of 2.0 GiB, 512.0 MiB/s, 2 s
 * left". */
enum { PROGRESS_LINE_LEN = 224 };
void progress_line(const struct progress *progress, uint64_t elapsed_ms,
                   char line[static PROGRESS_LINE_LEN]);

#endif
