/* Runs statements on the registry's tables. Used by registry.c and registry_torrents.c. */
#ifndef SKEP_STORE_REGISTRY_QUERY_H
#define SKEP_STORE_REGISTRY_QUERY_H

#include <sqlite3.h>

#include "base/bytes.h"
#include "base/error.h"

struct registry_row;

struct registry {
    sqlite3 *db;
    sqlite3_stmt *version; /* prepared, since it is polled */
    bool busy;             /* the last failure was a lock of another writer */
    char failure[ERROR_LEN];
};

/* Returns `good`. If it is false, stores SQLite's error. */
bool registry_check(struct registry *registry, bool good);

/* Prepares a statement and binds its parameters. `types` has a letter for each: b for a struct
 * bytes (borrowed; NULL if empty), t for a string (copied), i for an int64_t. NULL if SQLite fails.
 */
sqlite3_stmt *registry_prepare(struct registry *registry, const char *sql, const char *types, ...);

/* Runs a statement that returns no rows, and finalizes it. False for NULL. */
bool registry_finish(struct registry *registry, sqlite3_stmt *statement);

/* The same. `*found`: at least one row was changed. */
bool registry_finish_change(struct registry *registry, sqlite3_stmt *statement, bool *found);

/* Calls `read` for each row until it returns false, and finalizes the statement. False if SQLite or
 * `read` fails, and for NULL. */
bool registry_each_row(struct registry *registry, sqlite3_stmt *rows,
                       bool (*read)(void *context, sqlite3_stmt *row), void *context);

/* Copies a column to `text`. Text that is too long is cut between two UTF-8 characters. */
void registry_copy_text(sqlite3_stmt *row, int column, char *text, size_t size);

struct registry_visit {
    void (*visit)(void *context, const struct registry_row *row);
    void *context;
};

#endif
