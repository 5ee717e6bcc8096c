/* The tracker's database, and what is said of a change to it. */
#ifndef SKEP_CTL_REGISTRY_ACCESS_H
#define SKEP_CTL_REGISTRY_ACCESS_H

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "store/registry.h"

/* The one that the command line names, or else one that is there: ./var/skep.db before
 * /var/lib/skep/skep.db. NULL where it cannot be used, which has been said unless `quiet`. */
struct registry *registry_access_open(const struct command_line *line, bool quiet);

/* Whether the last call was good; says why if it was not. */
enum status registry_access_report(struct registry *registry, bool good);

/* The same of a removal, which needs something to remove: `what`. */
enum status registry_access_report_removal(struct registry *registry, bool good, bool found,
                                           const char *what);

/* Prints all rows that `visit` is called with as {"items": [...]}: `make` turns each into JSON. */
typedef json_t *(*registry_row_json)(const struct registry_row *row);
typedef bool (*registry_lister)(struct registry *registry, registry_visitor visit, void *context);
enum status registry_access_print_json(struct registry *registry, registry_lister list,
                                       registry_row_json make);

#endif
