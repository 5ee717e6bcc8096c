/* skepctl ban, unban, bans: who may not use the tracker. */
#ifndef SKEP_CTL_COMMANDS_BAN_H
#define SKEP_CTL_COMMANDS_BAN_H

#include "ctl/command.h"

enum status ban_add(struct registry_client *client, const struct command_line *line);
enum status ban_remove(struct registry_client *client, const struct command_line *line);
enum status ban_list(struct registry_client *client, const struct command_line *line);

#endif
