/* What the parts of the store share: its inside. Not for other modules.
 *
 * store.c opens the file and looks after it, store_changes.c and store_history.c write,
 * store_restore.c reads; what they say to SQLite stands in store_statements.c. */
#ifndef SKEP_STORE_STORE_STATE_H
#define SKEP_STORE_STORE_STATE_H

#include <sqlite3.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "store/history.h"
#include "store/schema.h"
#include "store/store.h"

enum statement {
    PUT_PEER,
    DROP_PEER,
    PUT_TORRENT,
    DROP_TORRENT,
    PUT_SAMPLE,
    TRIM_SAMPLES,
    PUT_TORRENT_SAMPLE,
    TRIM_TORRENT_SAMPLES_BEHIND,
    TRIM_TORRENT_SAMPLES_AHEAD,
    PUT_COMPLETION,
    TRIM_COMPLETIONS,
    STATEMENTS,
};

/* An open database file. */
struct connection {
    int lock;             /* an open file that says: this database is in use; or -1 */
    struct stat file;     /* the one that `lock` holds */
    struct stat log_file; /* SQLite's -wal */
    sqlite3 *db;          /* NULL while there is none */
    sqlite3_stmt *statements[STATEMENTS];
};

/* What was handed to store_apply and is in no transaction yet. */
struct change_queue {
    struct {
        struct change change;
        int64_t at_s; /* when it was handed over, in Unix time */
    } list[STORE_CHANGES_WAITING_MAX];
    size_t count;
};

enum { SAMPLES_WAITING_MAX = 360, COMPLETIONS_WAITING_MAX = 8192 };

/* What is to be added to the history and is in no commit yet. */
struct history_queue {
    struct history_options options;
    struct sample samples[SAMPLES_WAITING_MAX];
    size_t sample_count;
    struct torrent_stats *torrents; /* the last ones */
    size_t torrent_count;
    int64_t torrents_at_s;
    struct completion *completions;
    size_t completion_count;
    size_t completion_room;
};

struct store {
    char *path;
    struct connection at;
    bool in_transaction;
    bool stale;
    bool suspect; /* the last failure was one that reopening may mend */
    size_t pending;
    struct change_queue changes;
    struct history_queue history;
    char failure[ERROR_LEN];
};

/* Begins a transaction if there is none. False if SQLite refuses. */
bool store_begin(struct store *store);

/* Prepares all statements. False if SQLite refuses, as where a table is missing. */
bool store_prepare(struct connection *at);

/* Runs a statement that has no rows, and makes it ready for the next time. False if SQLite refuses.
 */
bool store_run(sqlite3_stmt *statement);

/* Writes the changes that wait into the open transaction, which it begins if there is none. False
 * as store_commit. */
bool store_write_changes(struct store *store);

/* Whether something waits to be added to the history. */
bool store_history_waits(const struct store *store);

/* Adds it in the open transaction, which it begins if there is none. False as store_commit. */
bool store_write_history(struct store *store);

/* It is durable now. */
void history_clear_queue(struct store *store);

/* Frees what waits. */
void store_drop_history(struct store *store);

/* Rolls back what was not committed and keeps the reason, which SQLite still knows. False, always.
 */
bool store_rollback_with_error(struct store *store);

/* Puts the damaged file aside and goes on with a new one, which is to be written anew. False and
 * one line in `error` if there is none to be had. */
bool store_start_new_file(struct store *store, const char *why, char error[static ERROR_LEN]);

/* What is wrong with the database, in one line: an integrity check answers in several. */
void store_explain(char why[static ERROR_LEN], const char *text);

enum check { CHECK_SOUND, CHECK_DAMAGED, CHECK_FAILED };

/* Looks for what the rows do not show: pages lost, used twice, out of order. Unless the file is
 * sound, `why` says what is wrong with it, or why it could not be read. */
enum check store_check(struct store *store, char why[static ERROR_LEN]);

#endif
