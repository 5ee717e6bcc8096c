#include "store/connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/database_file.h"
#include "store/schema.h"

/* Another process may hold SQLite's lock; a shutdown must not wait long for it. */
enum { BUSY_TIMEOUT_MS = 250 };

/* FULL: a commit survives a power failure. The last statement reads, so that the -wal exists
 * afterwards. */
static const char SET_UP[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA user_version;";

void connection_explain(char why[static ERROR_LEN], const char *text) {
    snprintf(why, ERROR_LEN, "%s", text);
    for (char *c = why; *c != '\0'; c++) {
        if (*c == '\n')
            *c = ' ';
    }
}

const char *connection_log_path(const struct connection *connection) {
    return sqlite3_filename_wal(sqlite3_db_filename(connection->db, "main"));
}

static void set_checkpoint_on_close(struct connection *connection, bool wanted) {
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !wanted, NULL);
}

void connection_keep_log(struct connection *connection) {
    struct stat file;
    if (stat(connection_log_path(connection), &file) == 0 && file.st_size > 0)
        set_checkpoint_on_close(connection, false);
}

static enum connection_result set_up(struct connection *connection, char why[static ERROR_LEN]) {
    if (connection_execute(connection, SET_UP) && schema_has_tables(connection->db))
        return CONNECTION_GOOD;
    connection_explain(why, sqlite3_errmsg(connection->db));
    /* SQLITE_ERROR: a table or column is missing. */
    const int result = sqlite3_extended_errcode(connection->db);
    return schema_is_damage(result) || result == SQLITE_ERROR ? CONNECTION_DAMAGED
                                                              : CONNECTION_REFUSED;
}

static enum connection_result open_database(struct connection *connection, const char *path,
                                            char why[static ERROR_LEN]) {
    if (sqlite3_open_v2(path, &connection->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        connection_explain(why, sqlite3_errmsg(connection->db));
        return CONNECTION_REFUSED;
    }
    sqlite3_busy_timeout(connection->db, BUSY_TIMEOUT_MS);
    connection_keep_log(connection);
    switch (schema_migrate(connection->db, schema_steps, schema_version, why)) {
    case SCHEMA_GOOD:
        break;
    case SCHEMA_REFUSED:
        return CONNECTION_REFUSED;
    case SCHEMA_DAMAGED:
        return CONNECTION_DAMAGED;
    }
    const enum connection_result result = set_up(connection, why);
    if (result == CONNECTION_GOOD)
        set_checkpoint_on_close(connection, true);
    return result;
}

static void close_database(struct connection *connection) {
    for (int i = 0; i < connection->statement_count; i++)
        sqlite3_finalize(connection->statements[i].statement);
    connection->statement_count = 0;
    connection->in_transaction = false;
    sqlite3_close(connection->db);
    connection->db = NULL;
}

void connection_close(struct connection *connection) {
    close_database(connection);
    if (connection->lock >= 0)
        close(connection->lock);
    connection->lock = -1;
}

/* There is no -wal on a file system without shared memory: SQLite then keeps a rollback journal. */
static bool remember_files(struct connection *connection) {
    if (stat(connection_log_path(connection), &connection->log_file) != 0)
        connection->log_file.st_ino = 0;
    return fstat(connection->lock, &connection->file) == 0;
}

static enum connection_result open_locked(struct connection *connection, const char *path,
                                          char why[static ERROR_LEN],
                                          char error[static ERROR_LEN]) {
    enum connection_result result = open_database(connection, path, why);
    if (result == CONNECTION_GOOD && !remember_files(connection)) {
        connection_explain(why, strerror(errno));
        result = CONNECTION_REFUSED;
    }
    if (result == CONNECTION_DAMAGED && !database_file_is_ours(connection->lock))
        result = CONNECTION_REFUSED;
    if (result != CONNECTION_GOOD)
        error_set(error, "cannot use the database %.200s: %.250s", path, why);
    return result;
}

enum connection_result connection_open(struct connection *connection, const char *path,
                                       char why[static ERROR_LEN], char error[static ERROR_LEN]) {
    *connection = (struct connection){ .lock = database_file_lock(path, error) };
    return connection->lock < 0 ? CONNECTION_REFUSED : open_locked(connection, path, why, error);
}

enum connection_result connection_reopen(struct connection *connection, const char *path,
                                         char why[static ERROR_LEN], char error[static ERROR_LEN]) {
    close_database(connection);
    return open_locked(connection, path, why, error);
}

sqlite3_stmt *connection_statement(struct connection *connection, const char *sql) {
    for (int i = 0; i < connection->statement_count; i++) {
        if (connection->statements[i].sql == sql)
            return connection->statements[i].statement;
    }
    sqlite3_stmt *statement = NULL;
    if (connection->statement_count == CONNECTION_STATEMENTS_MAX ||
        sqlite3_prepare_v3(connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
            SQLITE_OK)
        return NULL;
    connection->statements[connection->statement_count].sql = sql;
    connection->statements[connection->statement_count++].statement = statement;
    return statement;
}

bool connection_run(sqlite3_stmt *statement) {
    if (statement == NULL)
        return false;
    const bool good = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_reset(statement);
    return good;
}

bool connection_execute(struct connection *connection, const char *sql) {
    return sqlite3_exec(connection->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

bool connection_begin(struct connection *connection) {
    if (!connection->in_transaction)
        connection->in_transaction = connection_execute(connection, "BEGIN IMMEDIATE");
    return connection->in_transaction;
}

bool connection_commit(struct connection *connection) {
    if (connection->in_transaction && !connection_execute(connection, "COMMIT"))
        return false;
    connection->in_transaction = false;
    return true;
}

void connection_rollback(struct connection *connection) {
    if (connection->in_transaction)
        (void)connection_execute(connection, "ROLLBACK");
    connection->in_transaction = false;
}

enum connection_result connection_check(struct connection *connection, char why[static ERROR_LEN]) {
    sqlite3_stmt *row = NULL;
    enum connection_result result = CONNECTION_GOOD;
    sqlite3_prepare_v2(connection->db, "PRAGMA quick_check(1)", -1, &row, NULL);
    if (row == NULL || sqlite3_step(row) != SQLITE_ROW) {
        const bool damage = schema_is_damage(sqlite3_extended_errcode(connection->db));
        result = damage ? CONNECTION_DAMAGED : CONNECTION_REFUSED;
        connection_explain(why, sqlite3_errmsg(connection->db));
    } else if (strcmp((const char *)sqlite3_column_text(row, 0), "ok") != 0) {
        result = CONNECTION_DAMAGED;
        connection_explain(why, (const char *)sqlite3_column_text(row, 0));
    }
    sqlite3_finalize(row);
    return result;
}
