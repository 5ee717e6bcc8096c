/* How far a misspelt name is from a known one. Pure; any thread. */
#ifndef SKEP_DAEMON_EDIT_DISTANCE_H
#define SKEP_DAEMON_EDIT_DISTANCE_H

#include "base/bytes.h"

enum { EDIT_DISTANCE_LEN_MAX = 64 };

/* How many letters have to be added, dropped, replaced or swapped with their neighbour to get from
 * one name to the other. SIZE_MAX where either is longer than EDIT_DISTANCE_LEN_MAX. */
size_t edit_distance(struct bytes from, struct bytes to);

#endif
