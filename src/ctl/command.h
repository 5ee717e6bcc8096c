/* A command of skepctl. */
#ifndef SKEP_CTL_COMMAND_H
#define SKEP_CTL_COMMAND_H

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "ctl/registry_client.h"

enum command_section { SECTION_REGISTRY, SECTION_LIVE, SECTION_TOOLS, SECTION_COUNT };

/* Has either `run`, or `run_on` if it works on the registry. */
struct command {
    const char *group; /* "key", or NULL */
    const char *name;
    const char *arguments; /* as shown in the help */
    const char *summary;
    enum status (*run)(const struct command_line *line);
    enum status (*run_on)(struct registry_client *client, const struct command_line *line);
    uint64_t options; /* bits of its options besides OPTIONS_GENERAL */
    enum command_section section;
    int least; /* number of arguments */
    int most;
};

enum { COMMAND_WORDS_ANY = 1 << 20 };

#endif
