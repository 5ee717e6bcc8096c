/* skepctl key: who may use a private tracker. */
#ifndef SKEP_CTL_COMMANDS_PASSKEY_H
#define SKEP_CTL_COMMANDS_PASSKEY_H

#include "ctl/command.h"

enum status passkeys_new(struct registrar *registrar, const struct command_line *line);
enum status passkeys_list(struct registrar *registrar, const struct command_line *line);
enum status passkeys_revoke(struct registrar *registrar, const struct command_line *line);

#endif
