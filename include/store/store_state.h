/* What the parts of the store share: its inside. Not for other modules.
 *
 * store.c opens the file and looks after it, store_changes.c writes, store_restore.c reads. */
#ifndef SKEP_STORE_STORE_STATE_H
#define SKEP_STORE_STORE_STATE_H

#include <sqlite3.h>
#include <stdint.h>
#include <sys/stat.h>

#include "store/schema.h"
#include "store/store.h"

enum statement { PUT_PEER, DROP_PEER, PUT_TORRENT, DROP_TORRENT, STATEMENTS };

/* An open database file. */
struct connection {
    int lock;             /* an open file that says: this database is in use; or -1 */
    struct stat file;     /* the one that `lock` holds */
    struct stat log_file; /* SQLite's -wal */
    sqlite3 *db;          /* NULL while there is none */
    sqlite3_stmt *statements[STATEMENTS];
};

struct store {
    char *path;
    struct connection at;
    bool in_transaction;
    bool stale;
    bool suspect; /* the last failure was one that reopening may mend */
    size_t pending;
    char failure[STORE_ERROR_LEN];
};

/* Begins a transaction if there is none. False if SQLite refuses. */
bool store_begin(struct store *store);

/* Rolls back what was not committed and keeps the reason, which SQLite still knows. False, always.
 */
bool store_fail(struct store *store);

/* Puts the damaged file aside and goes on with a new one, which is to be written anew. False and
 * one line in `error` if there is none to be had. */
bool store_begin_anew(struct store *store, const char *why, char error[static STORE_ERROR_LEN]);

/* What is wrong with the database, in one line: an integrity check answers in several. */
void store_explain(char why[static SCHEMA_ERROR_LEN], const char *text);

enum check { CHECK_SOUND, CHECK_DAMAGED, CHECK_FAILED };

/* Looks for what the rows do not show: pages lost, used twice, out of order. Unless the file is
 * sound, `why` says what is wrong with it, or why it could not be read. */
enum check store_check(struct store *store, char why[static SCHEMA_ERROR_LEN]);

#endif
