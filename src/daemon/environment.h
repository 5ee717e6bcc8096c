/* Settings in environment variables, for containers. The name of the variable is SKEP_ and the name
 * of the setting in capital letters, with an underscore instead of the dot: http.port is
 * SKEP_HTTP_PORT. Its value is as on the command line. An empty variable has no effect. */
#ifndef SKEP_DAEMON_ENVIRONMENT_H
#define SKEP_DAEMON_ENVIRONMENT_H

#include "daemon/config.h"

/* Overwrites the settings of `config` that the environment sets. Returns false, with a line in
 * `errors` for each invalid variable. */
bool environment_read(struct config *config, struct config_errors *errors);

/* Whether the environment sets the setting of that name. */
bool environment_sets(const char *setting);

/* Logs a warning for each variable that begins with SKEP_ but names no setting. */
void environment_warn(void);

#endif
