/* skepctl top: the tracker, live in a terminal. */
#ifndef SKEP_CTL_COMMANDS_TOP_H
#define SKEP_CTL_COMMANDS_TOP_H

#include "ctl/command_line.h"
#include "ctl/output.h"

enum status top_command(const struct command_line *line);

#endif
