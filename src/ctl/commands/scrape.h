/* skepctl scrape: how many share a torrent, as any tracker tells it. */
#ifndef SKEP_CTL_COMMANDS_SCRAPE_H
#define SKEP_CTL_COMMANDS_SCRAPE_H

#include "ctl/command_line.h"
#include "ctl/output.h"

enum status scrape_command(const struct command_line *line);

#endif
