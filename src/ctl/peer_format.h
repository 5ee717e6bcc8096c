/* A peer of the API's, in the words that people read. */
#ifndef SKEP_CTL_PEER_FORMAT_H
#define SKEP_CTL_PEER_FORMAT_H

#include <jansson.h>

#include "ctl/format.h"

enum { PEER_FORMAT_LEN = 160 };

/* "192.0.2.1:6881", "[2001:db8::1]:6881". */
void peer_format_address(const json_t *peer, char text[static PEER_FORMAT_LEN]);

/* How much of the torrent it has, "43 %"; "-" where that is not known. */
void peer_format_progress(const json_t *peer, char text[static FORMAT_NUMBER_LEN]);

/* Whether others can connect to it: "reachable", "firewalled" or "not checked". */
const char *peer_format_reach(const json_t *peer);

#endif
