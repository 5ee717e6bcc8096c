#include "store/swarm_rows.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "store/packed_change.h"
#include "store/schema.h"
#include "store/swarm_log.h"

enum {
    RESTORE_THREADS_MAX = 4,
    RUN_MAX = 256, /* changes passed on at once */
};

static const char PUT_PEER[] =
    "INSERT OR REPLACE INTO peer"
    " (info_hash, endpoint, peer_id, key, left, paused, counted, interval_s, since_s, passkey)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
static const char DROP_PEER[] = "DELETE FROM peer WHERE info_hash = ?1 AND endpoint = ?2";
/* As read_peer expects them. */
#define PEER_COLUMNS                                                                               \
    "info_hash, endpoint, peer_id, key, left, paused, counted, interval_s, since_s, passkey"
static const char DROP_PEERS[] = "DELETE FROM peer WHERE info_hash = ?1";
static const char PUT_TORRENT[] =
    "INSERT OR REPLACE INTO torrent (info_hash, downloaded, idle_since_s) VALUES (?1, ?2, ?3)";
static const char DROP_TORRENT[] = "DELETE FROM torrent WHERE info_hash = ?1";

static void bind_bytes(sqlite3_stmt *statement, int place, const void *data, size_t len) {
    sqlite3_bind_blob(statement, place, data, (int)len, SQLITE_STATIC);
}

/* The first parameter of each statement is the info_hash. */
static sqlite3_stmt *prepare_change(struct connection *connection, const char *sql,
                                    const struct change *change) {
    sqlite3_stmt *statement = connection_statement(connection, sql);
    bind_bytes(statement, 1, change->info_hash, INFO_HASH_LEN);
    return statement;
}

static bool put_torrent(struct connection *connection, const struct change *change, int64_t at_s) {
    sqlite3_stmt *statement = prepare_change(connection, PUT_TORRENT, change);
    sqlite3_bind_int64(statement, 2, change->downloaded);
    sqlite3_bind_int64(statement, 3, at_s - change->age_s);
    return connection_run(statement);
}

static bool put_peer(struct connection *connection, const struct change *change, int64_t at_s) {
    sqlite3_stmt *statement = prepare_change(connection, PUT_PEER, change);
    bind_bytes(statement, 2, change->peer.wire, endpoint_len(change->peer.family));
    bind_bytes(statement, 3, change->peer_id, PEER_ID_LEN);
    sqlite3_bind_int64(statement, 4, change->key);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)change->left);
    sqlite3_bind_int(statement, 6, change->paused);
    sqlite3_bind_int(statement, 7, change->counted);
    sqlite3_bind_int64(statement, 8, change->interval_s);
    sqlite3_bind_int64(statement, 9, at_s - change->age_s);
    sqlite3_bind_int64(statement, 10, (sqlite3_int64)change->passkey_tag);
    return connection_run(statement);
}

static bool drop_peer(struct connection *connection, const struct change *change) {
    sqlite3_stmt *statement = prepare_change(connection, DROP_PEER, change);
    bind_bytes(statement, 2, change->peer.wire, endpoint_len(change->peer.family));
    return connection_run(statement);
}

static bool drop_torrent(struct connection *connection, const struct change *change) {
    return connection_run(prepare_change(connection, DROP_TORRENT, change));
}

/* Of a torrent that was lost, rows with peers that are still in the swarm are written again. */
static bool write_change(struct connection *connection, const struct latest_change *latest,
                         int64_t at_s) {
    const struct change *change = &latest->change;
    if (latest->cleared && !connection_run(prepare_change(connection, DROP_PEERS, change)))
        return false;
    switch (change->kind) {
    case CHANGE_PEER_JOINED:
        return put_peer(connection, change, at_s);
    case CHANGE_PEER_LEFT:
        return drop_peer(connection, change);
    case CHANGE_TORRENT:
        return put_torrent(connection, change, at_s);
    default:
        return drop_torrent(connection, change);
    }
}

bool swarm_rows_write(struct connection *connection, const struct latest_changes *latest,
                      const struct radix_item *order, int64_t at_s) {
    bool good = true;
    for (size_t i = 0; i < latest->count && good; i++)
        good = write_change(connection, &latest->list[order[i].position], at_s);
    return good;
}

bool swarm_rows_clear(struct connection *connection) {
    return connection_execute(connection,
                              "DELETE FROM peer; DELETE FROM torrent; DELETE FROM swarm_log;");
}

static uint32_t read_age(sqlite3_stmt *row, int column, int64_t now_s) {
    int64_t since_s = 0;
    (void)connection_read_integer(row, column, 1, now_s, &since_s);
    return packed_change_age(since_s, now_s);
}

