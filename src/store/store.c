#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/schema.h"

enum statement { PUT_PEER, DROP_PEER, PUT_TORRENT, DROP_TORRENT, STATEMENTS };

static const char *const statement_sql[STATEMENTS] = {
    [PUT_PEER] =
        "INSERT OR REPLACE INTO peer"
        " (info_hash, endpoint, peer_id, key, left, paused, counted)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [DROP_PEER] = "DELETE FROM peer WHERE info_hash = ?1 AND endpoint = ?2",
    [PUT_TORRENT] = "INSERT OR REPLACE INTO torrent (info_hash, downloaded) VALUES (?1, ?2)",
    [DROP_TORRENT] = "DELETE FROM torrent WHERE info_hash = ?1",
};

enum { HEADER_LEN = 100 }; /* of an SQLite file */

struct store {
    int lock; /* an open file that says: this database is in use */
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    bool in_transaction;
    size_t pending;
    char failure[STORE_ERROR_LEN];
};

/* The directory that the file is to lie in, if its parent is there: ./var on the first start. */
static void make_directory(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return;
    char directory[4096];
    const size_t len = (size_t)(slash - path);
    if (len >= sizeof directory)
        return;
    memcpy(directory, path, len);
    directory[len] = '\0';
    /* Where this fails, opening the file says why. */
    (void)mkdir(directory, 0750);
}

/* SQLite takes a file of a byte or so for an empty one, and would write over it. */
static bool worth_opening(int fd) {
    struct stat file;
    return fstat(fd, &file) == 0 && (file.st_size == 0 || file.st_size >= HEADER_LEN);
}

/* Locks by flock(2), since SQLite's own locks are of another kind; the descriptor must be closed
 * after SQLite's, because closing any one drops all of the process's POSIX locks on the file. */
static int lock_file(const char *path, char error[static STORE_ERROR_LEN]) {
    make_directory(path);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        snprintf(error, STORE_ERROR_LEN, "cannot open the database %s: %s", path, strerror(errno));
        return -1;
    }
    if (!worth_opening(fd)) {
        snprintf(error, STORE_ERROR_LEN, "cannot use the database %s: this is not a database",
                 path);
        close(fd);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const char *why = errno == EWOULDBLOCK ? "another skepd is using it" : strerror(errno);
        snprintf(error, STORE_ERROR_LEN, "cannot open the database %s: %s", path, why);
        close(fd);
        return -1;
    }
    return fd;
}

static bool prepare(struct store *store) {
    for (int i = 0; i < STATEMENTS; i++) {
        if (sqlite3_prepare_v3(store->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return false;
    }
    return true;
}

/* Nothing is written before the file is known to be ours. */
static bool open_database(struct store *store, const char *path,
                          char error[static SCHEMA_ERROR_LEN]) {
    if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        snprintf(error, SCHEMA_ERROR_LEN, "%s", sqlite3_errmsg(store->db));
        return false;
    }
    sqlite3_busy_timeout(store->db, 2000);
    if (!schema_migrate(store->db, schema_steps, schema_version, error))
        return false;
    /* NORMAL loses no commit to a crash of skepd; to a power cut it may lose the last few. */
    if (sqlite3_exec(store->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", NULL,
                     NULL, NULL) == SQLITE_OK &&
        prepare(store))
        return true;
    snprintf(error, SCHEMA_ERROR_LEN, "%s", sqlite3_errmsg(store->db));
    return false;
}

struct store *store_open(const char *path, char error[static STORE_ERROR_LEN]) {
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        snprintf(error, STORE_ERROR_LEN, "out of memory");
        return NULL;
    }
    store->lock = lock_file(path, error);
    if (store->lock < 0)
        goto out;
    char why[SCHEMA_ERROR_LEN];
    if (open_database(store, path, why))
        return store;
    snprintf(error, STORE_ERROR_LEN, "cannot use the database %.200s: %.250s", path, why);
out:
    store_close(store);
    return NULL;
}

void store_close(struct store *store) {
    if (store == NULL)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    if (store->lock >= 0)
        close(store->lock);
    free(store);
}

const char *store_failure(const struct store *store) {
    return store->failure;
}

size_t store_pending(const struct store *store) {
    return store->pending;
}

static bool fail(struct store *store) {
    snprintf(store->failure, sizeof store->failure, "%s", sqlite3_errmsg(store->db));
    if (store->in_transaction)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    store->in_transaction = false;
    store->pending = 0;
    return false;
}

static bool begin(struct store *store) {
    if (store->in_transaction)
        return true;
    if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return fail(store);
    store->in_transaction = true;
    return true;
}

static void bind_bytes(sqlite3_stmt *statement, int place, const void *data, size_t len) {
    sqlite3_bind_blob(statement, place, data, (int)len, SQLITE_STATIC);
}

/* The statement with the torrent bound as its first parameter. */
static sqlite3_stmt *statement_for(struct store *store, enum statement which,
                                   const struct change *change) {
    sqlite3_stmt *statement = store->statements[which];
    bind_bytes(statement, 1, change->info_hash, INFO_HASH_LEN);
    return statement;
}

static bool run(sqlite3_stmt *statement) {
    const bool good = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_reset(statement);
    return good;
}

static bool put_torrent(struct store *store, const struct change *change) {
    sqlite3_stmt *statement = statement_for(store, PUT_TORRENT, change);
    sqlite3_bind_int64(statement, 2, change->downloaded);
    return run(statement);
}

