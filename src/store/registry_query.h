/* Runs statements on the registry's tables. Used by registry_rows.c and registry_writer.c. */
#ifndef SKEP_STORE_REGISTRY_QUERY_H
#define SKEP_STORE_REGISTRY_QUERY_H

#include <sqlite3.h>

#include "base/bytes.h"
#include "base/error.h"

struct registry_rows {
    sqlite3 *db;
    bool busy; /* the last failure was a lock of another writer */
    char failure[ERROR_LEN];
};

/* Returns `good`. If it is false, stores SQLite's error. */
bool registry_check(struct registry_rows *rows, bool good);

/* Prepares a statement and binds its parameters. `types` has a letter for each: b for a struct
 * bytes (borrowed; NULL if empty), t for a string (copied), i for an int64_t. NULL if SQLite fails.
 */
sqlite3_stmt *registry_prepare(struct registry_rows *rows, const char *sql, const char *types, ...);

/* Runs a statement that returns no rows, and finalizes it. False for NULL. */
bool registry_finish(struct registry_rows *rows, sqlite3_stmt *statement);

/* The same. `*found`: at least one row was changed. */
bool registry_finish_change(struct registry_rows *rows, sqlite3_stmt *statement, bool *found);

/* Calls `read` for each row until it returns false, and finalizes the statement. False if SQLite or
 * `read` fails, and for NULL. */
bool registry_each_row(struct registry_rows *rows, sqlite3_stmt *statement,
                       bool (*read)(void *context, sqlite3_stmt *row), void *context);

/* Reads a number; `sql` has one row and column. */
bool registry_read_number(struct registry_rows *rows, const char *sql, int64_t *number);

/* Copies a column to `text`. Text that is too long is cut between two UTF-8 characters. */
void registry_copy_text(sqlite3_stmt *row, int column, char *text, size_t size);

#endif
