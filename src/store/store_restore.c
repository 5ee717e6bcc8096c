/* What the store reads at the start: everything, and whether it is sound. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/store_state.h"

static bool column_bytes(sqlite3_stmt *statement, int column, void *data, size_t len) {
    if (sqlite3_column_bytes(statement, column) != (int)len)
        return false;
    memcpy(data, sqlite3_column_blob(statement, column), len);
    return true;
}

/* How long ago that was; a clock that has been put back makes it no time at all. */
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
    return column_bytes(row, 0, change->info_hash, INFO_HASH_LEN);
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
    };
    return column_bytes(row, 0, change->info_hash, INFO_HASH_LEN) &&
           column_bytes(row, 1, change->peer.wire, endpoint_len(change->peer.family)) &&
           column_bytes(row, 2, change->peer_id, PEER_ID_LEN);
}

struct restoring {
    struct store *store;
    bool (*restore)(void *context, const struct change *change);
    void *context;
    bool wanted; /* `restore` takes more */
    enum check result;
    char why[ERROR_LEN];
};

/* SQLite could not go on. */
static void note_failure(struct restoring *restoring) {
    sqlite3 *db = restoring->store->at.db;
    if (schema_is_damage(sqlite3_extended_errcode(db)))
        restoring->result = CHECK_DAMAGED;
    else if (restoring->result == CHECK_SOUND)
        restoring->result = CHECK_FAILED;
    store_explain(restoring->why, sqlite3_errmsg(db));
}

static void note_strange_row(struct restoring *restoring) {
    restoring->result = CHECK_DAMAGED;
    store_explain(restoring->why, "it holds rows that skepd did not write");
}

/* What can be read counts, even in a damaged file: peers of the past do no harm. */
static void restore_rows(struct restoring *restoring, const char *sql,
                         bool (*read)(sqlite3_stmt *row, struct change *change)) {
    sqlite3_stmt *rows = NULL;
    int result = sqlite3_prepare_v2(restoring->store->at.db, sql, -1, &rows, NULL);
    while (restoring->wanted && rows != NULL && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        struct change change;
        if (read(rows, &change))
            restoring->wanted = restoring->restore(restoring->context, &change);
        else
            note_strange_row(restoring);
    }
    if (rows == NULL || (restoring->wanted && result != SQLITE_DONE))
        note_failure(restoring);
    sqlite3_finalize(rows);
}

enum check store_check(struct store *store, char why[static ERROR_LEN]) {
    sqlite3_stmt *row = NULL;
    enum check result = CHECK_SOUND;
    sqlite3_prepare_v2(store->at.db, "PRAGMA quick_check(1)", -1, &row, NULL);
    if (row == NULL || sqlite3_step(row) != SQLITE_ROW) {
        result =
            schema_is_damage(sqlite3_extended_errcode(store->at.db)) ? CHECK_DAMAGED : CHECK_FAILED;
        store_explain(why, sqlite3_errmsg(store->at.db));
    } else if (strcmp((const char *)sqlite3_column_text(row, 0), "ok") != 0) {
        result = CHECK_DAMAGED;
        store_explain(why, (const char *)sqlite3_column_text(row, 0));
    }
    sqlite3_finalize(row);
    return result;
}

bool store_restore(struct store *store, bool (*restore)(void *context, const struct change *change),
                   void *context) {
    struct restoring restoring = {
        .store = store, .restore = restore, .context = context, .wanted = true
    };
    restore_rows(&restoring, "SELECT info_hash, downloaded, idle_since_s FROM torrent",
                 read_torrent);
    restore_rows(&restoring,
                 "SELECT info_hash, endpoint, peer_id, key, left, paused, counted,"
                 " interval_s, since_s FROM peer",
                 read_peer);
    if (restoring.result == CHECK_SOUND)
        restoring.result = store_check(store, restoring.why);
    if (restoring.result == CHECK_DAMAGED)
        return store_start_new_file(store, restoring.why, store->failure);
    if (restoring.result == CHECK_FAILED)
        snprintf(store->failure, sizeof store->failure, "%s", restoring.why);
    return restoring.result == CHECK_SOUND;
}
