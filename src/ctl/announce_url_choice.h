/* Chooses the announce URLs of a new torrent or magnet link. */
#ifndef SKEP_CTL_ANNOUNCE_URL_CHOICE_H
#define SKEP_CTL_ANNOUNCE_URL_CHOICE_H

#include "ctl/command_line.h"
#include "ctl/output.h"

struct announce_url_choice {
    const char *urls[ANNOUNCE_URLS_MAX]; /* the best one first */
    size_t count;
    json_t *status; /* the response of skepd, which owns `urls`; NULL: from the command line */
};

/* Takes every --announce or, without any, all URLs of skepd with the host that most clients can
 * reach: a LAN address before a public one, loopback only if there is no other. Prints errors
 * unless `quiet`. The caller frees `choice` even on failure. */
enum status announce_url_choice_find(const struct command_line *line, bool quiet,
                                     struct announce_url_choice *choice);

/* That host; empty without a response of skepd. Owned by `choice`. */
const char *announce_url_choice_host(const struct announce_url_choice *choice);

void announce_url_choice_free(struct announce_url_choice *choice);

#endif
