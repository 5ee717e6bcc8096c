#include "ctl/command_table.h"

#include <string.h>

#define COMMAND_ADDRESS(name) &name##_command,
const struct command *const command_table[] = { COMMANDS(COMMAND_ADDRESS) };
const size_t command_table_count = sizeof command_table / sizeof command_table[0];

const struct option_spec
    *const command_table_options[SECTION_COUNT][COMMAND_TABLE_OPTIONS_MAX + 1] = {
        [SECTION_REGISTRY] = { &option_url, &option_token, &option_token_file, &option_database },
        [SECTION_MONITORING] = { &option_url, &option_token, &option_token_file },
    };

void command_table_add_options(struct command_line *line) {
    command_line_add_options(line, general_options);
    for (size_t i = 0; i < SECTION_COUNT; i++)
        command_line_add_options(line, command_table_options[i]);
    for (size_t i = 0; i < command_table_count; i++)
        command_line_add_options(line, command_table[i]->options);
}

const struct command *command_table_find(const char *name) {
    for (size_t i = 0; i < command_table_count; i++) {
        if (strcmp(command_table[i]->name, name) == 0)
            return command_table[i];
    }
    return NULL;
}

bool command_table_in_group(const struct command *command, const char *group) {
    const size_t len = strlen(group);
    return strncmp(command->name, group, len) == 0 && command->name[len] == ' ';
}

bool command_table_has_group(const char *group) {
    for (size_t i = 0; i < command_table_count; i++) {
        if (command_table_in_group(command_table[i], group))
            return true;
    }
    return false;
}
