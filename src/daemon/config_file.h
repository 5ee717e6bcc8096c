/* The configuration file. The only module that uses libconfig. One thread at a time. */
#ifndef SKEP_DAEMON_CONFIG_FILE_H
#define SKEP_DAEMON_CONFIG_FILE_H

#include "daemon/config.h"
#include "daemon/settings.h"

/* Overwrites the settings of `config` that the file at `path` sets. Returns false, with a line
 * (path, line number, reason) in `errors` for each error, if the file cannot be read or is invalid;
 * valid settings are set nevertheless, so that they can be checked, too. */
bool config_file_read(struct config *config, const char *path, struct config_errors *errors);

/* Sets one setting to a value of the command line: `text` as in the file, or without its quotes and
 * brackets ("a,b"). Returns false, with a line in `errors` that names `option`, if it is invalid.
 */
bool config_file_set(struct config *config, const char *option, const struct setting *setting,
                     const char *text, struct config_errors *errors);

#endif
