/* What a command of skepctl is. */
#ifndef SKEP_CTL_COMMAND_H
#define SKEP_CTL_COMMAND_H

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "ctl/registry_client.h"

enum command_section { SECTION_REGISTRY, SECTION_LIVE, SECTION_TOOLS, SECTION_COUNT };

/* A command has one of the two: `run`, or `run_on` for those that look at what the tracker allows.
 */
struct command {
    const char *group; /* "key", or NULL */
    const char *name;
    const char *arguments; /* as the help shows them */
    const char *summary;
    enum status (*run)(const struct command_line *line);
    enum status (*run_on)(struct registry_client *registrar, const struct command_line *line);
    uint64_t options; /* bits of those that it takes beside OPTIONS_GENERAL */
    enum command_section section;
    int least; /* words behind the name */
    int most;
};

enum { COMMAND_WORDS_ANY = 1 << 20 };

#endif