static bool read_torrent(sqlite3_stmt *row, int64_t now_s, struct change *change) {
    *change = (struct change){ .kind = CHANGE_TORRENT, .age_s = read_age(row, 2, now_s) };
    return connection_copy_blob(row, 0, change->info_hash, INFO_HASH_LEN) &&
           connection_read_u32(row, 1, UINT32_MAX, &change->downloaded);
}

static bool read_endpoint(sqlite3_stmt *row, int column, struct endpoint *peer) {
    *peer = (struct endpoint){ .family = FAMILY_V4 };
    if (sqlite3_column_bytes(row, column) == ENDPOINT_V6_LEN)
        peer->family = FAMILY_V6;
    return connection_copy_blob(row, column, peer->wire, endpoint_len(peer->family)) &&
           endpoint_port(peer) != 0;
}

static bool read_peer(sqlite3_stmt *row, int64_t now_s, struct change *change) {
    int64_t left;
    int64_t passkey_tag;
    uint32_t paused;
    uint32_t counted;
    *change = (struct change){ .kind = CHANGE_PEER_JOINED, .age_s = read_age(row, 8, now_s) };
    if (!connection_copy_blob(row, 0, change->info_hash, INFO_HASH_LEN) ||
        !read_endpoint(row, 1, &change->peer) ||
        !connection_copy_blob(row, 2, change->peer_id, PEER_ID_LEN) ||
        !connection_read_u32(row, 3, UINT32_MAX, &change->key) ||
        !connection_read_integer(row, 4, INT64_MIN, INT64_MAX, &left) ||
        !connection_read_u32(row, 5, 1, &paused) || !connection_read_u32(row, 6, 1, &counted) ||
        !connection_read_u32(row, 7, PACKED_INTERVAL_MAX_S, &change->interval_s) ||
        !connection_read_integer(row, 9, INT64_MIN, INT64_MAX, &passkey_tag))
        return false;
    change->left = (uint64_t)left;
    change->passkey_tag = (uint64_t)passkey_tag;
    change->paused = paused == 1;
    change->counted = counted == 1;
    return true;
}

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

/* Binds the info_hashes of the range to the parameters. Values that are not info_hashes belong to
 * the first range or to the last one: numbers and texts come before all blobs. */
static sqlite3_stmt *prepare_range(const struct restore_state *restoring, const char *sql) {
    uint8_t above_all[INFO_HASH_LEN + 1];
    const uint8_t first = swarm_log_first_byte(restoring->range);
    const uint8_t next = swarm_log_first_byte(restoring->range + 1);
    sqlite3_stmt *rows = connection_statement(restoring->connection, sql);
    memset(above_all, UINT8_MAX, sizeof above_all);
    if (restoring->range == 0)
        sqlite3_bind_double(rows, 1, -INFINITY);
    else
        sqlite3_bind_blob(rows, 1, &first, sizeof first, SQLITE_TRANSIENT);
    if (restoring->range == SWARM_LOG_RANGES - 1)
        sqlite3_bind_blob(rows, 2, above_all, sizeof above_all, SQLITE_TRANSIENT);
    else
        sqlite3_bind_blob(rows, 2, &next, sizeof next, SQLITE_TRANSIENT);
    return rows;
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

static void restore_rows(struct restore_state *restoring, const char *sql,
                         bool (*read_row)(sqlite3_stmt *row, int64_t now_s,
                                          struct change *change)) {
    sqlite3_stmt *rows = prepare_range(restoring, sql);
    int result = SQLITE_ERROR;
    while (!is_stopped(restoring) && rows != NULL && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        struct change change;
        if (!read_row(rows, restoring->job->now_s, &change)) {
            keep_worst(restoring, CONNECTION_DAMAGED, "it contains invalid rows");
        } else if (!latest_changes_replace(&restoring->latest, &change)) {
            add_to_run(restoring, &change);
        }
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

static void restore_range(struct restore_state *restoring) {
    read_log(restoring);
    restore_rows(restoring,
                 "SELECT info_hash, downloaded, idle_since_s FROM torrent"
                 " WHERE info_hash >= ?1 AND info_hash < ?2",
                 read_torrent);
    restore_latest(restoring, CHANGE_TORRENT);
    restore_rows(restoring,
                 "SELECT " PEER_COLUMNS " FROM peer WHERE info_hash >= ?1 AND info_hash < ?2",
                 read_peer);
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

enum connection_result swarm_rows_restore(struct connection *connection,
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
