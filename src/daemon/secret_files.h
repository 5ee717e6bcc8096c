/* The admin's token and the password of a cluster's engine: read from files of their own, and kept
 * from other users. */
#ifndef SKEP_DAEMON_SECRET_FILES_H
#define SKEP_DAEMON_SECRET_FILES_H

#include "daemon/config.h"

/* If http.admin_token_file names a file, puts its first line into `config->web.admin_token`.
 * Without a token, uses the file admin_token in $CREDENTIALS_DIRECTORY, which systemd sets, if its
 * first line is not empty. In the same way, cluster.password_file may be the file engine_password
 * there; the password itself is read at each connect. Adds an error if a file cannot be used, or if
 * token and file are set. */
void secret_files_load(struct config *config, struct config_errors *errors);

/* Logs a warning if users other than the owner and the group can read the file. `what` is in it. */
void secret_files_warn_if_readable(const char *path, const char *what);

#endif
