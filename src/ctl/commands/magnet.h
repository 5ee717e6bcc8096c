/* skepctl magnet: the link to a torrent, with all that can be found out about it. */
#ifndef SKEP_CTL_COMMANDS_MAGNET_H
#define SKEP_CTL_COMMANDS_MAGNET_H

#include "ctl/command_line.h"
#include "ctl/output.h"

enum status magnet_command(const struct command_line *line);

#endif
