#include "store/cluster_rows.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/connection.h"
#include "store/counter_log.h"
#include "store/row_value.h"

enum {
    QUEUE_MAX = 1 << 17, /* changes */
    /* The log of the counts is folded when it has this many rows or bytes. */
    FOLD_ROWS = 1024,
    FOLD_LEN = 4 << 20,
    TRIM_PARTS = 16, /* old completions are deleted when a part more of them was written */
};

/* Whether counts are complete (1), outdated (2) or partial (no row) is in the table of secrets. */
#define STATE "name = 'cluster counts'"

/* The id of a row is not below its greatest stamp, as far as ids reach. */
#define ID_MAX (INT64_MAX - UINT32_MAX)
static const char APPEND_COMPLETIONS[] =
    "INSERT INTO cluster_completion (id, completions) VALUES"
    " (max(?1, (SELECT coalesce(max(id) + 1, ?1) FROM cluster_completion)), ?2)";
static const char EXPIRE_COMPLETIONS[] = "DELETE FROM cluster_completion WHERE id < ?1";
static const char TRIM_COMPLETIONS[] =
    "DELETE FROM cluster_completion WHERE id <= (SELECT max(id) FROM (SELECT id,"
    " sum(length(completions)) OVER (ORDER BY id DESC) - length(completions) AS later"
    " FROM cluster_completion) WHERE later >= ?1)";
static const char SET_COMPLETE[] =
    "INSERT OR REPLACE INTO secret (name, value) VALUES ('cluster counts', x'01')";
static const char SET_OUTDATED[] = "UPDATE secret SET value = x'02' WHERE " STATE;
static const char SET_PARTIAL[] = "DELETE FROM secret WHERE " STATE;
static const char READ_STATE[] = "SELECT value FROM secret WHERE " STATE;
static const char READ_COUNTERS[] =
    "SELECT info_hash, node, counted, taken_back FROM cluster_counter";
static const char READ_COMPLETIONS[] = "SELECT completions FROM cluster_completion ORDER BY id";

/* What is written in one transaction. */
struct row_batch {
    bool partial;  /* written first */
    bool complete; /* written last */
    struct packed_rows counters;
    struct packed_rows completions;
    uint64_t latest; /* greatest stamp of the completions */
};

struct cluster_rows {
    pthread_mutex_t lock; /* guards the next three */
    struct row_batch queue;
    bool lost;
    uint64_t before; /* stamp of the oldest completions to be kept */

    uint32_t completions_max;
    /* Of the thread that writes. */
    struct row_batch writing; /* not committed yet */
    size_t untrimmed;         /* bytes of completions */
    unsigned unfolded;        /* writes of counts */
    size_t unfolded_len;
};

struct cluster_rows *cluster_rows_create(uint32_t completions_max) {
    struct cluster_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    pthread_mutex_init(&rows->lock, NULL);
    rows->completions_max = completions_max;
    return rows;
}

static void free_batch(struct row_batch *batch) {
    free(batch->counters.data);
    free(batch->completions.data);
    *batch = (struct row_batch){ 0 };
}

void cluster_rows_delete(struct cluster_rows *rows) {
    if (rows == NULL)
        return;
    free_batch(&rows->queue);
    free_batch(&rows->writing);
    pthread_mutex_destroy(&rows->lock);
    free(rows);
}

/* The queue; it is locked. */

static size_t queue_count(const struct cluster_rows *rows) {
    return (rows->queue.counters.len + rows->queue.completions.len) / PACKED_ROW_LEN;
}

static void lose_queue(struct cluster_rows *rows) {
    free_batch(&rows->queue);
    rows->queue.partial = true;
    rows->lost = true;
}

static bool append(struct cluster_rows *rows, struct packed_rows *list, const uint8_t *info_hash,
                   uint64_t first, uint64_t second) {
    uint8_t packed[PACKED_ROW_LEN];
    memcpy(packed, info_hash, INFO_HASH_LEN);
    store_u64(packed + INFO_HASH_LEN, first);
    store_u64(packed + INFO_HASH_LEN + 8, second);
    if (queue_count(rows) < QUEUE_MAX &&
        packed_rows_add(list, (struct bytes){ packed, sizeof packed }))
        return true;
    lose_queue(rows);
    return false;
}

static void queue_counter(struct cluster_rows *rows, const uint8_t *info_hash, uint64_t node,
                          uint64_t numbers) {
    pthread_mutex_lock(&rows->lock);
    (void)append(rows, &rows->queue.counters, info_hash, node, numbers);
    pthread_mutex_unlock(&rows->lock);
}

