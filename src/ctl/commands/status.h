/* skepctl status: how the tracker is, at a glance. */
#ifndef SKEP_CTL_COMMANDS_STATUS_H
#define SKEP_CTL_COMMANDS_STATUS_H

#include "ctl/command_line.h"
#include "ctl/output.h"

enum status status_command(const struct command_line *line);

#endif
