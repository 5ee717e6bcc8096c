/* Where the clients of a torrent announce: as the command line says, or as the daemon does. */
#ifndef SKEP_CTL_ANNOUNCE_URLS_H
#define SKEP_CTL_ANNOUNCE_URLS_H

#include "ctl/command_line.h"
#include "ctl/output.h"

struct announce_urls {
    const char *list[ANNOUNCE_URLS_MAX]; /* the best one first */
    size_t count;
    json_t *owner; /* of the strings, where the daemon named them */
};

/* Every --announce; without any, the daemon's own URLs at the address where most can reach it: an
 * address of the LAN before a public one, and the machine's own only where there is no other. Says
 * why there are none, unless `quiet`. Afterwards, announce_urls_free, whatever the result. */
enum status announce_urls_find(const struct command_line *line, bool quiet,
                               struct announce_urls *urls);
void announce_urls_free(struct announce_urls *urls);

#endif
