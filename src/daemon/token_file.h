/* The admin's token: read from a file of its own, and kept from other users. */
#ifndef SKEP_DAEMON_TOKEN_FILE_H
#define SKEP_DAEMON_TOKEN_FILE_H

#include "daemon/config.h"

/* If http.admin_token_file names a file, puts its first line into `config->web.admin_token`.
 * Without a token, uses the file admin_token in $CREDENTIALS_DIRECTORY, which systemd sets, if
 * its first line is not empty. Adds an error if the file cannot be used, or both settings are set.
 */
void token_file_load(struct config *config, struct config_errors *errors);

/* Logs a warning if users other than the owner and the group can read the file. `what` is in it. */
void token_file_warn_if_readable(const char *path, const char *what);

#endif
