/* The shape of the database file: whose it is, which version, and the steps from one version to the
 * next. A file is ours if its application_id says so; its user_version counts the steps done. */
#ifndef SKEP_STORE_SCHEMA_H
#define SKEP_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

enum { SCHEMA_APPLICATION_ID = 0x736b6570, SCHEMA_ERROR_LEN = 512 }; /* "skep" */

/* Checks that the database is ours, or empty, and takes it forward to version `count`, one
 * transaction a step: step i leads from version i to i + 1. False and one line in `error` if it is
 * not ours, from a newer version, or a step fails; a failed step leaves the version before it. */
bool schema_migrate(sqlite3 *db, const char *const *steps, int count,
                    char error[static SCHEMA_ERROR_LEN]);

/* Our steps. Never changed once released, only added to. */
extern const char *const schema_steps[];
extern const int schema_version;

#endif
