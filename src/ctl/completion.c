#include "ctl/completion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command_table.h"
#include "ctl/completion_scripts.h"
#include "ctl/format.h"
#include "ctl/registry_client.h"

enum { NAME_LEN = 64 };

struct completion {
    struct command_line line; /* of the words before the last one */
    const char *word;         /* the last one, as far as it was typed */
    const struct command *command;
};

/* Candidates with control characters cannot be typed, and would break the lines. */
static void offer(const struct completion *completion, const char *candidate, const char *summary) {
    char clean[4 * REGISTRY_TEXT_LEN];
    if (strncmp(candidate, completion->word, strlen(completion->word)) != 0)
        return;
    format_clean(bytes_of(candidate), clean, sizeof clean);
    if (strcmp(clean, candidate) != 0)
        return;
    format_clean(bytes_of(summary), clean, sizeof clean);
    printf("%s%s%s\n", candidate, clean[0] == '\0' ? "" : "\t", clean);
}

static const char *files_of_usage(const char *usage) {
    if (strstr(usage, "FILE.torrent") != NULL)
        return ":torrents";
    return strstr(usage, "FILE") != NULL || strstr(usage, "PATH") != NULL ? ":files" : ":none";
}

static const char *offer_option_value(const struct completion *completion,
                                      const struct option_spec *option) {
    for (const char *const *choice = option->choices; choice != NULL && *choice != NULL; choice++)
        offer(completion, *choice, "");
    return files_of_usage(option->argument);
}

static void offer_option_list(const struct completion *completion,
                              const struct option_spec *const *options) {
    char name[NAME_LEN];
    for (; *options != NULL; options++) {
        snprintf(name, sizeof name, "--%s", (*options)->name);
        offer(completion, name, (*options)->summary);
    }
}

static void offer_options(const struct completion *completion) {
    const struct command *command = completion->command;
    const enum command_section section = command == NULL ? SECTION_REGISTRY : command->section;
    if (command != NULL)
        offer_option_list(completion, command->options);
    offer_option_list(completion, command_table_options[section]);
    offer_option_list(completion, general_options);
}

/* Offers the first words of all commands. */
static void offer_commands(const struct completion *completion) {
    char offered[NAME_LEN] = "";
    for (size_t i = 0; i < command_table_count; i++) {
        const struct command *command = command_table[i];
        char name[NAME_LEN];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(command->name, " "), command->name);
        const bool group = command_table_in_group(command, name);
        if (strcmp(name, offered) != 0) /* the commands of a group stand together */
            offer(completion, name, group ? "" : command->summary);
        snprintf(offered, sizeof offered, "%s", name);
    }
}

static void offer_group(const struct completion *completion, const char *group) {
    for (size_t i = 0; i < command_table_count; i++) {
        if (command_table_in_group(command_table[i], group))
            offer(completion, command_table[i]->name + strlen(group) + 1,
                  command_table[i]->summary);
    }
}

static void offer_hash(void *context, const struct registry_row *row) {
    char hash[2 * INFO_HASH_LEN + 1];
    hex_encode(row->info_hash, INFO_HASH_LEN, hash);
    offer(context, hash, row->text);
}

static void offer_machine(void *context, const struct registry_row *row) {
    const struct endpoint address = network_first_address(&row->network);
    char text[ENDPOINT_TEXT_LEN];
    endpoint_address_text(&address, text);
    offer(context, text, row->text);
}

static void offer_text(void *context, const struct registry_row *row) {
    offer(context, row->text, row->reason);
}

/* Entries of the registry. */
static void offer_entries(struct completion *completion) {
    struct registry_client *client;
    if (registry_client_open(&completion->line, &client) != STATUS_GOOD)
        return;
    switch (completion->command->values) {
    case VALUES_REGISTERED:
        registry_client_search_torrents(client, completion->word, offer_hash, completion);
        break;
    case VALUES_BLOCKS:
        registry_client_visit_blocks(client, offer_hash, completion);
        break;
    case VALUES_BANS:
        registry_client_visit_bans(client, offer_text, completion);
        break;
    case VALUES_MACHINES:
        registry_client_visit_machines(client, offer_machine, completion);
        break;
    case VALUES_PASSKEYS:
        registry_client_visit_passkeys(client, offer_text, completion);
        break;
    default:
        break;
    }
    registry_client_close(client);
}

static void offer_torrents(struct completion *completion) {
    struct api_client *client = api_client_open(&completion->line);
    if (client != NULL)
        api_registry_search(client, true, completion->word, offer_hash, completion);
    api_client_close(client);
}

static void offer_shells(const struct completion *completion) {
    for (const struct completion_script *script = completion_scripts; script->shell != NULL;
         script++)
        offer(completion, script->shell, "");
}

static const char *offer_arguments(struct completion *completion, int count) {
    const struct command *command = completion->command;
    if (count >= command->arguments_max)
        return ":none";
    if (command->values == VALUES_TORRENTS)
        offer_torrents(completion);
    else if (command->values == VALUES_SHELLS)
        offer_shells(completion);
    else if (command->values != VALUES_NONE)
        offer_entries(completion);
    return files_of_usage(command->arguments);
}

/* Finds the command in the arguments. Returns the number of words of its name, 1 if a group lacks
 * its second word, and 0 if there are no arguments. */
static int find_command(struct completion *completion) {
    char name[NAME_LEN];
    char *const *arguments = completion->line.arguments;
    if (completion->line.count == 0)
        return 0;
    const bool group = command_table_has_group(arguments[0]);
    const bool whole = group && completion->line.count > 1;
    snprintf(name, sizeof name, "%s%s%s", arguments[0], whole ? " " : "",
             whole ? arguments[1] : "");
    completion->command = command_table_find(name);
    return whole ? 2 : 1;
}

static const char *offer_words(struct completion *completion) {
    struct command_line *line = &completion->line;
    const bool help = line->count > 0 && strcmp(line->arguments[0], "help") == 0;
    if (help) {
        line->arguments++;
        line->count--;
    }
    const int words = find_command(completion);
    if (completion->word[0] == '-')
        offer_options(completion);
    else if (words == 0)
        offer_commands(completion);
    else if (words == 1 && command_table_has_group(line->arguments[0]))
        offer_group(completion, line->arguments[0]);
    else if (completion->command != NULL && !help)
        return offer_arguments(completion, line->count - words);
    if (words == 0 && !help)
        offer(completion, "help", "Show help for a command");
    return ":none";
}

enum status completion_print(char *const *words, int count) {
    struct completion completion = { .word = count == 0 ? "" : words[count - 1] };
    const size_t before = count == 0 ? 0 : (size_t)count - 1;
    char **arguments = calloc(before + 2, sizeof *arguments);
    if (arguments == NULL)
        return output_out_of_memory();
    arguments[0] = "skepctl";
    memcpy(arguments + 1, words, before * sizeof *arguments);
    command_table_add_options(&completion.line);
    const char *files = ":none";
    if (command_line_parse(&completion.line, (int)before + 1, arguments))
        files = offer_words(&completion);
    else if (completion.line.incomplete != NULL)
        files = offer_option_value(&completion, completion.line.incomplete);
    puts(files);
    free(arguments);
    return STATUS_GOOD;
}
