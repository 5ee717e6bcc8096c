/* The commands of skepctl. To add one, define NAME_command in its own file, list NAME here and
 * describe it in skepctl(1). Each has the general options and those of its section (skepctl.c). */
#ifndef SKEP_CTL_COMMANDS_COMMANDS_H
#define SKEP_CTL_COMMANDS_COMMANDS_H

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "ctl/registry_client.h"

/* Sections of the help. */
enum command_section { SECTION_REGISTRY, SECTION_MONITORING, SECTION_TOOLS, SECTION_COUNT };

enum { COMMAND_OPTIONS_MAX = 16, COMMAND_ARGUMENTS_ANY = 1 << 20 };

/* What shell completion offers for the arguments of a command, besides the files in its usage line.
 */
enum argument_values {
    VALUES_NONE,
    VALUES_TORRENTS,   /* of the running skepd */
    VALUES_REGISTERED, /* torrents */
    VALUES_BLOCKS,
    VALUES_BANS,
    VALUES_MACHINES,
    VALUES_PASSKEYS,
    VALUES_SHELLS,
};

/* Either `run` or, for a command that reads or changes the registry, `run_registry` is set. */
struct command {
    enum command_section section;
    const char *name;      /* one or two words */
    const char *arguments; /* as in the usage line; "" if there are none */
    int arguments_min;
    int arguments_max;
    enum argument_values values;
    const char *summary;
    const char *example;                                        /* a command line */
    const struct option_spec *options[COMMAND_OPTIONS_MAX + 1]; /* its own; ends with NULL */
    enum status (*run)(const struct command_line *line);
    enum status (*run_registry)(struct registry_client *client, const struct command_line *line);
};

/* In the order of the help. */
#define COMMANDS(X)                                                                                \
    X(key_new)                                                                                     \
    X(key_list)                                                                                    \
    X(key_revoke)                                                                                  \
    X(add)                                                                                         \
    X(remove)                                                                                      \
    X(list)                                                                                        \
    X(ban)                                                                                         \
    X(unban)                                                                                       \
    X(bans)                                                                                        \
    X(block)                                                                                       \
    X(unblock)                                                                                     \
    X(blocks)                                                                                      \
    X(name)                                                                                        \
    X(unname)                                                                                      \
    X(names)                                                                                       \
    X(status)                                                                                      \
    X(cluster)                                                                                     \
    X(dht)                                                                                         \
    X(doctor)                                                                                      \
    X(health)                                                                                      \
    X(top)                                                                                         \
    X(torrents)                                                                                    \
    X(peers)                                                                                       \
    X(magnet)                                                                                      \
    X(create)                                                                                      \
    X(announce)                                                                                    \
    X(scrape)                                                                                      \
    X(backup)                                                                                      \
    X(completion)

#define DECLARE_COMMAND(name) extern const struct command name##_command;
COMMANDS(DECLARE_COMMAND)
#undef DECLARE_COMMAND

#endif
