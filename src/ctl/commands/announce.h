/* skepctl announce: what a tracker answers to a client such as we say that we are. */
#ifndef SKEP_CTL_COMMANDS_ANNOUNCE_H
#define SKEP_CTL_COMMANDS_ANNOUNCE_H

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "ctl/tracker_client.h"

enum status announce_command(const struct command_line *line);

/* What --v4, --v6, --timeout, --cacert and --insecure say. False if they make no sense, which has
 * been said. */
bool announce_command_transport(const struct command_line *line,
                                struct tracker_client_options *options);

#endif
