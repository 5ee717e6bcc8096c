#include "store/cluster_rows.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/hash_index.h"
#include "base/keyed_hash.h"
#include "base/random.h"
#include "store/connection.h"

enum {
    QUEUE_MAX = 1 << 15, /* changes; their rows are written in about a tenth of a second */
    TRIM_PARTS = 16,     /* old completions are deleted when a part more of them was written */
};

/* Whether counts are complete (1), outdated (2) or partial (no row) is in the table of secrets. */
#define STATE "name = 'cluster counts'"

static const char PUT_COUNTER[] =
    "INSERT INTO cluster_counter (info_hash, node, counted, taken_back) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (info_hash, node) DO UPDATE SET counted = max(counted, excluded.counted),"
    " taken_back = max(taken_back, excluded.taken_back)";
static const char DROP_TORRENT[] = "DELETE FROM cluster_counter WHERE info_hash = ?1";
static const char PUT_COMPLETION[] =
    "INSERT OR IGNORE INTO cluster_completion (stamp, identity, info_hash) VALUES (?1, ?2, ?3)";
static const char EXPIRE_COMPLETIONS[] = "DELETE FROM cluster_completion WHERE stamp < ?1";
static const char TRIM_COMPLETIONS[] =
    "DELETE FROM cluster_completion WHERE stamp < (SELECT stamp FROM cluster_completion"
    " ORDER BY stamp DESC LIMIT 1 OFFSET ?1 - 1)";
static const char SET_COMPLETE[] =
    "INSERT OR REPLACE INTO secret (name, value) VALUES ('cluster counts', x'01')";
static const char SET_OUTDATED[] = "UPDATE secret SET value = x'02' WHERE " STATE;
static const char SET_PARTIAL[] = "DELETE FROM secret WHERE " STATE;
static const char READ_STATE[] = "SELECT value FROM secret WHERE " STATE;
static const char READ_COUNTERS[] =
    "SELECT info_hash, node, counted, taken_back FROM cluster_counter";
static const char READ_COMPLETIONS[] =
    "SELECT info_hash, identity, stamp FROM cluster_completion ORDER BY stamp DESC LIMIT ?1";

struct row_change {
    enum { ROW_COUNTER, ROW_COMPLETION, ROW_FORGET } kind;
    union {
        struct counter_row counter;
        struct completion_row completion;
        uint8_t info_hash[INFO_HASH_LEN];
    } row;
};

/* What is written in one transaction: first the flags, then the list in its order. */
struct row_batch {
    bool partial;
    bool complete; /* at the end */
    struct row_change *list;
    size_t count;
    size_t capacity;
};

struct cluster_rows {
    pthread_mutex_t lock; /* guards these */
    struct row_batch queue;
    struct hash_index index; /* of the counters in the queue */
    size_t index_from;       /* earlier ones stay as they are: their torrent was forgotten later */
    bool lost;
    uint64_t before; /* stamp of the oldest completions to be kept */

    struct hash_key key; /* random: clients choose info_hashes */
    uint32_t completions_max;
    /* Of the thread that writes. */
    struct row_batch writing; /* not committed yet */
    size_t untrimmed;         /* completions */
};

struct cluster_rows *cluster_rows_create(uint32_t completions_max) {
    struct cluster_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    pthread_mutex_init(&rows->lock, NULL);
    rows->completions_max = completions_max;
    if (random_secret(&rows->key, sizeof rows->key) && hash_index_create(&rows->index, QUEUE_MAX))
        return rows;
    cluster_rows_delete(rows);
    return NULL;
}

void cluster_rows_delete(struct cluster_rows *rows) {
    if (rows == NULL)
        return;
    free(rows->queue.list);
    free(rows->writing.list);
    hash_index_free(&rows->index);
    pthread_mutex_destroy(&rows->lock);
    free(rows);
}

/* The queue; it is locked. */

static void empty_index(struct cluster_rows *rows) {
    memset(rows->index.slots, 0, hash_index_memory(&rows->index));
    rows->index_from = 0;
}

static void lose_queue(struct cluster_rows *rows) {
    empty_index(rows);
    rows->queue.count = 0;
    rows->queue.complete = false;
    rows->queue.partial = true;
    rows->lost = true;
}

