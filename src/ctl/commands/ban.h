/* skepctl ban, unban, bans: who may not use the tracker. */
#ifndef SKEP_CTL_COMMANDS_BAN_H
#define SKEP_CTL_COMMANDS_BAN_H

#include "ctl/command.h"

enum status bans_add(struct registrar *registrar, const struct command_line *line);
enum status bans_remove(struct registrar *registrar, const struct command_line *line);
enum status bans_list(struct registrar *registrar, const struct command_line *line);

#endif
