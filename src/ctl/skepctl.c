/* skepctl: manages a running skepd and queries any tracker. */
#include <stdio.h>
#include <string.h>

#include "ctl/commands/commands.h"

enum { HELP_COLUMN = 28, USAGE_LEN = 160 };

static const struct command *const commands[] = {
    &key_new_command,  &key_list_command, &key_revoke_command, &add_command,    &remove_command,
    &list_command,     &ban_command,      &unban_command,      &bans_command,   &status_command,
    &top_command,      &torrents_command, &peers_command,      &magnet_command, &create_command,
    &announce_command, &scrape_command,
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const char *const section_titles[SECTION_COUNT] = {
    [SECTION_REGISTRY] = "Access control (running skepd, or its database):",
    [SECTION_LIVE] = "Monitoring (running skepd):",
    [SECTION_TOOLS] = "Tools:",
};

/* "  key new LABEL". */
static int print_usage(const struct command *command, const char *before) {
    return printf("%s%s%s%s%s%s", before, command->group == NULL ? "" : command->group,
                  command->group == NULL ? "" : " ", command->name,
                  command->arguments[0] == '\0' ? "" : " ", command->arguments);
}

static void print_summary(const struct command *command) {
    const int len = print_usage(command, "  ");
    if (len >= HELP_COLUMN)
        printf("\n%*s%s\n", HELP_COLUMN, "", command->summary);
    else
        printf("%*s%s\n", HELP_COLUMN - len, "", command->summary);
}

static void print_help(void) {
    puts(
        "Usage: skepctl [OPTION...] COMMAND\n"
        "       skepctl COMMAND --help\n"
        "Manage a running skepd, and query any BitTorrent tracker.");
    for (int section = 0; section < SECTION_COUNT; section++) {
        printf("\n%s\n", section_titles[section]);
        for (size_t i = 0; i < COMMANDS; i++) {
            if ((int)commands[i]->section == section)
                print_summary(commands[i]);
        }
    }
    puts("\nGeneral options:");
    command_line_describe(stdout, OPTIONS_GENERAL);
    puts(
        "\nHASH may be abbreviated to 4 or more digits, and NAME to a substring "
        "(case-insensitive), if\n"
        "it matches one torrent.\n"
        "\nWithout a running skepd and without --database, access control uses ./var/skep.db or\n"
        "/var/lib/skep/skep.db. The token can also be set in SKEPCTL_TOKEN. See skepctl(1).");
}

static void print_command_help(const struct command *command) {
    print_usage(command, "Usage: skepctl ");
    printf("%s\n%s.\n", command->options == 0 ? "" : " [OPTION...]", command->summary);
    if (command->options != 0)
        puts("");
    command_line_describe(stdout, command->options);
}

/* Finds the command and removes its name from the words. */
static const struct command *find_command(struct command_line *line) {
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *command = commands[i];
        const int words = command->group == NULL ? 1 : 2;
        if (line->count < words || strcmp(line->words[words - 1], command->name) != 0 ||
            (words == 2 && strcmp(line->words[0], command->group) != 0))
            continue;
        line->words += words;
        line->count -= words;
        return command;
    }
    return NULL;
}

static enum status report_wrong_arguments(const struct command *command) {
    char usage[USAGE_LEN];
    snprintf(usage, sizeof usage, "wrong number of arguments; usage: skepctl %s%s%s%s%s",
             command->group == NULL ? "" : command->group, command->group == NULL ? "" : " ",
             command->name, command->arguments[0] == '\0' ? "" : " ", command->arguments);
    return output_fail(STATUS_FAULT, usage, NULL);
}

static enum status run_on_registry(const struct command *command, const struct command_line *line) {
    struct registry_client *client;
    enum status status = registry_client_open(line, &client);
    if (status == STATUS_GOOD)
        status = command->run_on(client, line);
    registry_client_close(client);
    return status;
}

static enum status run_command(struct command_line *line) {
    const struct command *command = find_command(line);
    if (command == NULL)
        return output_fail(STATUS_FAULT, "unknown command; see skepctl --help",
                           line->count == 0 ? NULL : line->words[0]);
    if (command_line_has(line, OPTION_HELP)) {
        print_command_help(command);
        return STATUS_GOOD;
    }
    if (!command_line_allow(line, OPTIONS_GENERAL | command->options, command->name))
        return STATUS_FAULT;
    if (line->count < command->least || line->count > command->most)
        return report_wrong_arguments(command);
    return command->run == NULL ? run_on_registry(command, line) : command->run(line);
}

int main(int argc, char **argv) {
    struct command_line line;
    if (!command_line_parse(&line, argc, argv))
        return STATUS_FAULT;
    if (command_line_has(&line, OPTION_VERSION)) {
        puts("skepctl " SKEP_VERSION);
        return STATUS_GOOD;
    }
    if (line.count == 0 && command_line_has(&line, OPTION_HELP)) {
        print_help();
        return STATUS_GOOD;
    }
    return (int)run_command(&line);
}
