/* Edit distance of two short names, to suggest the name that the user probably meant. Pure. */
#ifndef SKEP_BASE_EDIT_DISTANCE_H
#define SKEP_BASE_EDIT_DISTANCE_H

#include "base/bytes.h"

enum { EDIT_DISTANCE_LEN = 64 }; /* names must be shorter */

/* Letters to add, remove, replace or swap with their neighbour to turn `from` into `to` (optimal
 * string alignment distance). SIZE_MAX if a name is too long. */
size_t edit_distance(struct bytes from, struct bytes to);

#endif
