/* What the tracker's memory does not hold of its database: the registry, the secrets and the
 * history. Where a new file takes an old one's place, they are carried over from the old. */
#ifndef SKEP_STORE_DATABASE_SALVAGE_H
#define SKEP_STORE_DATABASE_SALVAGE_H

#include <sqlite3.h>
#include <stdbool.h>

/* Whether nothing was ever written to the database but our schema. */
bool database_salvage_is_wanted(sqlite3 *to);

/* Copies what can be read: the registry and the secrets in one transaction, then the history in
 * pieces, as far as there is room for it. False if the first cannot be written; then nothing is
 * copied. `*complete` says whether everything is there. */
bool database_salvage(sqlite3 *from, sqlite3 *to, bool *complete);

#endif
