#include "ctl/commands/commands.h"

#include <stdio.h>

#include "base/clock.h"
#include "ctl/format.h"

/* clang-format off */
static const struct option_spec option_for = { "for", "DURATION", "duration: 90s, 15m, 2h, 7d (default: permanent)", 0, NULL };
static const struct option_spec option_force = { "force", NULL, "ban even your own address, a proxy or all addresses", 0, NULL };
static const struct option_spec option_all = { "all", NULL, "list ended bans, too", 0, NULL };
/* clang-format on */

static json_t *make_ban_json(const char *network, const char *reason, int64_t until_s,
                             int64_t since_s) {
    json_t *until = until_s == 0 ? json_null() : json_integer(until_s);
    return json_pack("{s:o, s:o, s:o, s:I}", "network", output_json_string(network), "reason",
                     output_json_string(reason), "until", until, "since", (json_int_t)since_s);
}

static void print_ban_change(const struct network *network, const char *reason, int64_t until_s,
                             bool replaced) {
    char text[NETWORK_TEXT_LEN];
    char until[FORMAT_NUMBER_LEN];
    char clean[4 * REFUSAL_DETAIL_LEN];
    network_text(network, text);
    format_time(until_s, until);
    format_clean(bytes_of(reason), clean, sizeof clean);
    printf("banned %s %s%s%s%s%s\n", text, until_s == 0 ? "permanently" : "until ",
           until_s == 0 ? "" : until, clean[0] == '\0' ? "" : ": ", clean,
           replaced ? " (replaces an earlier ban)" : "");
}

static enum status add_ban(struct registry_client *client, const struct command_line *line) {
    struct network network;
    if (!network_parse(line->arguments[0], &network))
        return output_fail(STATUS_FAULT, "invalid address or network \"%s\"", line->arguments[0]);
    const int64_t now_s = clock_unix_s();
    const char *duration = command_line_value(line, &option_for);
    int64_t until_s = 0;
    if (duration != NULL) {
        const int64_t duration_s = format_parse_duration(duration);
        if (duration_s == 0)
            return output_fail(STATUS_FAULT,
                               "invalid duration \"%s\"; use a number and s, m, h or d", duration);
        until_s = now_s + duration_s;
    }
    const char *given = command_line_value(line, &option_reason);
    const char *reason = given == NULL ? "" : given;
    bool replaced = false;
    const enum status status = registry_client_add_ban(
        client, &network, reason, until_s, now_s, command_line_has(line, &option_force), &replaced);
    if (status != STATUS_GOOD)
        return status;
    if (command_line_has(line, &option_json))
        return output_json(make_ban_json(line->arguments[0], reason, until_s, now_s));
    print_ban_change(&network, reason, until_s, replaced);
    return STATUS_GOOD;
}

static enum status remove_ban(struct registry_client *client, const struct command_line *line) {
    const char *text = line->arguments[0];
    struct network network;
    bool found = false;
    if (!network_parse(text, &network))
        return output_fail(STATUS_FAULT, "invalid address or network \"%s\"", text);
    enum status status = registry_client_remove_ban(client, &network, &found);
    status = registry_client_check_removal(status, found, "ban", text);
    if (status != STATUS_GOOD)
        return status;
    if (command_line_has(line, &option_json))
        return output_json(json_pack("{s:s}", "network", text));
    printf("unbanned %s\n", text);
    return STATUS_GOOD;
}

static void print_ban(const struct registry_row *row) {
    char until[FORMAT_NUMBER_LEN] = "permanent";
    char reason[4 * REFUSAL_DETAIL_LEN];
    if (row->until_s != 0)
        format_time(row->until_s, until);
    format_clean(bytes_of(row->reason), reason, sizeof reason);
    printf("%-44s %-26s %s\n", row->text, until, reason);
}

static json_t *ban_row_json(const struct registry_row *row) {
    return make_ban_json(row->text, row->reason, row->until_s, row->since_s);
}

static enum status list_bans(struct registry_client *client, const struct command_line *line) {
    const registry_client_lister list = command_line_has(line, &option_all)
                                            ? registry_client_visit_all_bans
                                            : registry_client_visit_bans;
    if (command_line_has(line, &option_json))
        return registry_client_print_json(client, list, ban_row_json);
    return registry_client_print(
        client, list, print_ban,
        "NETWORK                                      UNTIL                      REASON",
        "No bans.");
}

const struct command ban_command = {
    .section = SECTION_REGISTRY,
    .name = "ban",
    .arguments = "NETWORK",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Ban an address or a network",
    .example = "skepctl ban 203.0.113.0/24 --for 2h --reason \"flooding\"",
    .run_registry = add_ban,
    .options = { &option_for, &option_reason, &option_force },
};

const struct command unban_command = {
    .section = SECTION_REGISTRY,
    .name = "unban",
    .arguments = "NETWORK",
    .arguments_min = 1,
    .arguments_max = 1,
    .values = VALUES_BANS,
    .summary = "Remove a ban",
    .example = "skepctl unban 203.0.113.0/24",
    .run_registry = remove_ban,
};

const struct command bans_command = {
    .section = SECTION_REGISTRY,
    .name = "bans",
    .arguments = "",
    .summary = "List the bans",
    .example = "skepctl bans",
    .run_registry = list_bans,
    .options = { &option_all },
};
