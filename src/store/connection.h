/* A connection to the database file: opens it under a lock, prepares statements, and begins,
 * commits and rolls back transactions. One thread at a time. */
#ifndef SKEP_STORE_CONNECTION_H
#define SKEP_STORE_CONNECTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

enum { CONNECTION_STATEMENTS_MAX = 64 };

struct connection {
    int lock;             /* descriptor that holds the lock on the file, or -1 */
    struct stat file;     /* of `lock` */
    struct stat log_file; /* of SQLite's -wal; st_ino is 0 if it does not exist */
    sqlite3 *db;          /* NULL while no database is open */
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } statements[CONNECTION_STATEMENTS_MAX];
    int statement_count;
    bool in_transaction;
};

enum connection_result {
    CONNECTION_GOOD,
    CONNECTION_REFUSED, /* not ours, locked, unreadable for now, or no memory */
    CONNECTION_DAMAGED, /* ours, but the file or its tables are damaged */
};

/* Locks and opens the file, creates it if missing, and migrates its schema. Nothing is written
 * before the file is known to be ours. If the result is not CONNECTION_GOOD, the reason is in
 * `why`, and in `error` with the path; the connection may still be half open, for a salvage, and
 * must be closed. */
enum connection_result connection_open(struct connection *connection, const char *path,
                                       char why[static ERROR_LEN], char error[static ERROR_LEN]);

/* Closes SQLite's connection and opens it again under the same lock, so that no other process can
 * take the file in between. Results as connection_open. */
enum connection_result connection_reopen(struct connection *connection, const char *path,
                                         char why[static ERROR_LEN], char error[static ERROR_LEN]);

/* Discards uncommitted changes. */
void connection_close(struct connection *connection);

/* Path of SQLite's -wal. */
const char *connection_log_path(const struct connection *connection);

/* Leaves the -wal unmerged when the connection is closed: for a file that is damaged or not ours.
 */
void connection_keep_log(struct connection *connection);

/* The prepared statement for `sql`, a constant whose address is the key of the cache. NULL if it
 * cannot be prepared, or if the cache is full. */
sqlite3_stmt *connection_statement(struct connection *connection, const char *sql);

/* Runs a statement that returns no rows, and resets it. False if SQLite fails, and for NULL. */
bool connection_run(sqlite3_stmt *statement);

/* Begins a transaction if none is open. False if SQLite fails. */
bool connection_begin(struct connection *connection);

/* Commits the open transaction, if any. False if SQLite fails; it is then still open. */
bool connection_commit(struct connection *connection);

/* Runs the statements of `sql`, which return no rows. False if SQLite fails. */
bool connection_execute(struct connection *connection, const char *sql);

void connection_rollback(struct connection *connection);

/* Copies a message of SQLite as one line; an integrity check returns several. */
void connection_explain(char why[static ERROR_LEN], const char *text);

/* Runs SQLite's quick_check, which reads the whole file. CONNECTION_REFUSED if the check itself
 * could not run. Unless the result is CONNECTION_GOOD, the reason is in `why`. */
enum connection_result connection_check(struct connection *connection, char why[static ERROR_LEN]);

#endif
