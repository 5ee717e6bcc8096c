/* The database as a file among others: whose it is, who uses it, whether it is still the one that
 * was opened, and how a damaged one is put out of the way. Reads no more of it than its header. */
#ifndef SKEP_STORE_DATABASE_FILE_H
#define SKEP_STORE_DATABASE_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/stat.h>

enum { DATABASE_FILE_PATH_LEN = 4096 };

/* Opens or creates the file, and locks it for as long as the descriptor that is returned is open.
 * -1 and one line in `error` where there is no such file to be had. Close it only after SQLite's:
 * closing any one drops all of the process's POSIX locks on the file. */
int database_file_lock(const char *path, char error[static ERROR_LEN]);

/* Whether the header says that the file is ours and of a version that we know, whatever may be
 * wrong with the rest of it. */
bool database_file_is_ours(int fd);

/* Whether what now lies at `path` is the file that `known` describes. */
bool database_file_is_same(const char *path, const struct stat *known);

/* Removes the -wal at `log_path`, if it is the one that `known` describes, and its -shm. For a file
 * that is not at its path any more: a new one must not take them for its own. */
void database_file_drop_log(const char *log_path, const struct stat *known);

/* Renames the file, with SQLite's -wal and -shm: "skep.db.corrupt-20260131-235959", the local time,
 * goes to `aside`. False and one line in `error` if that cannot be done. */
bool database_file_quarantine(const char *path, char aside[static DATABASE_FILE_PATH_LEN],
                              char error[static ERROR_LEN]);

#endif
