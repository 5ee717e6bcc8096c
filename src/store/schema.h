/* The shape of the database file: whose it is, which version, and the steps from one version to the
 * next. A file is ours if its application_id says so; its user_version counts the steps done. */
#ifndef SKEP_STORE_SCHEMA_H
#define SKEP_STORE_SCHEMA_H

#include "base/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

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

/* Our steps. Never changed once released, only added to. */
extern const char *const schema_steps[];
extern const int schema_version;

#endif
