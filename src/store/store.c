#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/database_file.h"
#include "store/database_salvage.h"
#include "store/store_state.h"

/* For who else has the file locked; a stop must not wait for long. */
enum { BUSY_PATIENCE_MS = 250 };

enum opened { OPENED, OPEN_REFUSED, OPEN_DAMAGED };

void store_explain(char why[static ERROR_LEN], const char *text) {
    snprintf(why, ERROR_LEN, "%s", text);
    for (char *c = why; *c != '\0'; c++) {
        if (*c == '\n')
            *c = ' ';
    }
}

static const char *log_path(const struct connection *at) {
    return sqlite3_filename_wal(sqlite3_db_filename(at->db, "main"));
}

/* Whether closing carries the -wal over into the database, and removes it. */
static void set_checkpoint_on_close(struct connection *at, bool wanted) {
    sqlite3_db_config(at->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !wanted, NULL);
}

/* A file that turns out not to be ours, or damaged, stays as it is. */
static void leave_log_alone(struct connection *at) {
    struct stat file;
    if (stat(log_path(at), &file) == 0 && file.st_size > 0)
        set_checkpoint_on_close(at, false);
}

/* FULL: what was committed outlives a power cut, too. The last statement reads, so that the -wal is
 * there. */
static const char SET_UP[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA user_version;";

static enum opened set_up(struct connection *at, char why[static ERROR_LEN]) {
    if (sqlite3_exec(at->db, SET_UP, NULL, NULL, NULL) == SQLITE_OK && store_prepare(at))
        return OPENED;
    store_explain(why, sqlite3_errmsg(at->db));
    /* A plain error: a table or column of ours is missing. */
    const int result = sqlite3_extended_errcode(at->db);
    return schema_is_damage(result) || result == SQLITE_ERROR ? OPEN_DAMAGED : OPEN_REFUSED;
}

/* Nothing is written before the file is known to be ours. */
static enum opened open_database(struct connection *at, const char *path,
                                 char why[static ERROR_LEN]) {
    if (sqlite3_open_v2(path, &at->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        store_explain(why, sqlite3_errmsg(at->db));
        return OPEN_REFUSED;
    }
    sqlite3_busy_timeout(at->db, BUSY_PATIENCE_MS);
    leave_log_alone(at);
    switch (schema_migrate(at->db, schema_steps, schema_version, why)) {
    case SCHEMA_GOOD:
        break;
    case SCHEMA_REFUSED:
        return OPEN_REFUSED;
    case SCHEMA_DAMAGED:
        return OPEN_DAMAGED;
    }
    const enum opened result = set_up(at, why);
    if (result == OPENED)
        set_checkpoint_on_close(at, true);
    return result;
}

static void close_database(struct connection *at) {
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(at->statements[i]);
        at->statements[i] = NULL;
    }
    sqlite3_close(at->db);
    at->db = NULL;
}

static void close_connection(struct connection *at) {
    close_database(at);
    if (at->lock >= 0)
        close(at->lock);
    at->lock = -1;
}

/* There is no -wal where the file system cannot share memory. */
static bool remember_files(struct connection *at) {
    if (stat(log_path(at), &at->log_file) != 0)
        at->log_file.st_ino = 0;
    return fstat(at->lock, &at->file) == 0;
}

/* Opens the database in the file that is locked already. */
static enum opened open_locked(struct connection *at, const char *path, char why[static ERROR_LEN],
                               char error[static ERROR_LEN]) {
    enum opened result = open_database(at, path, why);
    if (result == OPENED && !remember_files(at)) {
        store_explain(why, strerror(errno));
        result = OPEN_REFUSED;
    }
    if (result == OPEN_DAMAGED && !database_file_is_ours(at->lock))
        result = OPEN_REFUSED;
    if (result != OPENED)
        error_set(error, "cannot use the database %.200s: %.250s", path, why);
    return result;
}

static enum opened open_connection(struct connection *at, const char *path,
                                   char why[static ERROR_LEN], char error[static ERROR_LEN]) {
    *at = (struct connection){ .lock = database_file_lock(path, error) };
    return at->lock < 0 ? OPEN_REFUSED : open_locked(at, path, why, error);
}

static bool quarantine_file(struct store *store, const char *why, char error[static ERROR_LEN]) {
    char aside[DATABASE_FILE_PATH_LEN];
    store->stale = true;
    if (!database_file_set_aside(store->path, aside, error))
        return false;
    log_error("the database %.200s is damaged (%.250s); it is kept as %.300s, a new one is begun",
              store->path, why, aside);
    return true;
}

/* Brings what memory does not hold from the old file to a new one. */
static bool salvage_from(struct store *store, const struct connection *fresh,
                         char error[static ERROR_LEN]) {
    bool complete;
    if (store->at.db == NULL || !database_salvage_is_wanted(fresh->db))
        return true;
    if (!database_salvage(store->at.db, fresh->db, &complete)) {
        error_set(error, "cannot write the database %.200s: %.250s", store->path,
                  sqlite3_errmsg(fresh->db));
        return false;
    }
    if (!complete)
        log_error(
            "not all torrents, passkeys, bans and figures of the old database could be read; "
            "please "
            "look at what `skepctl` lists");
    return true;
}

/* Goes over to the file that lies at the path now, or to a new one. Where that fails, the old one
 * is kept, if only for what it holds. */
static bool open_current_file(struct store *store, char error[static ERROR_LEN]) {
    struct connection fresh;
    char why[ERROR_LEN];
    if (store->at.db != NULL)
        database_file_drop_log(log_path(&store->at), &store->at.log_file);
    const enum opened result = open_connection(&fresh, store->path, why, error);
    if (result == OPENED && salvage_from(store, &fresh, error)) {
        close_connection(&store->at);
        store->at = fresh;
        return true;
    }
    if (result != OPEN_DAMAGED || !quarantine_file(store, why, error)) {
        close_connection(&fresh);
        return false;
    }
    if (store->at.db == NULL)
        store->at = fresh;
    else
        close_connection(&fresh);
    return open_current_file(store, error);
}

static void forget_transaction(struct store *store) {
    store->in_transaction = false;
    store->pending = 0;
    store->changes.count = 0;
}

bool store_start_new_file(struct store *store, const char *why, char error[static ERROR_LEN]) {
    leave_log_alone(&store->at);
    forget_transaction(store);
    return quarantine_file(store, why, error) && open_current_file(store, error);
}

struct store *store_open(const char *path, char error[static ERROR_LEN]) {
    struct store *store = calloc(1, sizeof *store);
    char *copy = strdup(path);
    if (store == NULL || copy == NULL) {
        error_set(error, "out of memory");
        free(store);
        free(copy);
        return NULL;
    }
    store->path = copy;
    store->at.lock = -1;
    if (open_current_file(store, error))
        return store;
    store_close(store);
    return NULL;
}

void store_close(struct store *store) {
    if (store == NULL)
        return;
    close_connection(&store->at);
    store_drop_history(store);
    free(store->path);
    free(store);
}

static bool has_file(const struct store *store) {
    return store->at.lock >= 0 && database_file_is_same(store->path, &store->at.file);
}

static bool has_log(const struct store *store) {
    return store->at.log_file.st_ino == 0 ||
           database_file_is_same(log_path(&store->at), &store->at.log_file);
}

/* The file stays locked: closing its descriptor would drop SQLite's locks, too. */
static bool open_again(struct store *store) {
    char why[ERROR_LEN];
    close_database(&store->at);
    const enum opened result = open_locked(&store->at, store->path, why, store->failure);
    if (result == OPENED && store_check(store, why) != CHECK_DAMAGED)
        return true;
    return result != OPEN_REFUSED && store_start_new_file(store, why, store->failure);
}

bool store_refresh(struct store *store) {
    const bool same = has_file(store);
    if (!store->suspect && same && store->at.db != NULL && has_log(store))
        return true;
    store->stale = true;
    forget_transaction(store);
    store->suspect = !(same ? open_again(store) : open_current_file(store, store->failure));
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

bool store_is_writing(const struct store *store) {
    return store->in_transaction;
}

/* A full disk or a lock goes away by itself; anything else may need the file to be opened again. */
static bool reopening_may_mend(int result) {
    return result != SQLITE_FULL && result != SQLITE_BUSY && result != SQLITE_NOMEM;
}

bool store_rollback_with_error(struct store *store) {
    snprintf(store->failure, sizeof store->failure, "%s", sqlite3_errmsg(store->at.db));
    store->suspect = reopening_may_mend(sqlite3_errcode(store->at.db));
    store->stale = true;
    if (store->in_transaction)
        sqlite3_exec(store->at.db, "ROLLBACK", NULL, NULL, NULL);
    forget_transaction(store);
    return false;
}

bool store_begin(struct store *store) {
    if (store->in_transaction)
        return true;
    if (store->at.db == NULL)
        return false;
    if (sqlite3_exec(store->at.db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return store_rollback_with_error(store);
    store->in_transaction = true;
    return true;
}

bool store_commit(struct store *store) {
    if (!store_write_changes(store) || (store_history_waits(store) && !store_write_history(store)))
        return false;
    if (!store->in_transaction)
        return true;
    if (sqlite3_exec(store->at.db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return store_rollback_with_error(store);
    store->in_transaction = false;
    store->pending = 0;
    history_clear_queue(store);
    return true;
}

const char *store_library_version(void) {
    return sqlite3_libversion();
}
