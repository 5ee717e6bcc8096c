/* skepctl create: a .torrent file of a file or a folder. */
#ifndef SKEP_CTL_COMMANDS_CREATE_H
#define SKEP_CTL_COMMANDS_CREATE_H

#include "ctl/command_line.h"
#include "ctl/output.h"

enum status create_command(const struct command_line *line);

#endif
