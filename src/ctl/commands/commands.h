/* All commands of skepctl. To add one: its file defines a struct command, declared here and listed
 * in skepctl.c. */
#ifndef SKEP_CTL_COMMANDS_COMMANDS_H
#define SKEP_CTL_COMMANDS_COMMANDS_H

#include "ctl/command.h"

#define COMMAND_LIST_OPTIONS (OPTION_BIT(OPTION_OFFSET) | OPTION_BIT(OPTION_LIMIT))
#define COMMAND_TRANSPORT_OPTIONS                                                                  \
    (OPTION_BIT(OPTION_IPV4) | OPTION_BIT(OPTION_IPV6) | OPTION_BIT(OPTION_TIMEOUT))

extern const struct command key_new_command;
extern const struct command key_list_command;
extern const struct command key_revoke_command;
extern const struct command add_command;
extern const struct command remove_command;
extern const struct command list_command;
extern const struct command ban_command;
extern const struct command unban_command;
extern const struct command bans_command;
extern const struct command status_command;
extern const struct command top_command;
extern const struct command torrents_command;
extern const struct command peers_command;
extern const struct command magnet_command;
extern const struct command create_command;
extern const struct command announce_command;
extern const struct command scrape_command;

#endif
