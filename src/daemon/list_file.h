/* The text file of registered torrents: an info_hash of 40 hexadecimal digits a line, with whatever
 * behind it; empty lines and those that begin with '#' do not count. */
#ifndef SKEP_DAEMON_LIST_FILE_H
#define SKEP_DAEMON_LIST_FILE_H

#include <sys/stat.h>

#include "base/error.h"
#include "swarm/access.h"

/* Adds the file's torrents to `access`. Lines that are none are logged and passed over. False and
 * one line in `error` if the file cannot be read. */
bool list_file_load(const char *path, struct access *access, char error[static ERROR_LEN]);

/* Whether the file is another one than `*known` tells, or has changed since; remembers it there. */
bool list_file_changed(const char *path, struct stat *known);

#endif
