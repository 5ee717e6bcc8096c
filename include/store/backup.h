/* Backup of the database, while skepd uses it or not. */
#ifndef SKEP_STORE_BACKUP_H
#define SKEP_STORE_BACKUP_H

#include <stdbool.h>

#include "base/error.h"

/* Writes a copy of `database` to the file `path`, which appears complete or not at all and is
 * readable by its owner only. The copy is one snapshot in one file, without a -wal; writers are not
 * blocked. An existing file is kept unless `replace` is set. False and one line in `error` on
 * failure. */
bool backup_write(const char *database, const char *path, bool replace,
                  char error[static ERROR_LEN]);

/* Reads the whole `database`, while skepd uses it or not. False and one line in `error` if it is
 * damaged or not a database of skep. */
bool backup_check(const char *database, char error[static ERROR_LEN]);

#endif
