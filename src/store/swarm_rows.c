#include "store/swarm_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "store/schema.h"

static const char PUT_PEER[] =
    "INSERT OR REPLACE INTO peer"
    " (info_hash, endpoint, peer_id, key, left, paused, counted, interval_s, since_s, passkey)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
static const char DROP_PEER[] = "DELETE FROM peer WHERE info_hash = ?1 AND endpoint = ?2";
/* Twice the interval is a peer's ttl_s, which has 16 bits. */
enum { INTERVAL_MAX_S = UINT16_MAX / 2 };

/* As read_peer expects them. */
#define PEER_COLUMNS                                                                               \
    "info_hash, endpoint, peer_id, key, left, paused, counted, interval_s, since_s, passkey"
static const char GET_PEERS[] =
    "SELECT " PEER_COLUMNS " FROM peer WHERE info_hash = ?1 ORDER BY endpoint";
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

static bool drop_torrent(struct connection *connection, const struct change *change) {
    return connection_run(prepare_change(connection, DROP_TORRENT, change));
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
    case CHANGE_PEER_REFRESHED:
    case CHANGE_PEER_ABSENT:
        return true;
    case CHANGE_TORRENT:
        return change->downloaded == 0 || put_torrent(connection, change, at_s);
    case CHANGE_TORRENT_FORGOTTEN:
        return drop_torrent(connection, change);
    case CHANGE_TORRENT_LOST:
        return connection_run(prepare_change(connection, DROP_PEERS, change)) &&
               drop_torrent(connection, change);
    }
    return true;
}

bool swarm_rows_clear(struct connection *connection) {
    return connection_execute(connection, "DELETE FROM peer; DELETE FROM torrent;");
}

/* Seconds since the Unix time in the row; 0 if it is unknown, or in the future because the clock
 * was set back. */
static uint32_t read_age(sqlite3_stmt *row, int column) {
    const int64_t now_s = clock_unix_s();
    int64_t since_s;
    return connection_read_integer(row, column, 1, now_s, &since_s) && now_s - since_s <= UINT32_MAX
               ? (uint32_t)(now_s - since_s)
               : 0;
}

