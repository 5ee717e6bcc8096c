/* Schema of the database: its tables, its version, and the migration from one version to the next.
 * SQLite's application_id identifies a skep database; its user_version is the number of applied
 * steps. */
#ifndef SKEP_STORE_SCHEMA_H
#define SKEP_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { SCHEMA_APPLICATION_ID = 0x736b6570 }; /* "skep" */

enum schema_result {
    SCHEMA_GOOD,
    SCHEMA_REFUSED, /* not ours, from a newer version, not readable for now, or a step failed */
    SCHEMA_DAMAGED, /* not readable as a database; whether it is ours is unknown */
};

/* Checks that the database is ours or empty, and migrates it to version `count`, one transaction
 * per step: step i leads from version i to i + 1. Unless the result is SCHEMA_GOOD, one line is in
 * `error`; a failed step leaves the version before it. */
enum schema_result schema_migrate(sqlite3 *db, const char *const *steps, int count,
                                  char error[static ERROR_LEN]);

/* True if an extended result code of SQLite means that the file is damaged. */
bool schema_is_damage(int result);

/* A released step must not change: databases exist that were made by it. Add new ones. */
extern const char *const schema_steps[];
extern const int schema_version;

/* How a table's rows are copied when a new file replaces a damaged one. */
enum schema_salvage {
    SALVAGE_NONE,   /* not copied: rewritten from memory, or by triggers */
    SALVAGE_FIRST,  /* copied in one transaction; if it fails, the new file is not used */
    SALVAGE_PIECES, /* copied in several transactions; a failure is tolerated */
};

/* A table with all of its columns. To add a table, add a step, a row in schema_tables and the
 * module that uses it. */
struct schema_table {
    const char *name;
    const char *columns;
    enum schema_salvage salvage;
};

/* In the order in which they are copied. */
extern const struct schema_table schema_tables[];
extern const size_t schema_table_count;

/* True if all tables have all of their columns. If not, the reason is in sqlite3_errmsg. */
bool schema_has_tables(sqlite3 *db);

/* True if the tables are as the steps created them: no rows, and an unchanged registry. */
bool schema_is_blank(sqlite3 *db);

#endif
