/* Where the clients of a torrent announce: as the command line says, or as the daemon does. */
#ifndef SKEP_CTL_ANNOUNCE_URL_CHOICE_H
#define SKEP_CTL_ANNOUNCE_URL_CHOICE_H

#include "ctl/command_line.h"
#include "ctl/output.h"

struct announce_url_choice {
    const char *list[ANNOUNCE_OPTIONS_MAX]; /* the best one first */
    size_t count;
    json_t *owner; /* of the strings, where the daemon named them */
};

/* Every --announce; without any, the daemon's own URLs at the address where most can reach it: an
 * address of the LAN before a public one, and the machine's own only where there is no other. Says
 * why there are none, unless `quiet`. Afterwards, announce_url_choice_free, whatever the result. */
enum status announce_url_choice_find(const struct command_line *line, bool quiet,
                                     struct announce_url_choice *urls);
void announce_url_choice_free(struct announce_url_choice *urls);

#endif
