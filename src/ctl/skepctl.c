/* skepctl: the operator's hand on a tracker, and a tester's eye on any. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/commands/announce.h"
#include "ctl/commands/ban.h"
#include "ctl/commands/create.h"
#include "ctl/commands/magnet.h"
#include "ctl/commands/passkey.h"
#include "ctl/commands/scrape.h"
#include "ctl/commands/status.h"
#include "ctl/commands/top.h"
#include "ctl/commands/torrent_registry.h"
#include "ctl/commands/torrents.h"

enum { HELP_COLUMN = 28 };

#define LIST_OPTIONS (OPTION_BIT(OPTION_OFFSET) | OPTION_BIT(OPTION_LIMIT))
#define SELECT_OPTIONS                                                                             \
    (OPTION_BIT(OPTION_SEARCH) | OPTION_BIT(OPTION_SHOW) | OPTION_BIT(OPTION_SORT) |               \
     OPTION_BIT(OPTION_REVERSE))

#define TRANSPORT_OPTIONS                                                                          \
    (OPTION_BIT(OPTION_IPV4) | OPTION_BIT(OPTION_IPV6) | OPTION_BIT(OPTION_TIMEOUT))

/* clang-format off */
static const struct command commands[] = {
    { .section = SECTION_REGISTRY, .group = "key", .name = "new", .arguments = "LABEL", .least = 1, .most = 1,
      .summary = "make a passkey, and print it with its announce URLs", .run_on = passkey_create },
    { .section = SECTION_REGISTRY, .group = "key", .name = "list", .arguments = "",
      .summary = "list the passkeys' labels", .run_on = passkey_list },
    { .section = SECTION_REGISTRY, .group = "key", .name = "revoke", .arguments = "LABEL", .least = 1, .most = 1,
      .summary = "make a passkey invalid", .run_on = passkey_revoke },
    { .section = SECTION_REGISTRY, .name = "add", .arguments = "HASH [NAME] | FILE.torrent...", .least = 1, .most = COMMAND_WORDS_ANY,
      .summary = "register torrents", .run_on = torrent_registry_add },
    { .section = SECTION_REGISTRY, .name = "remove", .arguments = "HASH | NAME | FILE.torrent", .least = 1, .most = 1,
      .summary = "take a torrent off the list", .run_on = torrent_registry_remove },
    { .section = SECTION_REGISTRY, .name = "list", .arguments = "",
      .summary = "list the registered torrents", .run_on = torrent_registry_list },
    { .section = SECTION_REGISTRY, .name = "ban", .arguments = "NETWORK", .least = 1, .most = 1,
      .summary = "ban an address, or a network such as 192.0.2.0/24", .run_on = ban_add,
      .options = OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_REASON) },
    { .section = SECTION_REGISTRY, .name = "unban", .arguments = "NETWORK", .least = 1, .most = 1,
      .summary = "lift a ban", .run_on = ban_remove },
    { .section = SECTION_REGISTRY, .name = "bans", .arguments = "",
      .summary = "list the bans", .run_on = ban_list },

    { .section = SECTION_LIVE, .name = "status", .arguments = "",
      .summary = "how the tracker is, and its announce URLs", .run = status_command },
    { .section = SECTION_LIVE, .name = "top", .arguments = "",
      .summary = "the tracker, live in the terminal", .run = top_command,
      .options = OPTION_BIT(OPTION_SORT) | OPTION_BIT(OPTION_REVERSE) },
    { .section = SECTION_LIVE, .name = "torrents", .arguments = "",
      .summary = "what is shared", .run = torrents_command, .options = LIST_OPTIONS | SELECT_OPTIONS },
    { .section = SECTION_LIVE, .name = "peers", .arguments = "HASH | NAME", .least = 1, .most = 1,
      .summary = "who shares a torrent", .run = peers_command, .options = LIST_OPTIONS },
    { .section = SECTION_LIVE, .name = "magnet", .arguments = "HASH | NAME | FILE.torrent", .least = 1, .most = 1,
      .summary = "print a torrent's magnet link", .run = magnet_command, .options = OPTION_BIT(OPTION_ANNOUNCE) },

    { .section = SECTION_TOOLS, .name = "create", .arguments = "PATH", .least = 1, .most = 1,
      .summary = "make a .torrent file of a file or a folder", .run = create_command,
      .options = OPTION_BIT(OPTION_ANNOUNCE) | OPTION_BIT(OPTION_PIECE_LENGTH) | OPTION_BIT(OPTION_PRIVATE) |
                 OPTION_BIT(OPTION_NAME) | OPTION_BIT(OPTION_COMMENT) | OPTION_BIT(OPTION_V2) |
                 OPTION_BIT(OPTION_HYBRID) | OPTION_BIT(OPTION_OUTPUT) | OPTION_BIT(OPTION_FORCE) |
                 OPTION_BIT(OPTION_ADD) },
    { .section = SECTION_TOOLS, .name = "announce", .arguments = "URL HASH | URL FILE.torrent", .least = 2, .most = 2,
      .summary = "announce at any tracker, and show what it answers", .run = announce_command,
      .options = TRANSPORT_OPTIONS | OPTION_BIT(OPTION_EVENT) | OPTION_BIT(OPTION_PORT) | OPTION_BIT(OPTION_LEFT) |
                 OPTION_BIT(OPTION_UPLOADED) | OPTION_BIT(OPTION_DOWNLOADED) | OPTION_BIT(OPTION_NUMWANT) |
                 OPTION_BIT(OPTION_PEER_ID) | OPTION_BIT(OPTION_KEY) | OPTION_BIT(OPTION_NO_COMPACT) |
                 OPTION_BIT(OPTION_LEAVE) },
    { .section = SECTION_TOOLS, .name = "scrape", .arguments = "URL [HASH | FILE.torrent]...", .least = 1, .most = COMMAND_WORDS_ANY,
      .summary = "ask any tracker how many share a torrent", .run = scrape_command, .options = TRANSPORT_OPTIONS },
};
/* clang-format on */

