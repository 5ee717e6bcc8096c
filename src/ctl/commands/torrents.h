/* skepctl torrents and peers: what is shared, and by whom. */
#ifndef SKEP_CTL_COMMANDS_TORRENTS_H
#define SKEP_CTL_COMMANDS_TORRENTS_H

#include "ctl/command_line.h"
#include "ctl/output.h"

enum status torrents_command(const struct command_line *line);
enum status peers_command(const struct command_line *line);

/* By what torrents can be sorted, as the API calls it. */
enum { TORRENT_SORTS = 7 };
extern const char *const torrent_sorts[TORRENT_SORTS];

#endif
