/* The database file without SQLite: locks it, checks its header and its identity, and renames a
 * damaged one. Reads only the header. */
#ifndef SKEP_STORE_DATABASE_FILE_H
#define SKEP_STORE_DATABASE_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/stat.h>

enum { DATABASE_FILE_PATH_LEN = 4096 };

/* Creates the file's directory, one level only. If that fails, opening the file reports why. */
void database_file_make_directory(const char *path);

/* Opens or creates the file and takes an exclusive flock on it, which lasts until the returned
 * descriptor is closed. Returns -1 and one line in `error` on failure. Close the descriptor after
 * SQLite's connection: closing any descriptor of the file drops all POSIX locks of the process on
 * it, and SQLite uses those. */
int database_file_lock(const char *path, char error[static ERROR_LEN]);

/* Shows other processes that this one is a node of a cluster, until the descriptor of
 * database_file_lock is closed; and whether another process does so. */
void database_file_show_cluster(int fd);
bool database_file_is_of_cluster(const char *path);

/* True if the header is that of a skep database of a known version. The rest is not checked. */
bool database_file_is_ours(int fd);

/* True if another process has locked the file, and the version in its header is older than this
 * program's. If the newest version is only in the -wal, the header still has the one before. */
bool database_file_is_of_older(const char *path);

/* True if the file at `path` is the file that `known` describes (device and inode). */
bool database_file_is_same(const char *path, const struct stat *known);

/* Removes the -wal at `log_path` and its -shm, if `known` describes that -wal. Call it if the
 * database was deleted or replaced: SQLite must not apply the old -wal to a new file. */
void database_file_drop_log(const char *log_path, const struct stat *known);

/* Renames the file with its -wal and -shm, and writes the new path to `moved_to`. It ends in the
 * local time: "skep.db.corrupt-20260131-235959". False and one line in `error` on failure. */
bool database_file_quarantine(const char *path, char moved_to[static DATABASE_FILE_PATH_LEN],
                              char error[static ERROR_LEN]);

#endif