static bool append(struct cluster_rows *rows, const struct row_change *change) {
    struct row_batch *queue = &rows->queue;
    struct row_change *list = NULL;
    if (queue->count < QUEUE_MAX)
        list = array_grow(queue->list, &queue->capacity, queue->count + 1, sizeof *list);
    if (list == NULL) {
        lose_queue(rows);
        return false;
    }
    queue->list = list;
    list[queue->count++] = *change;
    return true;
}

struct wanted_counter {
    const struct counter_row *counter;
    size_t from;
};

static bool is_wanted(const void *array, uint32_t position, const void *context) {
    const struct counter_row *found = &((const struct row_change *)array)[position].row.counter;
    const struct wanted_counter *wanted = context;
    return position >= wanted->from && found->node == wanted->counter->node &&
           memcmp(found->info_hash, wanted->counter->info_hash, INFO_HASH_LEN) == 0;
}

static uint32_t hash_counter(const struct cluster_rows *rows, const struct counter_row *counter) {
    uint8_t data[INFO_HASH_LEN + 8];
    memcpy(data, counter->info_hash, INFO_HASH_LEN);
    store_u64(data + INFO_HASH_LEN, counter->node);
    return (uint32_t)keyed_hash(&rows->key, data, sizeof data);
}

static void put_counter(struct cluster_rows *rows, const struct counter_row *counter) {
    const struct wanted_counter wanted = { .counter = counter, .from = rows->index_from };
    const uint32_t hash = hash_counter(rows, counter);
    const uint32_t at = hash_index_find(&rows->index, hash, is_wanted, rows->queue.list, &wanted);
    if (at != HASH_INDEX_NONE)
        rows->queue.list[at].row.counter = *counter;
    else if (append(rows, &(struct row_change){ .kind = ROW_COUNTER, .row.counter = *counter }))
        hash_index_put(&rows->index, hash, (uint32_t)rows->queue.count - 1);
}

void cluster_rows_put_counter(struct cluster_rows *rows, const struct counter_row *counter) {
    pthread_mutex_lock(&rows->lock);
    put_counter(rows, counter);
    pthread_mutex_unlock(&rows->lock);
}

void cluster_rows_put_completion(struct cluster_rows *rows, const struct completion_row *row) {
    const struct row_change change = { .kind = ROW_COMPLETION, .row.completion = *row };
    pthread_mutex_lock(&rows->lock);
    (void)append(rows, &change);
    pthread_mutex_unlock(&rows->lock);
}

