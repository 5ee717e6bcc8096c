/* The configuration file: the only module that knows libconfig. One thread at a time. */
#ifndef SKEP_DAEMON_CONFIG_FILE_H
#define SKEP_DAEMON_CONFIG_FILE_H

#include "base/error.h"
#include "daemon/config.h"

/* Reads the file at `path` over what `config` holds. False and one line, with file and line number,
 * in `error`; then `config` is as it was. */
bool config_file_read(struct config *config, const char *path, char error[static ERROR_LEN]);

#endif
