/* Copies from a damaged database to a new one what the tracker's memory does not hold: the
 * registry, the secrets and the history, as schema_tables lists them. */
#ifndef SKEP_STORE_DATABASE_SALVAGE_H
#define SKEP_STORE_DATABASE_SALVAGE_H

#include <sqlite3.h>
#include <stdbool.h>

/* Copies what can be read: the registry and the secrets in one transaction, then the history in
 * pieces, as far as there is room. False if the first cannot be written; then nothing is copied.
 * `*complete`: everything was copied. */
bool database_salvage(sqlite3 *from, sqlite3 *to, bool *complete);

#endif
