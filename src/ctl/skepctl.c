/* skepctl: manages a running skepd and queries any BitTorrent tracker. */
#include <stdio.h>
#include <string.h>

#include "base/standard_files.h"
#include "ctl/commands/commands.h"

enum { HELP_COLUMN = 28, MESSAGE_LEN = 256 };

#define COMMAND_ADDRESS(name) &name##_command,
static const struct command *const commands[] = { COMMANDS(COMMAND_ADDRESS) };
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static const char *const section_titles[SECTION_COUNT] = {
    [SECTION_REGISTRY] = "Access control (running skepd, or its database):",
    [SECTION_MONITORING] = "Monitoring (running skepd):",
    [SECTION_TOOLS] = "Tools:",
};

static void print_summary(const struct command *command) {
    const int len = printf("  %s%s%s", command->name, command->arguments[0] == '\0' ? "" : " ",
                           command->arguments);
    /* A usage that is too wide has its summary in the next line. */
    if (len >= HELP_COLUMN)
        printf("\n%*s%s\n", HELP_COLUMN, "", command->summary);
    else
        printf("%*s%s\n", HELP_COLUMN - len, "", command->summary);
}

static void print_help(void) {
    puts(
        "Usage: skepctl [OPTION...] COMMAND\n"
        "       skepctl COMMAND --help\n"
        "Manage a running skepd and query any BitTorrent tracker.");
    for (int section = 0; section < SECTION_COUNT; section++) {
        printf("\n%s\n", section_titles[section]);
        for (size_t i = 0; i < COMMAND_COUNT; i++) {
            if ((int)commands[i]->section == section)
                print_summary(commands[i]);
        }
    }
    puts("\nOptions of every command:");
    command_line_print_help(general_options);
    puts(
        "\nFor peers, magnet and remove, HASH may be abbreviated to 4 or more digits and NAME to "
        "a\n"
        "substring (case-insensitive) if it matches one torrent.\n"
        "\nAccess control commands use ./var/skep.db or /var/lib/skep/skep.db if no skepd runs on\n"
        "this machine. SKEPCTL_TOKEN sets the token. See skepctl(1).");
}

static void print_command_help(const struct command *command) {
    const bool has_options = command->options[0] != NULL;
    printf("Usage: skepctl %s%s%s%s\n%s.\n", command->name,
           command->arguments[0] == '\0' ? "" : " ", command->arguments,
           has_options ? " [OPTION...]" : "", command->summary);
    if (has_options)
        puts("");
    command_line_print_help(command->options);
}

/* Whether the first `count` arguments are the words of `name`. */
static bool matches_name(const struct command_line *line, const char *name, int *count) {
    const char *space = strchr(name, ' ');
    *count = space == NULL ? 1 : 2;
    if (line->count < *count || strcmp(line->arguments[*count - 1], space ? space + 1 : name) != 0)
        return false;
    return space == NULL ||
           bytes_equal(bytes_of(line->arguments[0]),
                       (struct bytes){ (const uint8_t *)name, (size_t)(space - name) });
}

/* Finds the command and removes its name from the arguments. */
static const struct command *take_command(struct command_line *line) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        int count;
        if (!matches_name(line, commands[i]->name, &count))
            continue;
        line->arguments += count;
        line->count -= count;
        return commands[i];
    }
    return NULL;
}

static enum status run_registry_command(const struct command *command,
                                        const struct command_line *line) {
    struct registry_client *client;
    enum status status = registry_client_open(line, &client);
    if (status == STATUS_GOOD)
        status = command->run_registry(client, line);
    registry_client_close(client);
    return status;
}

static enum status run_command(struct command_line *line) {
    const struct command *command = take_command(line);
    if (command == NULL)
        return output_fail(STATUS_FAULT, "unknown command; see skepctl --help",
                           line->count == 0 ? NULL : line->arguments[0]);
    if (command_line_has(line, &option_help)) {
        print_command_help(command);
        return STATUS_GOOD;
    }
    if (!command_line_check_options(line, command->options, command->name))
        return STATUS_FAULT;
    if (line->count < command->arguments_min || line->count > command->arguments_max) {
        char text[MESSAGE_LEN];
        snprintf(text, sizeof text, "wrong number of arguments; usage: skepctl %s%s%s",
                 command->name, command->arguments[0] == '\0' ? "" : " ", command->arguments);
        return output_fail(STATUS_FAULT, text, NULL);
    }
    return command->run != NULL ? command->run(line) : run_registry_command(command, line);
}

int main(int argc, char **argv) {
    struct command_line line = { 0 };
    if (!standard_files_open())
        return STATUS_FAULT;
    command_line_add_options(&line, general_options);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        command_line_add_options(&line, commands[i]->options);
    if (!command_line_parse(&line, argc, argv))
        return STATUS_FAULT;
    if (command_line_has(&line, &option_version)) {
        puts("skepctl " SKEP_VERSION);
        return STATUS_GOOD;
    }
    if (line.count == 0 && command_line_has(&line, &option_help)) {
        print_help();
        return STATUS_GOOD;
    }
    return (int)run_command(&line);
}
