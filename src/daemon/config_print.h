/* Prints a configuration in the format of the file. */
#ifndef SKEP_DAEMON_CONFIG_PRINT_H
#define SKEP_DAEMON_CONFIG_PRINT_H

#include <stdio.h>

#include "daemon/config.h"

/* Every setting with its value, in groups; a secret is replaced by asterisks. */
void config_print(const struct config *config, FILE *file);

#endif