static const char *const section_titles[SECTION_COUNT] = {
    [SECTION_REGISTRY] =
        "What the tracker allows; asked of the skepd that runs, or written to its database:",
    [SECTION_LIVE] = "What the tracker does; asked of the skepd that runs:",
    [SECTION_TOOLS] = "Torrents, and any tracker:",
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
        "The operator's hand on a BitTorrent tracker, and a tester's eye on any.");
    for (int section = 0; section < SECTION_COUNT; section++) {
        printf("\n%s\n", section_titles[section]);
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            if ((int)commands[i].section == section)
                print_summary(&commands[i]);
        }
    }
    puts("\nOptions of every command:");
    command_line_describe(stdout, OPTIONS_GENERAL);
    puts(
        "\nOf HASH, 4 digits are enough for peers, magnet and remove, and of NAME a part, in any "
        "case of\n"
        "letters, as long as one torrent alone is meant.\n"
        "\nWhere no skepd answers on this machine, and no --database is named, ./var/skep.db is "
        "used,\n"
        "or else /var/lib/skep/skep.db. The token may stand in SKEPCTL_TOKEN, too. See "
        "skepctl(1).");
}

static void print_command_help(const struct command *command) {
    print_usage(command, "Usage: skepctl ");
    printf("%s\n%s.\n", command->options == 0 ? "" : " [OPTION...]", command->summary);
    if (command->options != 0)
        puts("");
    command_line_describe(stdout, command->options);
}

/* Finds the command and takes its name off the words. */
static const struct command *find_command(struct command_line *line) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *command = &commands[i];
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

static enum status run_on_registrar(const struct command *command,
                                    const struct command_line *line) {
    struct registry_client *client;
    enum status status = registry_client_open(line, &client);
    if (status == STATUS_GOOD)
        status = command->run_on(client, line);
    registry_client_close(client);
    return status;
}

static enum status run(struct command_line *line) {
    const struct command *command = find_command(line);
    if (command == NULL)
        return output_fail(STATUS_FAULT, "no such command; see skepctl --help",
                           line->count == 0 ? NULL : line->words[0]);
    if (command_line_has(line, OPTION_HELP)) {
        print_command_help(command);
        return STATUS_GOOD;
    }
    if (!command_line_allow(line, OPTIONS_GENERAL | command->options, command->name))
        return STATUS_FAULT;
    if (line->count < command->least || line->count > command->most)
        return output_fail(STATUS_FAULT, "too few or too many arguments; see skepctl --help",
                           command->name);
    return command->run == NULL ? run_on_registrar(command, line) : command->run(line);
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
    return (int)run(&line);
}