void cluster_rows_put_counter(struct cluster_rows *rows, const struct counter_row *counter) {
    queue_counter(rows, counter->info_hash, counter->node,
                  (uint64_t)counter->counted << 32 | counter->taken_back);
}

void cluster_rows_forget_torrent(struct cluster_rows *rows,
                                 const uint8_t info_hash[static INFO_HASH_LEN]) {
    queue_counter(rows, info_hash, 0, 0);
}

void cluster_rows_put_completion(struct cluster_rows *rows, const struct completion_row *row) {
    struct row_batch *queue = &rows->queue;
    pthread_mutex_lock(&rows->lock);
    if (append(rows, &queue->completions, row->info_hash, row->identity, row->stamp) &&
        row->stamp > queue->latest)
        queue->latest = row->stamp;
    pthread_mutex_unlock(&rows->lock);
}

void cluster_rows_forget_before(struct cluster_rows *rows, uint64_t stamp) {
    pthread_mutex_lock(&rows->lock);
    rows->before = stamp;
    pthread_mutex_unlock(&rows->lock);
}

void cluster_rows_set_complete(struct cluster_rows *rows) {
    pthread_mutex_lock(&rows->lock);
    rows->queue.complete = !rows->lost;
    pthread_mutex_unlock(&rows->lock);
}

bool cluster_rows_has_room(struct cluster_rows *rows) {
    pthread_mutex_lock(&rows->lock);
    const bool has_room = queue_count(rows) < QUEUE_MAX / 2;
    pthread_mutex_unlock(&rows->lock);
    return has_room;
}

bool cluster_rows_take_loss(struct cluster_rows *rows) {
    pthread_mutex_lock(&rows->lock);
    const bool lost = rows->lost;
    rows->lost = false;
    pthread_mutex_unlock(&rows->lock);
    return lost;
}

/* The database. */

