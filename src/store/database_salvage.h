/* Copies the registry, the secrets and the history from a damaged or deleted database to a new one,
 * as schema_tables lists them. The swarms are in memory and are rewritten from there. */
#ifndef SKEP_STORE_DATABASE_SALVAGE_H
#define SKEP_STORE_DATABASE_SALVAGE_H

#include <sqlite3.h>
#include <stdbool.h>

/* Copies all readable rows: the registry and the secrets in one transaction, then the history in
 * several. False if the registry and the secrets cannot be written; then nothing is copied. A
 * history that cannot be written, on a full disk for example, is dropped. `*complete`: all rows
 * were copied. */
bool database_salvage(sqlite3 *from, sqlite3 *to, bool *complete);

#endif
