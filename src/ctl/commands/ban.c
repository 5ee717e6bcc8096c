#include "ctl/commands/commands.h"

#include <stdio.h>

#include "base/clock.h"
#include "ctl/format.h"

static json_t *ban_json_of(const char *network, const char *reason, int64_t until_s,
                           int64_t since_s) {
    json_t *until = until_s == 0 ? json_null() : json_integer(until_s);
    return json_pack("{s:o, s:o, s:o, s:I}", "network", output_json_text(bytes_of(network)),
                     "reason", output_json_text(bytes_of(reason)), "until", until, "since",
                     (json_int_t)since_s);
}

static enum status add_ban(struct registry_client *client, const struct command_line *line) {
    struct network network;
    if (!network_parse(line->words[0], &network))
        return output_fail(STATUS_FAULT, "invalid address or network", line->words[0]);
    const int64_t now_s = clock_unix_s();
    const char *duration = line->values[OPTION_FOR];
    int64_t until_s = 0;
    if (duration != NULL) {
        const int64_t duration_s = format_parse_duration(duration);
        if (duration_s == 0)
            return output_fail(STATUS_FAULT,
                               "invalid duration; expected a number followed by s, m, h or d",
                               duration);
        until_s = now_s + duration_s;
    }
    const char *given = line->values[OPTION_REASON];
    const char *reason = given == NULL ? "" : given;
    const enum status status = registry_client_add_ban(client, &network, reason, until_s, now_s);
    if (status != STATUS_GOOD || !command_line_has(line, OPTION_JSON))
        return status;
    return output_json(ban_json_of(line->words[0], reason, until_s, now_s));
}

static enum status remove_ban(struct registry_client *client, const struct command_line *line) {
    const char *text = line->words[0];
    struct network network;
    bool found = false;
    if (!network_parse(text, &network))
        return output_fail(STATUS_FAULT, "invalid address or network", text);
    enum status status = registry_client_remove_ban(client, &network, &found);
    status = registry_client_report_removal(status, found, text);
    if (status != STATUS_GOOD || !command_line_has(line, OPTION_JSON))
        return status;
    return output_json(json_pack("{s:s}", "network", text));
}

static void print_ban(void *context, const struct registry_row *row) {
    (void)context;
    char until[FORMAT_NUMBER_LEN] = "permanent";
    char reason[4 * REFUSAL_DETAIL_LEN];
    if (row->until_s != 0)
        format_time(row->until_s, until);
    format_clean(bytes_of(row->reason), reason, sizeof reason);
    printf("%-44s %-20s %s\n", row->text, until, reason);
}

static json_t *ban_json(const struct registry_row *row) {
    return ban_json_of(row->text, row->reason, row->until_s, row->since_s);
}

static enum status list_bans(struct registry_client *client, const struct command_line *line) {
    if (command_line_has(line, OPTION_JSON))
        return registry_client_print_json(client, registrar_visit_bans, ban_json);
    return registrar_visit_bans(client, print_ban, NULL);
}

const struct command ban_command = {
    .section = SECTION_REGISTRY,
    .name = "ban",
    .arguments = "NETWORK",
    .least = 1,
    .most = 1,
    .summary = "Ban an address or a network",
    .run_on = add_ban,
    .options = OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_REASON),
};

const struct command unban_command = {
    .section = SECTION_REGISTRY,
    .name = "unban",
    .arguments = "NETWORK",
    .least = 1,
    .most = 1,
    .summary = "Remove a ban",
    .run_on = remove_ban,
};

const struct command bans_command = {
    .section = SECTION_REGISTRY,
    .name = "bans",
    .arguments = "",
    .summary = "List the bans",
    .run_on = list_bans,
};