void cluster_rows_forget_torrent(struct cluster_rows *rows,
                                 const uint8_t info_hash[static INFO_HASH_LEN]) {
    struct row_change change = { .kind = ROW_FORGET };
    memcpy(change.row.info_hash, info_hash, INFO_HASH_LEN);
    pthread_mutex_lock(&rows->lock);
    if (append(rows, &change))
        rows->index_from = rows->queue.count;
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
    const bool has_room = rows->queue.count < QUEUE_MAX / 2;
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
        (void)connection_copy_blob(row, 0, &state, sizeof state);
    sqlite3_reset(row);
    *counts = state <= COUNTS_OUTDATED ? (enum cluster_counts)state : COUNTS_PARTIAL;
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool read_counter(sqlite3_stmt *row, struct counter_row *counter) {
    int64_t node;
    if (!connection_copy_blob(row, 0, counter->info_hash, INFO_HASH_LEN) ||
        !connection_read_integer(row, 1, INT64_MIN, INT64_MAX, &node) ||
        !connection_read_u32(row, 2, UINT32_MAX, &counter->counted) ||
        !connection_read_u32(row, 3, UINT32_MAX, &counter->taken_back))
        return false;
    counter->node = (uint64_t)node;
    return node != 0;
}

static bool read_completion(sqlite3_stmt *row, struct completion_row *completion) {
    int64_t identity, stamp;
    if (!connection_copy_blob(row, 0, completion->info_hash, INFO_HASH_LEN) ||
        !connection_read_integer(row, 1, INT64_MIN, INT64_MAX, &identity) ||
        !connection_read_integer(row, 2, INT64_MIN, INT64_MAX, &stamp))
        return false;
    completion->identity = (uint64_t)identity;
    completion->stamp = (uint64_t)stamp;
    return stamp != 0;
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

static bool read_completions(struct connection *connection,
                             const struct cluster_rows_reader *reader) {
    sqlite3_stmt *row = connection_statement(connection, READ_COMPLETIONS);
    int result = SQLITE_ERROR;
    sqlite3_bind_int64(row, 1, CLUSTER_COMPLETIONS_MAX);
    while (row != NULL && (result = sqlite3_step(row)) == SQLITE_ROW) {
        struct completion_row completion;
        if (read_completion(row, &completion))
            reader->completion(reader->context, &completion);
    }
    sqlite3_reset(row);
    return result == SQLITE_DONE;
}

bool cluster_rows_read(struct connection *connection, const struct cluster_rows_reader *reader,
                       enum cluster_counts *counts) {
    return read_state(connection, counts) && read_counters(connection, reader) &&
           read_completions(connection, reader);
}

static bool run(struct connection *connection, const char *sql) {
    return connection_run(connection_statement(connection, sql));
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
    return batch->partial || batch->complete || batch->count > 0;
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
        empty_index(rows);
    }
    const uint64_t before = rows->before;
    pthread_mutex_unlock(&rows->lock);
    return before;
}

static bool write_counter(struct connection *connection, const struct counter_row *counter) {
    sqlite3_stmt *put = connection_statement(connection, PUT_COUNTER);
    sqlite3_bind_blob(put, 1, counter->info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, (sqlite3_int64)counter->node);
    sqlite3_bind_int64(put, 3, counter->counted);
    sqlite3_bind_int64(put, 4, counter->taken_back);
    return connection_run(put);
}

static bool write_completion(struct connection *connection, const struct completion_row *row) {
    sqlite3_stmt *put = connection_statement(connection, PUT_COMPLETION);
    sqlite3_bind_int64(put, 1, (sqlite3_int64)row->stamp);
    sqlite3_bind_int64(put, 2, (sqlite3_int64)row->identity);
    sqlite3_bind_blob(put, 3, row->info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    return connection_run(put);
}

static bool write_forgotten(struct connection *connection, const uint8_t *info_hash) {
    sqlite3_stmt *drop = connection_statement(connection, DROP_TORRENT);
    sqlite3_bind_blob(drop, 1, info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    return connection_run(drop);
}

static bool write_change(struct connection *connection, const struct row_change *change) {
    switch (change->kind) {
    case ROW_COUNTER:
        return write_counter(connection, &change->row.counter);
    case ROW_COMPLETION:
        return write_completion(connection, &change->row.completion);
    case ROW_FORGET:
        break;
    }
    return write_forgotten(connection, change->row.info_hash);
}

static bool expire_completions(struct cluster_rows *rows, struct connection *connection,
                               uint64_t before) {
    sqlite3_stmt *expire = connection_statement(connection, EXPIRE_COMPLETIONS);
    sqlite3_bind_int64(expire, 1, (sqlite3_int64)before);
    if (!connection_run(expire))
        return false;
    if (rows->untrimmed <= rows->completions_max / TRIM_PARTS)
        return true;
    rows->untrimmed = 0;
    sqlite3_stmt *trim = connection_statement(connection, TRIM_COMPLETIONS);
    sqlite3_bind_int64(trim, 1, rows->completions_max);
    return connection_run(trim);
}

bool cluster_rows_write(struct cluster_rows *rows, struct connection *connection) {
    const uint64_t before = take_batch(rows);
    const struct row_batch *batch = &rows->writing;
    size_t completions = 0;
    bool good = true;
    if (batch->partial)
        good = run(connection, SET_PARTIAL);
    for (size_t i = 0; i < batch->count && good; i++) {
        good = write_change(connection, &batch->list[i]);
        completions += batch->list[i].kind == ROW_COMPLETION;
    }
    rows->untrimmed += completions;
    if (completions > 0)
        good = good && expire_completions(rows, connection, before);
    return good && (!batch->complete || run(connection, SET_COMPLETE));
}

void cluster_rows_settle(struct cluster_rows *rows) {
    free(rows->writing.list);
    rows->writing = (struct row_batch){ 0 };
}
