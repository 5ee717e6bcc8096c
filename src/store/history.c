#include "store/history.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/row_value.h"

enum { BUSY_TIMEOUT_MS = 250 };

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S, MONTH_S = 30 * DAY_S };

static const struct {
    uint32_t period_s;
    uint32_t torrent_period_s;
    uint32_t length_s;
} ranges[] = {
    [HISTORY_HOUR] = { 10, 120, HOUR_S },
    [HISTORY_DAY] = { 120, 120, DAY_S },
    [HISTORY_MONTH] = { 3600, 3600, MONTH_S },
};

struct history {
    sqlite3 *db;
    char failure[ERROR_LEN];
};

uint32_t history_length_s(enum history_range range) {
    return ranges[range].length_s;
}

uint32_t history_period_s(enum history_range range) {
    return ranges[range].period_s;
}

uint32_t history_torrent_period_s(enum history_range range) {
    return ranges[range].torrent_period_s;
}

static bool keep_result(struct history *history, bool good) {
    if (!good)
        snprintf(history->failure, sizeof history->failure, "%s", sqlite3_errmsg(history->db));
    return good;
}

/* The query fails if the tables are missing. */
static bool open_history(struct history *history, const char *path) {
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    if (!keep_result(history, sqlite3_open_v2(path, &history->db, flags, NULL) == SQLITE_OK))
        return false;
    sqlite3_busy_timeout(history->db, BUSY_TIMEOUT_MS);
    return keep_result(history,
                       sqlite3_exec(history->db,
                                    "SELECT 1 FROM sample, torrent_sample, completion LIMIT 0",
                                    NULL, NULL, NULL) == SQLITE_OK);
}

struct history *history_open(const char *path, char error[static ERROR_LEN]) {
    struct history *history = calloc(1, sizeof *history);
    if (history == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    if (open_history(history, path))
        return history;
    error_set(error, "cannot use the database %.200s: %.250s", path, history->failure);
    history_close(history);
    return NULL;
}

void history_close(struct history *history) {
    if (history == NULL)
        return;
    sqlite3_close(history->db);
    free(history);
}

const char *history_failure(const struct history *history) {
    return history->failure;
}

static sqlite3_stmt *prepare_query(struct history *history, const char *sql) {
    sqlite3_stmt *statement = NULL;
    (void)keep_result(history,
                      sqlite3_prepare_v2(history->db, sql, -1, &statement, NULL) == SQLITE_OK);
    return statement;
}

/* Finalizes a query whose last step returned `result`. */
static bool finish_query(struct history *history, sqlite3_stmt *statement, int result) {
    const bool good = keep_result(history, result == SQLITE_DONE);
    sqlite3_finalize(statement);
    return good;
}

/* Binds parameters 1 to 3: the length of a period, and the start of the first and the last. */
static void bind_range(sqlite3_stmt *statement, uint32_t period_s, enum history_range range,
                       int64_t now_s) {
    const int64_t last_s = now_s - now_s % period_s;
    sqlite3_bind_int64(statement, 1, period_s);
    sqlite3_bind_int64(statement, 2, last_s - ranges[range].length_s + period_s);
    sqlite3_bind_int64(statement, 3, last_s);
}

/* Reads columns that are sums over `samples` values, which is column 1. Returns false if one is
 * invalid. */
static bool read_means(sqlite3_stmt *row, int first_column, double *const means[], int count) {
    double samples = 0;
    bool good = row_value_amount(row, 1, &samples) && samples >= 1;
    for (int i = 0; i < count && good; i++) {
        good = row_value_amount(row, first_column + i, means[i]);
        *means[i] /= samples;
    }
    return good;
}

/* False for an invalid row. */
static bool read_sample(sqlite3_stmt *row, struct sample *sample) {
    double *const means[] = {
        &sample->torrents,        &sample->peers,       &sample->seeders,       &sample->leechers,
        &sample->announces_per_s, &sample->upload_rate, &sample->download_rate,
    };
    *sample = (struct sample){ .at_s = 0 };
    return row_value_integer(row, 0, 0, ROW_VALUE_TIME_MAX, &sample->at_s) &&
           read_means(row, 2, means, sizeof means / sizeof *means);
}

bool history_samples(struct history *history, enum history_range range, int64_t now_s,
                     sample_visitor visit, void *context) {
    sqlite3_stmt *rows = prepare_query(
        history,
        "SELECT at_s, samples, torrents, peers, seeders, leechers, announces_per_s,"
        " upload_rate, download_rate FROM sample"
        " WHERE period_s = ?1 AND at_s BETWEEN ?2 AND ?3 AND samples > 0 ORDER BY at_s");
    if (rows == NULL)
        return false;
    bind_range(rows, ranges[range].period_s, range, now_s);
    int result;
    while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
        struct sample sample;
        if (read_sample(rows, &sample))
            visit(context, &sample);
    }
    return finish_query(history, rows, result);
}

