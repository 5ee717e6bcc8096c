#include "store/swarm_restore.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "store/schema.h"
#include "store/swarm_log.h"
#include "store/swarm_rows.h"

enum {
    RESTORE_THREADS_MAX = 4,
    RUN_MAX = 256, /* changes passed on at once */
};

/* Shared by the threads of a restore. */
struct restore_job {
    const struct swarm_restore *wanted;
    const char *path;
    int64_t now_s;
    _Atomic unsigned next_range;
    _Atomic bool stopped; /* `restore` has returned false */
};

/* Of one thread. */
struct restore_state {
    struct restore_job *job;
    pthread_t thread;
    struct connection *connection;
    struct latest_changes latest; /* of the range, from the log */
    struct change run[RUN_MAX];   /* read, and not yet passed on; of one info_hash */
    size_t run_len;
    unsigned range;
    enum connection_result result;
    char why[ERROR_LEN];
};

static void keep_worst(struct restore_state *restoring, enum connection_result result,
                       const char *why) {
    if (result == CONNECTION_GOOD || result < restoring->result)
        return;
    restoring->result = result;
    connection_explain(restoring->why, why);
}

static void keep_failure(struct restore_state *restoring) {
    sqlite3 *db = restoring->connection->db;
    const bool damage = schema_is_damage(sqlite3_extended_errcode(db));
    keep_worst(restoring, damage ? CONNECTION_DAMAGED : CONNECTION_REFUSED, sqlite3_errmsg(db));
}

static bool is_stopped(const struct restore_state *restoring) {
    return atomic_load_explicit(&restoring->job->stopped, memory_order_relaxed);
}

static void pass_run(struct restore_state *restoring) {
    const struct swarm_restore *wanted = restoring->job->wanted;
    const size_t len = restoring->run_len;
    restoring->run_len = 0;
    if (len > 0 && !wanted->restore(wanted->context, restoring->run, len))
        atomic_store_explicit(&restoring->job->stopped, true, memory_order_relaxed);
}

static void add_to_run(struct restore_state *restoring, const struct change *change) {
    const struct change *first = &restoring->run[0];
    if (restoring->run_len == RUN_MAX ||
        (restoring->run_len > 0 && memcmp(first->info_hash, change->info_hash, INFO_HASH_LEN) != 0))
        pass_run(restoring);
    restoring->run[restoring->run_len++] = *change;
}

/* Passes on what the log does not replace. False if the row is invalid; what precedes the error is
 * passed on. */
static bool restore_row(struct restore_state *restoring, sqlite3_stmt *row) {
    struct bytes rest = { .data = sqlite3_column_blob(row, 0),
                          .len = (size_t)sqlite3_column_bytes(row, 0) };
    struct change change;
    if (sqlite3_column_type(row, 0) != SQLITE_BLOB || rest.len == 0)
        return false;
    while (rest.len > 0) {
        if (!swarm_rows_read_entry(&rest, restoring->range, restoring->job->now_s, &change))
            return false;
        if (!latest_changes_replace(&restoring->latest, &change))
            add_to_run(restoring, &change);
    }
    return true;
}

static void restore_rows(struct restore_state *restoring) {
    sqlite3_stmt *rows = connection_statement(restoring->connection,
                                              "SELECT entries FROM swarm"
                                              " WHERE first >= ?1 AND first < ?2"
                                              " ORDER BY first");
    int result = SQLITE_ERROR;
    swarm_rows_bind_range(rows, 1, restoring->range);
    while (!is_stopped(restoring) && rows != NULL && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        if (!restore_row(restoring, rows))
            keep_worst(restoring, CONNECTION_DAMAGED, "it contains invalid rows");
    }
    pass_run(restoring);
    if (!is_stopped(restoring) && result != SQLITE_DONE)
        keep_failure(restoring);
    sqlite3_reset(rows);
}

static void restore_latest(struct restore_state *restoring, enum change_kind kind) {
    const struct latest_changes *latest = &restoring->latest;
    for (size_t i = 0; i < latest->count && !is_stopped(restoring); i++) {
        if (latest->list[i].change.kind == kind)
            add_to_run(restoring, &latest->list[i].change);
    }
    pass_run(restoring);
}

static void read_log(struct restore_state *restoring) {
    struct swarm_log_part all;
    char why[ERROR_LEN];
    keep_worst(restoring,
               swarm_log_read(restoring->connection, restoring->range, SIZE_MAX,
                              restoring->job->now_s, &restoring->latest, &all, why),
               why);
}

/* Each torrent before its peers. */
static void restore_range(struct restore_state *restoring) {
    read_log(restoring);
    restore_latest(restoring, CHANGE_TORRENT);
    restore_rows(restoring);
    restore_latest(restoring, CHANGE_PEER_JOINED);
    latest_changes_clear(&restoring->latest);
}

static void restore_ranges(struct restore_state *restoring) {
    while (!is_stopped(restoring)) {
        restoring->range =
            atomic_fetch_add_explicit(&restoring->job->next_range, 1, memory_order_relaxed);
        if (restoring->range >= SWARM_LOG_RANGES)
            return;
        restore_range(restoring);
    }
}

/* Without a connection, the other threads do all. */
static void *run_helper(void *argument) {
    struct restore_state *restoring = argument;
    struct connection connection = { .lock = -1 };
    if (sqlite3_open_v2(restoring->job->path, &connection.db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
        restoring->connection = &connection;
        restore_ranges(restoring);
    }
    connection_close(&connection);
    return NULL;
}

enum connection_result swarm_restore_run(struct connection *connection,
                                         const struct swarm_restore *wanted,
                                         char why[static ERROR_LEN]) {
    struct restore_job job = {
        .wanted = wanted,
        .path = sqlite3_db_filename(connection->db, "main"),
        .now_s = clock_unix_s(),
    };
    struct restore_state states[RESTORE_THREADS_MAX] = { { .connection = connection } };
    unsigned started = 0;
    for (unsigned i = 0; i < RESTORE_THREADS_MAX; i++) {
        states[i].job = &job;
        states[i].latest.key = wanted->key;
    }
    while (started + 1 < wanted->threads && started + 1 < RESTORE_THREADS_MAX &&
           pthread_create(&states[started + 1].thread, NULL, run_helper, &states[started + 1]) == 0)
        started++;
    keep_worst(&states[0], connection_check(connection, why), why);
    restore_ranges(&states[0]);
    for (unsigned i = 1; i <= started; i++) {
        pthread_join(states[i].thread, NULL);
        keep_worst(&states[0], states[i].result, states[i].why);
    }
    memcpy(why, states[0].why, ERROR_LEN);
    return states[0].result;
}
