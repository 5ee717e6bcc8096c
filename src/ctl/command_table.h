/* The table of skepctl's commands. */
#ifndef SKEP_CTL_COMMAND_TABLE_H
#define SKEP_CTL_COMMAND_TABLE_H

#include "ctl/commands/commands.h"

/* All commands, in the order of the help. */
extern const struct command *const command_table[];
extern const size_t command_table_count;

enum { COMMAND_TABLE_OPTIONS_MAX = 4 };

/* Options of all commands of a section, besides general_options. The lists end with NULL. */
extern const struct option_spec
    *const command_table_options[SECTION_COUNT][COMMAND_TABLE_OPTIONS_MAX + 1];

/* Makes the options of all commands known to the parser. */
void command_table_add_options(struct command_line *line);

/* The command with this name; NULL if there is none. */
const struct command *command_table_find(const char *name);

/* Whether the name of `command` is two words, and `group` is the first. */
bool command_table_in_group(const struct command *command, const char *group);

/* Whether a command is in the group. */
bool command_table_has_group(const char *group);

#endif