/* False for an invalid row. */
static bool read_torrent_sample(sqlite3_stmt *row, struct torrent_sample *sample) {
    double *const peers[] = { &sample->seeders, &sample->leechers };
    double *const rates[] = { &sample->upload_rate, &sample->download_rate };
    *sample = (struct torrent_sample){ .at_s = 0 };
    return row_value_integer(row, 0, 0, ROW_VALUE_TIME_MAX, &sample->at_s) &&
           read_means(row, 2, peers, 2) && row_value_u32(row, 4, UINT32_MAX, &sample->downloaded) &&
           read_means(row, 5, rates, 2);
}

/* The primary key starts with the period, since samples are written period by period. One torrent's
 * samples are therefore read by one lookup per period, which needs no second index. */
static const char TORRENT_SAMPLES[] =
    "WITH RECURSIVE period (at_s) AS (SELECT ?2 UNION ALL"
    " SELECT at_s + ?1 FROM period WHERE at_s < ?3)"
    " SELECT found.at_s, samples, seeders, leechers, downloaded, upload_rate, download_rate"
    " FROM period CROSS JOIN torrent_sample AS found ON found.period_s = ?1"
    " AND found.at_s = period.at_s AND found.info_hash = ?4 WHERE samples > 0";

bool history_torrent_samples(struct history *history, const uint8_t info_hash[static INFO_HASH_LEN],
                             enum history_range range, int64_t now_s, torrent_sample_visitor visit,
                             void *context) {
    sqlite3_stmt *rows = prepare_query(history, TORRENT_SAMPLES);
    if (rows == NULL)
        return false;
    bind_range(rows, ranges[range].torrent_period_s, range, now_s);
    sqlite3_bind_blob(rows, 4, info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    int result;
    while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
        struct torrent_sample sample;
        if (read_torrent_sample(rows, &sample))
            visit(context, &sample);
    }
    return finish_query(history, rows, result);
}

static bool count_completions(struct history *history, const uint8_t *info_hash, size_t *total) {
    sqlite3_stmt *row =
        prepare_query(history, "SELECT count(*) FROM completion WHERE info_hash = ?1");
    if (row == NULL)
        return false;
    sqlite3_bind_blob(row, 1, info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    const bool good = keep_result(history, sqlite3_step(row) == SQLITE_ROW);
    if (good)
        *total = (size_t)sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return good;
}

/* False for an invalid row. */
static bool read_completion(sqlite3_stmt *row, struct completion *completion) {
    const int len = sqlite3_column_bytes(row, 2);
    completion->peer.family = len == ENDPOINT_V6_LEN ? FAMILY_V6 : FAMILY_V4;
    return row_value_integer(row, 0, 0, ROW_VALUE_TIME_MAX, &completion->at_s) &&
           row_value_blob(row, 1, completion->peer_id, PEER_ID_LEN) &&
           row_value_blob(row, 2, completion->peer.wire, endpoint_len(completion->peer.family));
}

bool history_completions(struct history *history, const uint8_t info_hash[static INFO_HASH_LEN],
                         size_t offset, size_t max, completion_visitor visit, void *context,
                         size_t *total) {
    sqlite3_stmt *rows = prepare_query(history,
                                       "SELECT at_s, peer_id, endpoint FROM completion"
                                       " WHERE info_hash = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3");
    if (rows == NULL)
        return false;
    sqlite3_bind_blob(rows, 1, info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    sqlite3_bind_int64(rows, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    sqlite3_bind_int64(rows, 3, offset > INT64_MAX ? INT64_MAX : (int64_t)offset);
    struct completion completion = { 0 };
    memcpy(completion.info_hash, info_hash, INFO_HASH_LEN);
    int result;
    while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
        if (read_completion(rows, &completion))
            visit(context, &completion);
    }
    return finish_query(history, rows, result) && count_completions(history, info_hash, total);
}
