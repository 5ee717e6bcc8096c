/* What the parts of the registry share: its inside. Not for other modules.
 *
 * registry.c opens the database and looks after passkeys and bans, registry_torrents.c after
 * torrents and their files. */
#ifndef SKEP_STORE_REGISTRY_STATE_H
#define SKEP_STORE_REGISTRY_STATE_H

#include <sqlite3.h>

#include "base/error.h"
#include "store/registry.h"

struct registry {
    sqlite3 *db;
    sqlite3_stmt *version;
    bool busy; /* the last failure was for want of a lock */
    char failure[ERROR_LEN];
};

/* `good`; where it is false, SQLite's reason is kept. */
bool registry_note(struct registry *registry, bool good);

/* A statement with its parameters bound as `types` says, one letter each: b a struct bytes, which
 * is borrowed and NULL where it is empty; t a text; i an int64_t. NULL if SQLite refuses. */
sqlite3_stmt *registry_prepare(struct registry *registry, const char *sql, const char *types, ...);

/* Runs a statement that has no rows, and ends it. NULL counts as refused. */
bool registry_finish(struct registry *registry, sqlite3_stmt *statement);

/* The same; `*found` says whether it changed anything. */
bool registry_finish_change(struct registry *registry, sqlite3_stmt *statement, bool *found);

/* Calls `read` for each row and ends the statement; stops where that returns false. */
bool registry_each_row(struct registry *registry, sqlite3_stmt *rows,
                       bool (*read)(void *context, sqlite3_stmt *row), void *context);

/* What does not fit is cut off, but not in the middle of a character of UTF-8. */
void registry_copy_text(sqlite3_stmt *row, int column, char *text, size_t size);

/* False where it has another length. */
bool registry_copy_blob(sqlite3_stmt *row, int column, uint8_t *data, size_t len);

struct registry_visit {
    registry_visitor visit;
    void *context;
};

#endif
