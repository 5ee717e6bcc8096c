/* The configuration file. The only module that uses libconfig. One thread at a time. */
#ifndef SKEP_DAEMON_CONFIG_FILE_H
#define SKEP_DAEMON_CONFIG_FILE_H

#include "base/error.h"
#include "daemon/config.h"

/* Overwrites the settings of `config` that the file at `path` sets. Returns false, with one line
 * (path, line number, reason) in `error` and `config` unchanged, if the file cannot be read or is
 * invalid. */
bool config_file_read(struct config *config, const char *path, char error[static ERROR_LEN]);

#endif
