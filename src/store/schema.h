/* Schema of the database: its tables, its version, and the steps from one version to the next. A
 * file is ours if its application_id says so; its user_version counts the steps done. */
#ifndef SKEP_STORE_SCHEMA_H
#define SKEP_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { SCHEMA_APPLICATION_ID = 0x736b6570 }; /* "skep" */

enum schema_result {
    SCHEMA_GOOD,
    SCHEMA_REFUSED, /* not ours, from a newer version, out of reach, or a step failed */
    SCHEMA_DAMAGED, /* it cannot be read as a database; whose it is remains to be seen */
};

/* Checks that the database is ours, or empty, and takes it forward to version `count`, one
 * transaction a step: step i leads from version i to i + 1. One line in `error` unless that is
 * done; a failed step leaves the version before it. */
enum schema_result schema_migrate(sqlite3 *db, const char *const *steps, int count,
                                  char error[static ERROR_LEN]);

/* Whether an (extended) result of SQLite says that the file itself is damaged. */
bool schema_is_damage(int result);

/* Our steps. A released step never changes; new ones are added. */
extern const char *const schema_steps[];
extern const int schema_version;

/* What becomes of a table's rows when a damaged file is replaced by a new one. */
enum schema_salvage {
    SALVAGE_NONE,   /* memory holds them, or triggers make them */
    SALVAGE_FIRST,  /* copied in one transaction; without it the new file is not used */
    SALVAGE_PIECES, /* copied in several transactions, as far as there is room */
};

/* A table, with all of its columns. To add one: a step, a row here, and the module that uses it. */
struct schema_table {
    const char *name;
    const char *columns;
    enum schema_salvage salvage;
};

/* In the order in which they are salvaged. */
extern const struct schema_table schema_tables[];
extern const size_t schema_table_count;

/* Whether all tables have all of their columns. If not, SQLite has the reason. */
bool schema_has_tables(sqlite3 *db);

/* Whether no row was ever written to any of the tables. */
bool schema_is_blank(sqlite3 *db);

#endif
