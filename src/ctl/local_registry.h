/* Opens the tracker's database without skepd. */
#ifndef SKEP_CTL_LOCAL_REGISTRY_H
#define SKEP_CTL_LOCAL_REGISTRY_H

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "store/registry.h"

/* The default database: ./var/skep.db, or else /var/lib/skep/skep.db. NULL if neither exists. */
const char *local_registry_guess(void);

/* Opens the database at `path`. NULL if that fails, which is printed unless `quiet`. */
struct registry *local_registry_open(const char *path, bool quiet);

#endif
