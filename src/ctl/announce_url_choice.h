/* Announce URLs of a new torrent: from the command line, or from skepd. */
#ifndef SKEP_CTL_ANNOUNCE_URL_CHOICE_H
#define SKEP_CTL_ANNOUNCE_URL_CHOICE_H

#include "ctl/command_line.h"
#include "ctl/output.h"

struct announce_url_choice {
    const char *list[ANNOUNCE_OPTIONS_MAX]; /* best first */
    size_t count;
    json_t *owner; /* owner of the strings, if skepd sent them */
};

/* Collects every --announce; without any, skepd's own URLs at the address that most clients can
 * reach: a LAN address before a public one, loopback only if there is no other. Prints why there
 * are none, unless `quiet`. Call announce_url_choice_free afterwards, whatever the result. */
enum status announce_url_choice_find(const struct command_line *line, bool quiet,
                                     struct announce_url_choice *urls);
void announce_url_choice_free(struct announce_url_choice *urls);

#endif
