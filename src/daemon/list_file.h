/* The whitelist and the blocklist file: torrents, one a line, each an info_hash of 40 hexadecimal
 * digits or a magnet link, optionally followed by white space and a comment. Empty lines and lines
 * that start with '#' are ignored. */
#ifndef SKEP_DAEMON_LIST_FILE_H
#define SKEP_DAEMON_LIST_FILE_H

#include <sys/stat.h>

#include "base/error.h"
#include "swarm/access.h"

/* Adds the torrents of the file to a list of `access`. Logs and skips invalid lines. Returns false,
 * with one line in `error`, if the file cannot be read or if out of memory. */
bool list_file_load(const char *path, struct access *access, enum access_list list,
                    char error[static ERROR_LEN]);

/* Compares the file's inode, size and modification time with `*known` and updates `*known`. Returns
 * true if they differ. A missing file has all zero. */
bool list_file_changed(const char *path, struct stat *known);

#endif
