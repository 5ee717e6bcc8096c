#include "ctl/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/format.h"

/* Bounds the remaining time, so that the conversion to an integer cannot overflow. */
#define LEFT_MAX_MS UINT64_C(1000000000000000)

enum { DELAY_MS = 500, PERIOD_MS = 200, BAR_LEN = 24 };

/* Returns to the start of the line and clears it. */
#define REDRAW "\r\x1b[K"

struct progress progress_begin(uint64_t total) {
    return (struct progress){
        .total = total,
        .start_ms = clock_now_ms(),
        .shown = isatty(STDERR_FILENO) == 1,
    };
}

void progress_line(const struct progress *progress, uint64_t elapsed_ms,
                   char line[static PROGRESS_LINE_LEN]) {
    char bar[BAR_LEN + 1];
    char done[FORMAT_NUMBER_LEN];
    char total[FORMAT_NUMBER_LEN];
    char rate[FORMAT_NUMBER_LEN];
    char left[FORMAT_NUMBER_LEN];
    const double share =
        progress->total == 0 ? 1 : (double)progress->done / (double)progress->total;
    const double bytes_per_ms = elapsed_ms == 0 ? 0 : (double)progress->done / (double)elapsed_ms;
    const double left_ms =
        bytes_per_ms > 0 ? (double)(progress->total - progress->done) / bytes_per_ms : 0;
    const size_t filled = (size_t)(share * BAR_LEN);
    memset(bar, '-', BAR_LEN);
    memset(bar, '#', filled);
    bar[BAR_LEN] = '\0';
    format_size(progress->done, done);
    format_size(progress->total, total);
    format_rate((uint64_t)(bytes_per_ms * 1000), rate);
    format_duration(left_ms < LEFT_MAX_MS ? (uint64_t)(left_ms / 1000) + 1 : LEFT_MAX_MS / 1000,
                    left);
    snprintf(line, PROGRESS_LINE_LEN, "[%s] %3d %%  %s of %s, %s, %s left", bar, (int)(100 * share),
             done, total, rate, left);
}

void progress_add(struct progress *progress, uint64_t more) {
    char line[PROGRESS_LINE_LEN];
    progress->done += more;
    if (!progress->shown)
        return;
    const uint64_t now_ms = clock_now_ms();
    if (now_ms - progress->start_ms < DELAY_MS || now_ms - progress->drawn_ms < PERIOD_MS)
        return;
    progress_line(progress, now_ms - progress->start_ms, line);
    fprintf(stderr, REDRAW "%s", line);
    progress->drawn_ms = now_ms;
    progress->drawn = true;
}

void progress_end(struct progress *progress) {
    if (progress->drawn)
        fputs(REDRAW, stderr);
    progress->drawn = false;
}
