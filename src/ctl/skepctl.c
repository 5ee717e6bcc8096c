/* skepctl: manages a running skepd and queries any BitTorrent tracker. */
#include <stdio.h>
#include <string.h>

#include "base/edit_distance.h"
#include "base/standard_files.h"
#include "ctl/command_table.h"
#include "ctl/completion.h"

enum { HELP_COLUMN = 28, NAME_LEN = EDIT_DISTANCE_LEN };

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
    static const struct option_spec *const database_options[] = { &option_database, NULL };
    puts(
        "Usage: skepctl [OPTION...] COMMAND\n"
        "       skepctl help COMMAND\n"
        "Manage a running skepd and query any BitTorrent tracker.");
    for (int section = 0; section < SECTION_COUNT; section++) {
        printf("\n%s\n", section_titles[section]);
        for (size_t i = 0; i < command_table_count; i++) {
            if ((int)command_table[i]->section == section)
                print_summary(command_table[i]);
        }
    }
    puts("\nOptions of access control, magnet, create and backup:");
    command_line_print_help(database_options);
    puts("\nOptions of access control, monitoring and create:");
    command_line_print_help(command_table_options[SECTION_MONITORING]);
    puts("\nOptions of every command:");
    command_line_print_help(general_options);
    puts(
        "\nFor peers, magnet and remove, HASH may be abbreviated to 4 or more digits and NAME to\n"
        "a substring (case-insensitive) if it matches one torrent.\n"
        "\nAccess control commands use ./var/skep.db or /var/lib/skep/skep.db if no skepd runs on\n"
        "this machine. SKEPCTL_URL and SKEPCTL_TOKEN set the URL and the token. See skepctl(1).");
}

static void print_command_help(const struct command *command) {
    printf("Usage: skepctl %s%s%s [OPTION...]\n%s.\n", command->name,
           command->arguments[0] == '\0' ? "" : " ", command->arguments, command->summary);
    if (command->options[0] != NULL)
        puts("\nOptions:");
    command_line_print_help(command->options);
    puts("\nGeneral options:");
    command_line_print_help(command_table_options[command->section]);
    command_line_print_help(general_options);
    printf("\nExample:\n  %s\n", command->example);
}

static void print_group_help(const char *group) {
    printf("Usage: skepctl %s COMMAND\n\n", group);
    for (size_t i = 0; i < command_table_count; i++) {
        if (command_table_in_group(command_table[i], group))
            print_summary(command_table[i]);
    }
}

/* Removes the first argument. */
static void drop_argument(struct command_line *line) {
    line->arguments++;
    line->count--;
}

/* Removes the name of the command, one or two words, from the arguments and copies it. */
static void take_name(struct command_line *line, char name[static NAME_LEN]) {
    const char *group = line->arguments[0];
    drop_argument(line);
    snprintf(name, NAME_LEN, "%s", group);
    if (!command_table_has_group(group) || line->count == 0)
        return;
    snprintf(name, NAME_LEN, "%s %s", group, line->arguments[0]);
    drop_argument(line);
}

/* The command with the most similar name; NULL if none is similar. */
static const struct command *find_similar(const char *name) {
    const struct command *nearest = NULL;
    size_t limit = strlen(name) / 3 + 1;
    for (size_t i = 0; i < command_table_count; i++) {
        const size_t distance = edit_distance(bytes_of(name), bytes_of(command_table[i]->name));
        if (distance < limit) {
            nearest = command_table[i];
            limit = distance;
        }
    }
    return nearest;
}

static enum status refuse_command(const char *name) {
    const struct command *similar = find_similar(name);
    if (command_table_has_group(name))
        return output_fail(STATUS_FAULT, "incomplete command \"%s\"; see skepctl %s --help", name,
                           name);
    if (similar != NULL)
        return output_fail(STATUS_FAULT, "unknown command \"%s\"; did you mean \"%s\"?", name,
                           similar->name);
    const char *space = strchr(name, ' '); /* after a group, such as "key" in "key foo" */
    return output_fail(STATUS_FAULT, "unknown command \"%s\"; see skepctl %.*s--help", name,
                       space == NULL ? 0 : (int)(space - name) + 1, name);
}

static bool list_has_option(const struct option_spec *const *list,
                            const struct option_spec *option) {
    while (*list != NULL && strcmp((*list)->name, option->name) != 0)
        list++;
    return *list != NULL;
}

/* Prints an error if an option was given that the command does not have. */
static bool check_options(const struct command_line *line, const struct command *command) {
    for (size_t i = 0; i < line->option_count; i++) {
        const struct option_spec *option = line->options[i];
        if (line->values[i] != NULL && !list_has_option(general_options, option) &&
            !list_has_option(command_table_options[command->section], option) &&
            !list_has_option(command->options, option))
            return output_error("%s does not support --%s; see skepctl %s --help", command->name,
                                option->name, command->name);
    }
    return true;
}

static bool check_arguments(const struct command_line *line, const struct command *command) {
    const char *space = command->arguments[0] == '\0' ? "" : " ";
    if (line->count < command->arguments_min)
        return output_error("missing argument; usage: skepctl %s%s%s", command->name, space,
                            command->arguments);
    if (line->count > command->arguments_max)
        return output_error("unexpected argument \"%s\"; usage: skepctl %s%s%s",
                            line->arguments[command->arguments_max], command->name, space,
                            command->arguments);
    return true;
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

static enum status run_command(struct command_line *line, bool help) {
    char name[NAME_LEN];
    take_name(line, name);
    const struct command *command = command_table_find(name);
    if (command == NULL && help && command_table_has_group(name)) {
        print_group_help(name);
        return STATUS_GOOD;
    }
    if (command == NULL)
        return refuse_command(name);
    if (help) {
        print_command_help(command);
        return STATUS_GOOD;
    }
    if (!check_options(line, command) || !check_arguments(line, command))
        return STATUS_FAULT;
    return command->run != NULL ? command->run(line) : run_registry_command(command, line);
}

/* Sets the command whose help is of use if an option is wrong. */
static void guess_command(struct command_line *line, int argc, char **argv) {
    char name[NAME_LEN];
    for (int i = 1; i < argc; i++) {
        const bool group = command_table_has_group(argv[i]);
        snprintf(name, sizeof name, "%s %s", argv[i], i + 1 < argc ? argv[i + 1] : "");
        if (!group && command_table_find(argv[i]) == NULL)
            continue;
        snprintf(line->command, sizeof line->command, "%.30s ",
                 group && command_table_find(name) != NULL ? name : argv[i]);
        return;
    }
}

int main(int argc, char **argv) {
    struct command_line line = { 0 };
    if (!standard_files_open())
        return STATUS_FAULT;
    command_table_add_options(&line);
    guess_command(&line, argc, argv);
    if (!command_line_parse(&line, argc, argv))
        return STATUS_FAULT;
    if (command_line_has(&line, &option_version)) {
        puts("skepctl " SKEP_VERSION);
        return STATUS_GOOD;
    }
    if (line.count > 0 && strcmp(line.arguments[0], COMPLETION_REQUEST) == 0)
        return (int)completion_print(line.arguments + 1, line.count - 1);
    bool help = command_line_has(&line, &option_help);
    if (line.count > 0 && strcmp(line.arguments[0], "help") == 0) {
        help = true;
        drop_argument(&line);
    }
    if (line.count == 0) {
        print_help();
        return STATUS_GOOD;
    }
    return (int)run_command(&line, help);
}
