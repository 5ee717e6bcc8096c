/* skepctl key: who may use a private tracker. Written straight to the database. */
#ifndef SKEP_CTL_PASSKEYS_H
#define SKEP_CTL_PASSKEYS_H

#include "ctl/command.h"

enum status passkeys_new(struct registry *registry, const struct command_line *line);
enum status passkeys_list(struct registry *registry, const struct command_line *line);
enum status passkeys_revoke(struct registry *registry, const struct command_line *line);

#endif
