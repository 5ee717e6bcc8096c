/* The tracker's database, where it is opened without the skepd that it belongs to. */
#ifndef SKEP_CTL_LOCAL_REGISTRY_H
#define SKEP_CTL_LOCAL_REGISTRY_H

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "store/registry.h"

/* The database that is there: ./var/skep.db before /var/lib/skep/skep.db. NULL: neither. */
const char *local_registry_guess(void);

/* Opens the database at `path`. NULL where it cannot be used, which has been said unless `quiet`.
 */
struct registry *local_registry_open(const char *path, bool quiet);

#endif