static bool read_state(struct connection *connection, enum cluster_counts *counts) {
    uint8_t state = COUNTS_PARTIAL;
    sqlite3_stmt *row = connection_statement(connection, READ_STATE);
    const int result = row == NULL ? SQLITE_ERROR : sqlite3_step(row);
    if (result == SQLITE_ROW)
        (void)row_value_blob(row, 0, &state, sizeof state);
    sqlite3_reset(row);
    *counts = state <= COUNTS_OUTDATED ? (enum cluster_counts)state : COUNTS_PARTIAL;
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool read_counter(sqlite3_stmt *row, struct counter_row *counter) {
    int64_t node;
    if (!row_value_blob(row, 0, counter->info_hash, INFO_HASH_LEN) ||
        !row_value_integer(row, 1, INT64_MIN, INT64_MAX, &node) ||
        !row_value_u32(row, 2, UINT32_MAX, &counter->counted) ||
        !row_value_u32(row, 3, UINT32_MAX, &counter->taken_back))
        return false;
    counter->node = (uint64_t)node;
    return node != 0;
}

static bool read_counters(struct connection *connection, const struct cluster_rows_reader *reader) {
    sqlite3_stmt *row = connection_statement(connection, READ_COUNTERS);
    int result = SQLITE_ERROR;
    while (row != NULL && (result = sqlite3_step(row)) == SQLITE_ROW) {
        struct counter_row counter;
        if (read_counter(row, &counter))
            reader->counter(reader->context, &counter);
    }
    sqlite3_reset(row);
    return result == SQLITE_DONE;
}

static bool run(struct connection *connection, const char *sql) {
    return connection_run(connection_statement(connection, sql));
}

static void pass_completions(const struct cluster_rows_reader *reader, struct bytes packed) {
    for (size_t at = 0; at < packed.len; at += PACKED_ROW_LEN) {
        const uint8_t *numbers = packed.data + at + INFO_HASH_LEN;
        struct completion_row completion = { .identity = load_u64(numbers),
                                             .stamp = load_u64(numbers + 8) };
        memcpy(completion.info_hash, packed.data + at, INFO_HASH_LEN);
        if (completion.stamp != 0)
            reader->completion(reader->context, &completion);
    }
}

static bool read_completions(struct connection *connection,
                             const struct cluster_rows_reader *reader) {
    sqlite3_stmt *row = connection_statement(connection, READ_COMPLETIONS);
    int result = SQLITE_ERROR;
    while (row != NULL && (result = sqlite3_step(row)) == SQLITE_ROW)
        pass_completions(reader, packed_rows_of(row));
    sqlite3_reset(row);
    return result == SQLITE_DONE;
}

static bool fold_at_start(struct connection *connection) {
    if (connection_begin(connection) && counter_log_fold(connection) &&
        connection_commit(connection))
        return true;
    connection_rollback(connection);
    return false;
}

bool cluster_rows_read(struct connection *connection, const struct cluster_rows_reader *reader,
                       enum cluster_counts *counts) {
    return fold_at_start(connection) && read_state(connection, counts) &&
           read_counters(connection, reader) && read_completions(connection, reader);
}

bool cluster_rows_leave(struct connection *connection) {
    enum cluster_counts counts;
    return read_state(connection, &counts) &&
           (counts != COUNTS_COMPLETE || run(connection, SET_OUTDATED));
}

bool cluster_rows_distrust(struct connection *connection) {
    return run(connection, SET_PARTIAL);
}

void cluster_rows_lose(struct cluster_rows *rows) {
    pthread_mutex_lock(&rows->lock);
    lose_queue(rows);
    pthread_mutex_unlock(&rows->lock);
}

static bool has_changes(const struct row_batch *batch) {
    return batch->partial || batch->complete || batch->counters.len + batch->completions.len > 0;
}

bool cluster_rows_has_work(struct cluster_rows *rows) {
    pthread_mutex_lock(&rows->lock);
    const bool has_work = has_changes(&rows->writing) || has_changes(&rows->queue);
    pthread_mutex_unlock(&rows->lock);
    return has_work;
}

/* The batch whose transaction failed is written again first. */
static uint64_t take_batch(struct cluster_rows *rows) {
    pthread_mutex_lock(&rows->lock);
    if (!has_changes(&rows->writing)) {
        rows->writing = rows->queue;
        rows->queue = (struct row_batch){ 0 };
    }
    const uint64_t before = rows->before;
    pthread_mutex_unlock(&rows->lock);
    return before;
}

static bool append_counters(struct cluster_rows *rows, struct connection *connection) {
    const struct packed_rows *counters = &rows->writing.counters;
    if (counters->len == 0)
        return true;
    if (!counter_log_append(connection, (struct bytes){ counters->data, counters->len }))
        return false;
    rows->unfolded_len += counters->len;
    if (++rows->unfolded < FOLD_ROWS && rows->unfolded_len < FOLD_LEN)
        return true;
    rows->unfolded = 0;
    rows->unfolded_len = 0;
    return counter_log_fold(connection);
}

static bool trim_completions(struct cluster_rows *rows, struct connection *connection) {
    const size_t max_len = (size_t)rows->completions_max * PACKED_ROW_LEN;
    if (rows->untrimmed <= max_len / TRIM_PARTS)
        return true;
    rows->untrimmed = 0;
    sqlite3_stmt *trim = connection_statement(connection, TRIM_COMPLETIONS);
    sqlite3_bind_int64(trim, 1, (sqlite3_int64)max_len);
    return connection_run(trim);
}

static bool append_completions(struct cluster_rows *rows, struct connection *connection,
                               uint64_t before) {
    const struct packed_rows *completions = &rows->writing.completions;
    if (completions->len == 0)
        return true;
    sqlite3_stmt *append = connection_statement(connection, APPEND_COMPLETIONS);
    const uint64_t latest = rows->writing.latest;
    sqlite3_bind_int64(append, 1, latest < ID_MAX ? (sqlite3_int64)latest : ID_MAX);
    sqlite3_bind_blob64(append, 2, completions->data, completions->len, SQLITE_STATIC);
    if (!connection_run(append))
        return false;
    rows->untrimmed += completions->len;
    sqlite3_stmt *expire = connection_statement(connection, EXPIRE_COMPLETIONS);
    sqlite3_bind_int64(expire, 1, (sqlite3_int64)before);
    return connection_run(expire) && trim_completions(rows, connection);
}

bool cluster_rows_write(struct cluster_rows *rows, struct connection *connection) {
    const uint64_t before = take_batch(rows);
    return (!rows->writing.partial || run(connection, SET_PARTIAL)) &&
           append_counters(rows, connection) && append_completions(rows, connection, before) &&
           (!rows->writing.complete || run(connection, SET_COMPLETE));
}

void cluster_rows_settle(struct cluster_rows *rows) {
    free_batch(&rows->writing);
}
