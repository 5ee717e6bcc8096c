/* What was: how many peers there were and how much they moved, over the last hour, day and month,
 * and who completed what. It lives in the tracker's database; skepd's store writes it along with
 * its changes, and whoever shows it reads it by a connection of its own.
 *
 * A sample is a mean over a period that begins at a multiple of its length, in Unix time. Where
 * skepd did not run, or the clock stepped over a period, there is none. Longer periods are made
 * of the shorter ones' samples as these come in, so that the running hour is there, too.
 *
 * All of it is bounded: the samples of the tracker take about 150 KB, those of torrents about 90 KB
 * a torrent (90 MB where all of history.torrents_max, 1000, had peers for a month), completions
 * about 120 bytes each (12 MB for history.completions_max, 100000). */
#ifndef SKEP_STORE_HISTORY_H
#define SKEP_STORE_HISTORY_H

#include "base/error.h"
#include "store/store.h"
#include "swarm/swarm_snapshot.h"

enum {
    HISTORY_SAMPLE_S = 10,          /* how often store_add_sample is called */
    HISTORY_TORRENT_SAMPLE_S = 120, /* and store_add_torrent_samples */
};

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

/* Writing: in the store's transactions, on its owner's thread. What is added is kept in memory
 * until a store_commit has made it durable, so that a failing store, or one that is written anew,
 * loses none of it; where there is more, the oldest goes: an hour's samples and a few thousand
 * completions wait for one commit. */

struct history_options {
    bool enabled;
    uint32_t torrents_max;    /* of one store_add_torrent_samples; 0: none */
    uint32_t completions_max; /* the newest that are kept in the database; 0: none */
};

/* Before this call, nothing is added. */
void store_keep_history(struct store *store, const struct history_options *options);

/* What `sample->at_s` tells, the period of HISTORY_SAMPLE_S that it is in, has passed. */
void store_add_sample(struct store *store, const struct sample *sample);

/* What the torrents are like at `at_s`; the first torrents_max count. */
void store_add_torrent_samples(struct store *store, int64_t at_s,
                               const struct torrent_stats *torrents, size_t count);

/* Adds a completion for each CHANGE_PEER_COMPLETED. */
void store_add_completions(struct store *store, const struct change *changes, size_t count,
                           int64_t at_s);

/* Reading: open it, look, and close it again. The file may be another one the next time, and the
 * store cannot mend its own while somebody else in this process has it open. Read-only; waits for
 * no writer; one thread at a time for each struct history. */

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
