/* skepctl key: who may use a private tracker. */
#ifndef SKEP_CTL_COMMANDS_PASSKEY_H
#define SKEP_CTL_COMMANDS_PASSKEY_H

#include "ctl/command.h"

enum status passkey_create(struct registry_client *client, const struct command_line *line);
enum status passkey_list(struct registry_client *client, const struct command_line *line);
enum status passkey_revoke(struct registry_client *client, const struct command_line *line);

#endif
