/* Reads the history from the database: time series of peers and traffic over the last hour, day and
 * month, and the list of completions. history_writer.h writes it.
 *
 * A sample is the mean over a period that starts at a multiple of its length, in Unix time. There
 * is no sample for a period in which skepd did not run or the clock stepped. Samples of longer
 * periods are accumulated as the shorter ones arrive, so that the current hour is included.
 *
 * The size is bounded: the samples of the tracker take about 150 KB, those of torrents about 90 KB
 * per torrent (90 MB if all of history.torrents_max, 1000, had peers for a month), completions
 * about 120 bytes each (12 MB for history.completions_max, 100000). */
#ifndef SKEP_STORE_HISTORY_H
#define SKEP_STORE_HISTORY_H

#include "base/endpoint.h"
#include "base/error.h"
#include "base/id_lengths.h"

/* Rates are bytes per second. */
struct sample {
    int64_t at_s; /* start of the period, Unix time */
    double torrents, peers, seeders, leechers;
    double announces_per_s;
    double upload_rate, download_rate;
};

/* Mean over the samples in which the torrent had peers and was among the largest. */
struct torrent_sample {
    int64_t at_s;
    double seeders, leechers;
    uint32_t downloaded; /* maximum of the period */
    double upload_rate, download_rate;
};

struct completion {
    int64_t at_s;
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t peer_id[PEER_ID_LEN];
    struct endpoint peer;
};

/* A read-only connection, which does not wait for writers. Open it, read, and close it at once: the
 * file may be replaced, and the store cannot repair it while this process has it open elsewhere.
 * One thread at a time for each struct history. */

enum history_range { HISTORY_HOUR, HISTORY_DAY, HISTORY_MONTH };

struct history;

/* NULL and one line in `error` if the file is missing, or is no skep database of this version. */
struct history *history_open(const char *path, char error[static ERROR_LEN]);

/* NULL is ignored. */
void history_close(struct history *history);

/* Length of a range in seconds. Older samples are deleted. */
uint32_t history_length_s(enum history_range range);

/* Length of a range's periods in seconds: 10, 120 and 3600 for the tracker, 120, 120 and 3600 for
 * torrents. */
uint32_t history_period_s(enum history_range range);
uint32_t history_torrent_period_s(enum history_range range);

typedef void (*sample_visitor)(void *context, const struct sample *sample);
typedef void (*torrent_sample_visitor)(void *context, const struct torrent_sample *sample);
typedef void (*completion_visitor)(void *context, const struct completion *completion);

/* Visits all samples of the last hour (at most 360), day (720) or month of 30 days (720) before
 * `now_s`, Unix time, oldest first. False if they cannot be read; the reason is in
 * history_failure. */
bool history_samples(struct history *history, enum history_range range, int64_t now_s,
                     sample_visitor visit, void *context);

/* The same for one torrent. An unknown torrent has no samples; an hour has at most 30. */
bool history_torrent_samples(struct history *history, const uint8_t info_hash[static INFO_HASH_LEN],
                             enum history_range range, int64_t now_s, torrent_sample_visitor visit,
                             void *context);

/* Visits up to `max` of the torrent's completions, newest first, after skipping `offset`. `*total`
 * is the number of all. */
bool history_completions(struct history *history, const uint8_t info_hash[static INFO_HASH_LEN],
                         size_t offset, size_t max, completion_visitor visit, void *context,
                         size_t *total);

/* Reason of the last failure. */
const char *history_failure(const struct history *history);

#endif
