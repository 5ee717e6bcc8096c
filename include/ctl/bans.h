/* skepctl ban, unban, bans: who may not use the tracker. Written straight to the database. */
#ifndef SKEP_CTL_BANS_H
#define SKEP_CTL_BANS_H

#include "ctl/command.h"

enum status bans_add(struct registry *registry, const struct command_line *line);
enum status bans_remove(struct registry *registry, const struct command_line *line);
enum status bans_list(struct registry *registry, const struct command_line *line);

#endif
