/* What the store writes: changes, secrets, all of it anew. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/store_state.h"

static void bind_bytes(sqlite3_stmt *statement, int place, const void *data, size_t len) {
    sqlite3_bind_blob(statement, place, data, (int)len, SQLITE_STATIC);
}

/* The statement with the torrent bound as its first parameter. */
static sqlite3_stmt *statement_for(struct store *store, enum statement which,
                                   const struct change *change) {
    sqlite3_stmt *statement = store->at.statements[which];
    bind_bytes(statement, 1, change->info_hash, INFO_HASH_LEN);
    return statement;
}

static bool put_torrent(struct store *store, const struct change *change, int64_t at_s) {
    sqlite3_stmt *statement = statement_for(store, PUT_TORRENT, change);
    sqlite3_bind_int64(statement, 2, change->downloaded);
    const uint32_t idle_s = change->kind == CHANGE_TORRENT ? change->age_s : 0;
    sqlite3_bind_int64(statement, 3, at_s - idle_s);
    return store_run(statement);
}

static bool drop_torrent(struct store *store, const struct change *change) {
    return store_run(statement_for(store, DROP_TORRENT, change));
}

static bool put_peer(struct store *store, const struct change *change, int64_t at_s) {
    sqlite3_stmt *statement = statement_for(store, PUT_PEER, change);
    bind_bytes(statement, 2, change->peer.wire, endpoint_len(change->peer.family));
    bind_bytes(statement, 3, change->peer_id, PEER_ID_LEN);
    sqlite3_bind_int64(statement, 4, change->key);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)change->left);
    sqlite3_bind_int(statement, 6, change->paused);
    sqlite3_bind_int(statement, 7, change->counted);
    sqlite3_bind_int64(statement, 8, change->interval_s);
    sqlite3_bind_int64(statement, 9, at_s - change->age_s);
    return store_run(statement);
}

static bool drop_peer(struct store *store, const struct change *change) {
    sqlite3_stmt *statement = statement_for(store, DROP_PEER, change);
    bind_bytes(statement, 2, change->peer.wire, endpoint_len(change->peer.family));
    return store_run(statement);
}

static bool write_change(struct store *store, const struct change *change, int64_t at_s) {
    switch (change->kind) {
    case CHANGE_PEER_JOINED:
    case CHANGE_PEER_UPDATED:
        return put_peer(store, change, at_s);
    case CHANGE_PEER_COMPLETED:
        return put_peer(store, change, at_s) && put_torrent(store, change, at_s);
    case CHANGE_PEER_LEFT:
    case CHANGE_PEER_EXPIRED:
    case CHANGE_PEER_MOVED:
        return drop_peer(store, change);
    case CHANGE_PEER_CONFIRMED:
        return true;
    case CHANGE_TORRENT:
        return change->downloaded == 0 || put_torrent(store, change, at_s);
    case CHANGE_TORRENT_FORGOTTEN:
        return drop_torrent(store, change);
    }
    return true;
}

bool store_write_changes(struct store *store) {
    struct change_queue *queue = &store->changes;
    if (queue->count == 0)
        return true;
    if (!store_begin(store))
        return false;
    for (size_t i = 0; i < queue->count; i++) {
        if (!write_change(store, &queue->list[i].change, queue->list[i].at_s))
            return store_rollback_with_error(store);
    }
    queue->count = 0;
    return true;
}

bool store_apply(struct store *store, const struct change *changes, size_t count) {
    struct change_queue *queue = &store->changes;
    const int64_t now_s = clock_unix_s();
    for (size_t i = 0; i < count; i++) {
        if (queue->count == STORE_CHANGES_WAITING_MAX && !store_write_changes(store))
            return false;
        queue->list[queue->count].change = changes[i];
        queue->list[queue->count++].at_s = now_s;
        store->pending++;
    }
    return true;
}

static bool read_secret(struct store *store, const char *name, void *secret, size_t len,
                        bool *was_there) {
    sqlite3_stmt *row = NULL;
    *was_there = false;
    if (sqlite3_prepare_v2(store->at.db, "SELECT value FROM secret WHERE name = ?1", -1, &row,
                           NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    const int result = sqlite3_step(row);
    if (result == SQLITE_ROW && sqlite3_column_bytes(row, 0) == (int)len) {
        memcpy(secret, sqlite3_column_blob(row, 0), len);
        *was_there = true;
    }
    sqlite3_finalize(row);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool write_secret(struct store *store, const char *name, const void *secret, size_t len) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->at.db,
                           "INSERT OR REPLACE INTO secret (name, value) VALUES (?1, ?2)", -1,
                           &statement, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    bind_bytes(statement, 2, secret, len);
    const bool good = store_run(statement);
    sqlite3_finalize(statement);
    return good;
}

bool store_exchange_secret(struct store *store, const char *name, const void *secret,
                           void *previous, size_t len, bool *was_there) {
    if (!store_begin(store))
        return false;
    if (!read_secret(store, name, previous, len, was_there) ||
        !write_secret(store, name, secret, len))
        return store_rollback_with_error(store);
    return store_commit(store);
}

bool store_clear(struct store *store) {
    if (!store_begin(store))
        return false;
    if (sqlite3_exec(store->at.db, "DELETE FROM peer; DELETE FROM torrent;", NULL, NULL, NULL) !=
        SQLITE_OK)
        return store_rollback_with_error(store);
    store->changes.count = 0;
    store->stale = false;
    return true;
}
