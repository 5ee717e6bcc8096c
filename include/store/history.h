/* Reads the history from the database: time series of peers and traffic over the last hour, day and
 * month, and the list of completions. history_writer.h writes it.
 *
 * A sample is the mean over a period that starts at a multiple of its length, in Unix time. There
 * is none for a period in which skepd did not run or the clock stepped. Samples of longer periods
 * are accumulated as the shorter ones arrive, so that the current hour is included.
 *
 * All of it is bounded: the samples of the tracker take about 150 KB, those of torrents about 90 KB
 * a torrent (90 MB where all of history.torrents_max, 1000, had peers for a month), completions
 * about 120 bytes each (12 MB for history.completions_max, 100000). */
#ifndef SKEP_STORE_HISTORY_H
#define SKEP_STORE_HISTORY_H

#include "base/endpoint.h"
#include "base/error.h"
#include "base/id_lengths.h"

/* Rates are bytes a second. */
struct sample {
    int64_t at_s; /* Unix time of the period's beginning */
    double torrents, peers, seeders, leechers;
    double announces_per_s;
    double upload_rate, download_rate;
};

/* The mean of the times at which the torrent had peers, and was among the largest. */
struct torrent_sample {
    int64_t at_s;
    double seeders, leechers;
    uint32_t downloaded; /* the most that was seen */
    double upload_rate, download_rate;
};

struct completion {
    int64_t at_s;
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t peer_id[PEER_ID_LEN];
    struct endpoint peer;
};

/* Open it, read, and close it at once: the file may be replaced, and the store cannot repair it
 * while this process has it open elsewhere. Read-only; waits for no writer. One thread at a time
 * for each struct history. */

enum history_range { HISTORY_HOUR, HISTORY_DAY, HISTORY_MONTH };

struct history;

/* NULL and one line in `error` where there is no database of ours, or none that is up to date. */
struct history *history_open(const char *path, char error[static ERROR_LEN]);
void history_close(struct history *history);

/* The length of a range in seconds: what is kept of it. */
uint32_t history_length_s(enum history_range range);

/* The length of a range's periods in seconds: 10, 120 and 3600 for the tracker; torrents have none
 * below 120. */
uint32_t history_period_s(enum history_range range);
uint32_t history_torrent_period_s(enum history_range range);

typedef void (*sample_visitor)(void *context, const struct sample *sample);
typedef void (*torrent_sample_visitor)(void *context, const struct torrent_sample *sample);
typedef void (*completion_visitor)(void *context, const struct completion *completion);

/* All samples of the last hour (360 of them, at most), day (720) or month of 30 days (720) before
 * `now_s`, oldest first. False if they cannot be read; the reason is in history_failure. */
bool history_samples(struct history *history, enum history_range range, int64_t now_s,
                     sample_visitor visit, void *context);

/* The same for one torrent; an unknown one has none. An hour has 30 of them. */
bool history_torrent_samples(struct history *history, const uint8_t info_hash[static INFO_HASH_LEN],
                             enum history_range range, int64_t now_s, torrent_sample_visitor visit,
                             void *context);

/* The torrent's completions, newest first: up to `max` from `offset` on; `*total` is how many there
 * are. */
bool history_completions(struct history *history, const uint8_t info_hash[static INFO_HASH_LEN],
                         size_t offset, size_t max, completion_visitor visit, void *context,
                         size_t *total);

/* Why the last call failed. */
const char *history_failure(const struct history *history);

#endif
