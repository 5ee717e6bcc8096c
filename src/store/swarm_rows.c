#include "store/swarm_rows.h"

#include "base/clock.h"
#include "store/schema.h"

static const char PUT_PEER[] =
    "INSERT OR REPLACE INTO peer"
    " (info_hash, endpoint, peer_id, key, left, paused, counted, interval_s, since_s, passkey)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
static const char DROP_PEER[] = "DELETE FROM peer WHERE info_hash = ?1 AND endpoint = ?2";
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
    const uint32_t idle_s = change->kind == CHANGE_TORRENT ? change->age_s : 0;
    sqlite3_bind_int64(statement, 3, at_s - idle_s);
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

bool swarm_rows_write(struct connection *connection, const struct change *change, int64_t at_s) {
    switch (change->kind) {
    case CHANGE_PEER_JOINED:
    case CHANGE_PEER_UPDATED:
        return put_peer(connection, change, at_s);
    case CHANGE_PEER_COMPLETED:
        return put_peer(connection, change, at_s) && put_torrent(connection, change, at_s);
    case CHANGE_PEER_LEFT:
    case CHANGE_PEER_EXPIRED:
    case CHANGE_PEER_MOVED:
        return drop_peer(connection, change);
    case CHANGE_PEER_CONFIRMED:
        return true;
    case CHANGE_TORRENT:
        return change->downloaded == 0 || put_torrent(connection, change, at_s);
    case CHANGE_TORRENT_FORGOTTEN:
        return connection_run(prepare_change(connection, DROP_TORRENT, change));
    }
    return true;
}

bool swarm_rows_clear(struct connection *connection) {
    return connection_execute(connection, "DELETE FROM peer; DELETE FROM torrent;");
}

/* Seconds since `unix_s`; 0 if it is unknown, or in the future because the clock was set back. */
static uint32_t age_of(int64_t unix_s) {
    const int64_t age_s = clock_unix_s() - unix_s;
    return unix_s == 0 || age_s < 0 || age_s > UINT32_MAX ? 0 : (uint32_t)age_s;
}

static bool read_torrent(sqlite3_stmt *row, struct change *change) {
    *change = (struct change){
        .kind = CHANGE_TORRENT,
        .downloaded = (uint32_t)sqlite3_column_int64(row, 1),
        .age_s = age_of(sqlite3_column_int64(row, 2)),
    };
    return connection_copy_blob(row, 0, change->info_hash, INFO_HASH_LEN);
}

static bool read_peer(sqlite3_stmt *row, struct change *change) {
    const int len = sqlite3_column_bytes(row, 1);
    *change = (struct change){
        .kind = CHANGE_PEER_JOINED,
        .peer.family = len == ENDPOINT_V6_LEN ? FAMILY_V6 : FAMILY_V4,
        .key = (uint32_t)sqlite3_column_int64(row, 3),
        .left = (uint64_t)sqlite3_column_int64(row, 4),
        .paused = sqlite3_column_int(row, 5) != 0,
        .counted = sqlite3_column_int(row, 6) != 0,
        .interval_s = (uint32_t)sqlite3_column_int64(row, 7),
        .age_s = age_of(sqlite3_column_int64(row, 8)),
        .passkey_tag = (uint64_t)sqlite3_column_int64(row, 9),
    };
    return connection_copy_blob(row, 0, change->info_hash, INFO_HASH_LEN) &&
           connection_copy_blob(row, 1, change->peer.wire, endpoint_len(change->peer.family)) &&
           connection_copy_blob(row, 2, change->peer_id, PEER_ID_LEN);
}

struct restore_state {
    struct connection *connection;
    bool (*restore)(void *context, const struct change *change);
    void *context;
    bool wanted; /* `restore` has not returned false */
    enum connection_result result;
    char *why;
};

static void keep_failure(struct restore_state *restoring) {
    sqlite3 *db = restoring->connection->db;
    if (schema_is_damage(sqlite3_extended_errcode(db)))
        restoring->result = CONNECTION_DAMAGED;
    else if (restoring->result == CONNECTION_GOOD)
        restoring->result = CONNECTION_REFUSED;
    connection_explain(restoring->why, sqlite3_errmsg(db));
}

static void restore_rows(struct restore_state *restoring, const char *sql,
                         bool (*read_row)(sqlite3_stmt *row, struct change *change)) {
    sqlite3_stmt *rows = NULL;
    int result = sqlite3_prepare_v2(restoring->connection->db, sql, -1, &rows, NULL);
    while (restoring->wanted && rows != NULL && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        struct change change;
        if (read_row(rows, &change)) {
            restoring->wanted = restoring->restore(restoring->context, &change);
        } else {
            restoring->result = CONNECTION_DAMAGED;
            connection_explain(restoring->why, "it contains invalid rows");
        }
    }
    if (rows == NULL || (restoring->wanted && result != SQLITE_DONE))
        keep_failure(restoring);
    sqlite3_finalize(rows);
}

enum connection_result swarm_rows_restore(struct connection *connection,
                                          bool (*restore)(void *context,
                                                          const struct change *change),
                                          void *context, char why[static ERROR_LEN]) {
    struct restore_state restoring = {
        .connection = connection,
        .restore = restore,
        .context = context,
        .wanted = true,
        .why = why,
    };
    restore_rows(&restoring, "SELECT info_hash, downloaded, idle_since_s FROM torrent",
                 read_torrent);
    restore_rows(&restoring,
                 "SELECT info_hash, endpoint, peer_id, key, left, paused, counted,"
                 " interval_s, since_s, passkey FROM peer",
                 read_peer);
    return restoring.result;
}
