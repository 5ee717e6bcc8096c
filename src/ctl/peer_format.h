/* Formats a peer of the API. */
#ifndef SKEP_CTL_PEER_FORMAT_H
#define SKEP_CTL_PEER_FORMAT_H

#include <jansson.h>

#include "ctl/format.h"

enum { PEER_FORMAT_LEN = 160 };

/* "192.0.2.1:6881", "[2001:db8::1]:6881". */
void peer_format_address(const json_t *peer, char text[static PEER_FORMAT_LEN]);

/* Its progress, "43 %"; "-" if unknown. */
void peer_format_progress(const json_t *peer, char text[static FORMAT_NUMBER_LEN]);

/* Its reachability: "reachable", "firewalled" or "not checked". */
const char *peer_format_reach(const json_t *peer);

#endif