static bool read_torrent(sqlite3_stmt *row, struct change *change) {
    *change = (struct change){ .kind = CHANGE_TORRENT, .age_s = read_age(row, 2) };
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

static bool read_peer(sqlite3_stmt *row, struct change *change) {
    int64_t left;
    int64_t passkey_tag;
    uint32_t paused;
    uint32_t counted;
    *change = (struct change){ .kind = CHANGE_PEER_JOINED, .age_s = read_age(row, 8) };
    if (!connection_copy_blob(row, 0, change->info_hash, INFO_HASH_LEN) ||
        !read_endpoint(row, 1, &change->peer) ||
        !connection_copy_blob(row, 2, change->peer_id, PEER_ID_LEN) ||
        !connection_read_u32(row, 3, UINT32_MAX, &change->key) ||
        !connection_read_integer(row, 4, INT64_MIN, INT64_MAX, &left) ||
        !connection_read_u32(row, 5, 1, &paused) || !connection_read_u32(row, 6, 1, &counted) ||
        !connection_read_u32(row, 7, INTERVAL_MAX_S, &change->interval_s) ||
        !connection_read_integer(row, 9, INT64_MIN, INT64_MAX, &passkey_tag))
        return false;
    change->left = (uint64_t)left;
    change->passkey_tag = (uint64_t)passkey_tag;
    change->paused = paused == 1;
    change->counted = counted == 1;
    return true;
}

/* The order of SQLite. */
static int compare_endpoints(const struct endpoint *one, const struct endpoint *other) {
    const size_t one_len = endpoint_len(one->family);
    const size_t other_len = endpoint_len(other->family);
    const int order = memcmp(one->wire, other->wire, one_len < other_len ? one_len : other_len);
    return order != 0 ? order : (one_len > other_len) - (one_len < other_len);
}

struct sorted_peer {
    const struct change *change;
};

static int compare_peers(const void *one, const void *other) {
    const struct sorted_peer *a = one;
    const struct sorted_peer *b = other;
    return compare_endpoints(&a->change->peer, &b->change->peer);
}

/* By what is reported as a change: other values may be older in the file. */
static bool is_same_row(const struct change *row, const struct change *peer) {
    return memcmp(row->peer_id, peer->peer_id, PEER_ID_LEN) == 0 &&
           (row->left == 0) == (peer->left == 0) && row->paused == peer->paused &&
           row->counted == peer->counted && (row->key == 0) == (peer->key == 0) &&
           row->passkey_tag == peer->passkey_tag;
}

/* Difference between the rows of a torrent and its peers. */
struct rows_difference {
    struct sorted_peer *peers; /* in the end, those to be written */
    size_t peer_count;
    size_t put_count;
    struct change *stale; /* rows to be deleted */
    size_t stale_count;
    size_t stale_capacity;
};

/* Returns false if out of memory. */
static bool add_stale_row(struct rows_difference *difference, const struct change *row) {
    struct change *stale = array_grow(difference->stale, &difference->stale_capacity,
                                      difference->stale_count + 1, sizeof *stale);
    if (stale == NULL)
        return false;
    difference->stale = stale;
    stale[difference->stale_count++] = *row;
    return true;
}

/* Rows and peers are in the same order. An invalid row is left for the next start. */
static bool compare_rows(struct rows_difference *difference, sqlite3_stmt *rows) {
    size_t next = 0;
    int result;
    while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
        struct change row;
        int order = 1;
        if (!read_peer(rows, &row))
            continue;
        while (next < difference->peer_count &&
               (order = compare_endpoints(&difference->peers[next].change->peer, &row.peer)) < 0)
            difference->peers[difference->put_count++] = difference->peers[next++];
        if (next == difference->peer_count || order > 0) {
            if (!add_stale_row(difference, &row))
                return false;
            continue;
        }
        if (!is_same_row(&row, difference->peers[next].change))
            difference->peers[difference->put_count++] = difference->peers[next];
        next++;
    }
    while (next < difference->peer_count)
        difference->peers[difference->put_count++] = difference->peers[next++];
    return result == SQLITE_DONE;
}

static bool write_difference(struct connection *connection,
                             const struct rows_difference *difference, int64_t at_s) {
    bool good = true;
    for (size_t i = 0; i < difference->stale_count && good; i++)
        good = drop_peer(connection, &difference->stale[i]);
    for (size_t i = 0; i < difference->put_count && good; i++)
        good = put_peer(connection, difference->peers[i].change, at_s);
    return good;
}

static bool replace_peers(struct connection *connection, const struct change *peers, size_t count,
                          int64_t at_s) {
    struct rows_difference difference = { .peer_count = count };
    bool good = false;
    sqlite3_stmt *rows = prepare_change(connection, GET_PEERS, peers);
    difference.peers = malloc(count * sizeof *difference.peers);
    if (rows == NULL || difference.peers == NULL)
        goto out;
    for (size_t i = 0; i < count; i++)
        difference.peers[i].change = &peers[i];
    qsort(difference.peers, count, sizeof *difference.peers, compare_peers);
    good = compare_rows(&difference, rows);
    sqlite3_reset(rows);
    good = good && write_difference(connection, &difference, at_s);
out:
    free(difference.peers);
    free(difference.stale);
    return good;
}

bool swarm_rows_replace(struct connection *connection, const struct change *changes, size_t count,
                        int64_t at_s) {
    enum { BEFORE_PEERS = 2 };
    if (count <= BEFORE_PEERS && !swarm_rows_write(connection, &changes[0], at_s))
        return false;
    if (count > 1 && !swarm_rows_write(connection, &changes[1], at_s))
        return false;
    return count <= BEFORE_PEERS ||
           replace_peers(connection, changes + BEFORE_PEERS, count - BEFORE_PEERS, at_s);
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
    restore_rows(&restoring, "SELECT " PEER_COLUMNS " FROM peer", read_peer);
    return restoring.result;
}
