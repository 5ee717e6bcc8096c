#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/database_file.h"
#include "store/store_state.h"

static const char *const statement_sql[STATEMENTS] = {
    [PUT_PEER] =
        "INSERT OR REPLACE INTO peer"
        " (info_hash, endpoint, peer_id, key, left, paused, counted)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [DROP_PEER] = "DELETE FROM peer WHERE info_hash = ?1 AND endpoint = ?2",
    [PUT_TORRENT] = "INSERT OR REPLACE INTO torrent (info_hash, downloaded) VALUES (?1, ?2)",
    [DROP_TORRENT] = "DELETE FROM torrent WHERE info_hash = ?1",
};

/* For who else has the file locked; a stop must not wait for long. */
enum { BUSY_PATIENCE_MS = 250 };

enum opened { OPENED, OPEN_REFUSED, OPEN_DAMAGED };

void store_explain(char why[static SCHEMA_ERROR_LEN], const char *text) {
    snprintf(why, SCHEMA_ERROR_LEN, "%s", text);
    for (char *c = why; *c != '\0'; c++) {
        if (*c == '\n')
            *c = ' ';
    }
}

static bool prepare(struct store *store) {
    for (int i = 0; i < STATEMENTS; i++) {
        if (sqlite3_prepare_v3(store->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return false;
    }
    return true;
}

static const char *log_path(const struct store *store) {
    return sqlite3_filename_wal(sqlite3_db_filename(store->db, "main"));
}

/* Whether closing carries the -wal over into the database, and removes it. */
static void set_checkpoint_on_close(struct store *store, bool wanted) {
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !wanted, NULL);
}

/* A file that turns out not to be ours, or damaged, stays as it is. */
static void leave_log_alone(struct store *store) {
    struct stat file;
    if (stat(log_path(store), &file) == 0 && file.st_size > 0)
        set_checkpoint_on_close(store, false);
}

/* NORMAL loses no commit to a crash of skepd; to a power cut it may lose the last few. The last one
 * reads, so that the -wal is there. */
static const char SET_UP[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA user_version;";

static enum opened set_up(struct store *store, char why[static SCHEMA_ERROR_LEN]) {
    if (sqlite3_exec(store->db, SET_UP, NULL, NULL, NULL) == SQLITE_OK && prepare(store))
        return OPENED;
    store_explain(why, sqlite3_errmsg(store->db));
    /* A plain error: a table or column of ours is missing. */
    const int result = sqlite3_extended_errcode(store->db);
    return schema_is_damage(result) || result == SQLITE_ERROR ? OPEN_DAMAGED : OPEN_REFUSED;
}

/* Nothing is written before the file is known to be ours. */
static enum opened open_database(struct store *store, char why[static SCHEMA_ERROR_LEN]) {
    if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        store_explain(why, sqlite3_errmsg(store->db));
        return OPEN_REFUSED;
    }
    sqlite3_busy_timeout(store->db, BUSY_PATIENCE_MS);
    leave_log_alone(store);
    switch (schema_migrate(store->db, schema_steps, schema_version, why)) {
    case SCHEMA_GOOD:
        break;
    case SCHEMA_REFUSED:
        return OPEN_REFUSED;
    case SCHEMA_DAMAGED:
        return OPEN_DAMAGED;
    }
    const enum opened result = set_up(store, why);
    if (result == OPENED)
        set_checkpoint_on_close(store, true);
    return result;
}

static void close_database(struct store *store) {
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
    sqlite3_close(store->db);
    store->db = NULL;
    store->in_transaction = false;
    store->pending = 0;
}

static void close_file(struct store *store) {
    close_database(store);
    if (store->lock >= 0)
        close(store->lock);
    store->lock = -1;
}

/* There is no -wal where the file system cannot share memory. */
static bool remember_files(struct store *store) {
    if (stat(log_path(store), &store->log_file) != 0)
        store->log_file.st_ino = 0;
    return fstat(store->lock, &store->file) == 0;
}

static enum opened open_file(struct store *store, char why[static SCHEMA_ERROR_LEN],
                             char error[static STORE_ERROR_LEN]) {
    store->lock = database_file_lock(store->path, error);
    if (store->lock < 0)
        return OPEN_REFUSED;
    enum opened result = open_database(store, why);
    if (result == OPENED && !remember_files(store)) {
        store_explain(why, strerror(errno));
        result = OPEN_REFUSED;
    }
    if (result == OPEN_DAMAGED && !database_file_is_ours(store->lock))
        result = OPEN_REFUSED;
    if (result != OPENED)
        snprintf(error, STORE_ERROR_LEN, "cannot use the database %.200s: %.250s", store->path,
                 why);
    return result;
}

bool store_begin_anew(struct store *store, const char *why, char error[static STORE_ERROR_LEN]) {
    char aside[DATABASE_FILE_PATH_LEN];
    if (store->db != NULL)
        leave_log_alone(store);
    close_database(store);
    store->stale = true;
    const bool moved = database_file_set_aside(store->path, aside, error);
    close_file(store);
    if (!moved)
        return false;
    log_error("the database %.200s is damaged (%.250s); it is kept as %.300s, a new one is begun",
              store->path, why, aside);
    char ignored[SCHEMA_ERROR_LEN];
    return open_file(store, ignored, error) == OPENED;
}

static bool open_or_begin_anew(struct store *store, char error[static STORE_ERROR_LEN]) {
    char why[SCHEMA_ERROR_LEN];
    const enum opened result = open_file(store, why, error);
    if (result == OPENED || (result == OPEN_DAMAGED && store_begin_anew(store, why, error)))
        return true;
    close_file(store);
    return false;
}

struct store *store_open(const char *path, char error[static STORE_ERROR_LEN]) {
    struct store *store = calloc(1, sizeof *store);
    char *copy = strdup(path);
    if (store == NULL || copy == NULL) {
        snprintf(error, STORE_ERROR_LEN, "out of memory");
        free(store);
        free(copy);
        return NULL;
    }
    store->path = copy;
    store->lock = -1;
    if (open_or_begin_anew(store, error))
        return store;
    store_close(store);
    return NULL;
}

void store_close(struct store *store) {
    if (store == NULL)
        return;
    close_file(store);
    free(store->path);
    free(store);
}

static bool is_in_place(const struct store *store) {
    return store->db != NULL && database_file_is_same(store->path, &store->file) &&
           (store->log_file.st_ino == 0 ||
            database_file_is_same(log_path(store), &store->log_file));
}

static bool reopen(struct store *store) {
    char why[SCHEMA_ERROR_LEN];
    if (!open_or_begin_anew(store, store->failure))
        return false;
    return store_check(store, why) != CHECK_DAMAGED || store_begin_anew(store, why, store->failure);
}

bool store_refresh(struct store *store) {
    if (!store->suspect && is_in_place(store))
        return true;
    close_file(store);
    store->stale = true;
    store->suspect = !reopen(store);
    return !store->suspect;
}

bool store_is_stale(const struct store *store) {
    return store->stale;
}

void store_mark_stale(struct store *store) {
    store->stale = true;
}

const char *store_failure(const struct store *store) {
    return store->failure;
}

size_t store_pending(const struct store *store) {
    return store->pending;
}

/* A full disk or a lock goes away by itself; anything else may need the file to be opened again. */
static bool reopening_may_mend(int result) {
    return result != SQLITE_FULL && result != SQLITE_BUSY && result != SQLITE_NOMEM;
}

bool store_fail(struct store *store) {
    snprintf(store->failure, sizeof store->failure, "%s", sqlite3_errmsg(store->db));
    store->suspect = reopening_may_mend(sqlite3_errcode(store->db));
    store->stale = true;
    if (store->in_transaction)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    store->in_transaction = false;
    store->pending = 0;
    return false;
}

bool store_begin(struct store *store) {
    if (store->in_transaction)
        return true;
    if (store->db == NULL)
        return false;
    if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return store_fail(store);
    store->in_transaction = true;
    return true;
}

bool store_commit(struct store *store) {
    if (!store->in_transaction)
        return true;
    if (sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return store_fail(store);
    store->in_transaction = false;
    store->pending = 0;
    return true;
}