static bool drop_torrent(struct store *store, const struct change *change) {
    return run(statement_for(store, DROP_TORRENT, change));
}

static bool put_peer(struct store *store, const struct change *change) {
    sqlite3_stmt *statement = statement_for(store, PUT_PEER, change);
    bind_bytes(statement, 2, change->peer.wire, endpoint_len(change->peer.family));
    bind_bytes(statement, 3, change->peer_id, PEER_ID_LEN);
    sqlite3_bind_int64(statement, 4, change->key);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)change->left);
    sqlite3_bind_int(statement, 6, change->paused);
    sqlite3_bind_int(statement, 7, change->counted);
    return run(statement);
}

static bool drop_peer(struct store *store, const struct change *change) {
    sqlite3_stmt *statement = statement_for(store, DROP_PEER, change);
    bind_bytes(statement, 2, change->peer.wire, endpoint_len(change->peer.family));
    return run(statement);
}

static bool apply_one(struct store *store, const struct change *change) {
    switch (change->kind) {
    case CHANGE_PEER_JOINED:
    case CHANGE_PEER_UPDATED:
        return put_peer(store, change);
    case CHANGE_PEER_COMPLETED:
        return put_peer(store, change) && put_torrent(store, change);
    case CHANGE_PEER_LEFT:
    case CHANGE_PEER_EXPIRED:
    case CHANGE_PEER_MOVED:
        return drop_peer(store, change);
    case CHANGE_TORRENT:
        return change->downloaded == 0 || put_torrent(store, change);
    case CHANGE_TORRENT_FORGOTTEN:
        return drop_torrent(store, change);
    }
    return true;
}

bool store_apply(struct store *store, const struct change *changes, size_t count) {
    if (!begin(store))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!apply_one(store, &changes[i]))
            return fail(store);
    }
    store->pending += count;
    return true;
}

bool store_clear(struct store *store) {
    if (!begin(store))
        return false;
    if (sqlite3_exec(store->db, "DELETE FROM peer; DELETE FROM torrent;", NULL, NULL, NULL) !=
        SQLITE_OK)
        return fail(store);
    return true;
}

bool store_commit(struct store *store) {
    if (!store->in_transaction)
        return true;
    if (sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return fail(store);
    store->in_transaction = false;
    store->pending = 0;
    return true;
}

static bool column_bytes(sqlite3_stmt *statement, int column, void *data, size_t len) {
    if (sqlite3_column_bytes(statement, column) != (int)len)
        return false;
    memcpy(data, sqlite3_column_blob(statement, column), len);
    return true;
}

static bool read_torrent(sqlite3_stmt *row, struct change *change) {
    *change = (struct change){
        .kind = CHANGE_TORRENT,
        .downloaded = (uint32_t)sqlite3_column_int64(row, 1),
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
    };
    return column_bytes(row, 0, change->info_hash, INFO_HASH_LEN) &&
           column_bytes(row, 1, change->peer.wire, endpoint_len(change->peer.family)) &&
           column_bytes(row, 2, change->peer_id, PEER_ID_LEN);
}

/* A row that is not of our making is passed over. */
static bool restore_rows(struct store *store, const char *sql,
                         bool (*read)(sqlite3_stmt *row, struct change *change),
                         bool (*restore)(void *context, const struct change *change),
                         void *context) {
    sqlite3_stmt *rows = NULL;
    int result = sqlite3_prepare_v2(store->db, sql, -1, &rows, NULL);
    bool wanted = true;
    while (wanted && result != SQLITE_ERROR && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        struct change change;
        if (read(rows, &change))
            wanted = restore(context, &change);
    }
    const bool good = !wanted || result == SQLITE_DONE;
    if (!good)
        log_error("cannot read the database: %s", sqlite3_errmsg(store->db));
    sqlite3_finalize(rows);
    return good;
}

bool store_restore(struct store *store, bool (*restore)(void *context, const struct change *change),
                   void *context) {
    return restore_rows(store, "SELECT info_hash, downloaded FROM torrent", read_torrent, restore,
                        context) &&
           restore_rows(store,
                        "SELECT info_hash, endpoint, peer_id, key, left, paused, counted FROM peer",
                        read_peer, restore, context);
}

static bool read_secret(struct store *store, const char *name, void *secret, size_t len,
                        bool *was_there) {
    sqlite3_stmt *row = NULL;
    *was_there = false;
    if (sqlite3_prepare_v2(store->db, "SELECT value FROM secret WHERE name = ?1", -1, &row, NULL) !=
        SQLITE_OK)
        return false;
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    const int result = sqlite3_step(row);
    if (result == SQLITE_ROW)
        *was_there = column_bytes(row, 0, secret, len);
    sqlite3_finalize(row);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool write_secret(struct store *store, const char *name, const void *secret, size_t len) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->db, "INSERT OR REPLACE INTO secret (name, value) VALUES (?1, ?2)",
                           -1, &statement, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    bind_bytes(statement, 2, secret, len);
    const bool good = run(statement);
    sqlite3_finalize(statement);
    return good;
}

bool store_exchange_secret(struct store *store, const char *name, const void *secret,
                           void *previous, size_t len, bool *was_there) {
    if (!begin(store))
        return false;
    if (!read_secret(store, name, previous, len, was_there) ||
        !write_secret(store, name, secret, len))
        return fail(store);
    return store_commit(store);
}
