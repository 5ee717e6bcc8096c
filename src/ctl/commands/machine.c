#include "ctl/commands/commands.h"

#include <stdio.h>

#include "ctl/format.h"

static json_t *make_machine_json(const char *address, const char *name) {
    return json_pack("{s:s, s:o}", "address", address, "name", output_json_string(name));
}

static bool read_address(const char *text, struct endpoint *address,
                         char canonical[static ENDPOINT_TEXT_LEN]) {
    if (!endpoint_parse_address(text, address)) {
        output_fail(STATUS_FAULT, "invalid address \"%s\"", text);
        return false;
    }
    endpoint_address_text(address, canonical);
    return true;
}

static enum status name_machine(struct registry_client *client, const struct command_line *line) {
    struct endpoint address;
    char text[ENDPOINT_TEXT_LEN];
    char name[REGISTRY_TEXT_LEN];
    char clean[4 * REGISTRY_TEXT_LEN];
    if (!read_address(line->arguments[0], &address, text))
        return STATUS_FAULT;
    registry_copy_name(bytes_of(line->arguments[1]), name);
    if (name[0] == '\0')
        return output_fail(STATUS_FAULT, "empty name; use skepctl unname to remove one");
    const enum status status = registry_client_add_machine(client, &address, name);
    if (status != STATUS_GOOD)
        return status;
    if (command_line_has(line, &option_json))
        return output_json(make_machine_json(text, name));
    format_clean(bytes_of(name), clean, sizeof clean);
    printf("named %s %s\n", text, clean);
    return STATUS_GOOD;
}

static enum status unname_machine(struct registry_client *client, const struct command_line *line) {
    struct endpoint address;
    char text[ENDPOINT_TEXT_LEN];
    bool found = false;
    if (!read_address(line->arguments[0], &address, text))
        return STATUS_FAULT;
    enum status status = registry_client_remove_machine(client, &address, &found);
    status = registry_client_check_removal(status, found, "named machine", text);
    if (status != STATUS_GOOD)
        return status;
    if (command_line_has(line, &option_json))
        return output_json(json_pack("{s:s}", "address", text));
    printf("unnamed %s\n", text);
    return STATUS_GOOD;
}

static void row_address(const struct registry_row *row, char text[static ENDPOINT_TEXT_LEN]) {
    const struct endpoint address = network_first_address(&row->network);
    endpoint_address_text(&address, text);
}

static void print_machine(const struct registry_row *row) {
    char address[ENDPOINT_TEXT_LEN];
    char name[4 * REGISTRY_TEXT_LEN];
    row_address(row, address);
    format_clean(bytes_of(row->text), name, sizeof name);
    printf("%-39s  %s\n", address, name);
}

static json_t *machine_row_json(const struct registry_row *row) {
    char address[ENDPOINT_TEXT_LEN];
    row_address(row, address);
    return make_machine_json(address, row->text);
}

static enum status list_machines(struct registry_client *client, const struct command_line *line) {
    if (command_line_has(line, &option_json))
        return registry_client_print_json(client, registry_client_visit_machines, machine_row_json);
    return registry_client_print(client, registry_client_visit_machines, print_machine,
                                 "ADDRESS                                  NAME",
                                 "No named machines.");
}

const struct command name_command = {
    .section = SECTION_REGISTRY,
    .name = "name",
    .arguments = "ADDRESS NAME",
    .arguments_min = 2,
    .arguments_max = 2,
    .summary = "Name the machine at an address",
    .example = "skepctl name 192.168.1.10 \"Anna's laptop\"",
    .run_registry = name_machine,
};

const struct command unname_command = {
    .section = SECTION_REGISTRY,
    .name = "unname",
    .arguments = "ADDRESS",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Remove the name of a machine",
    .example = "skepctl unname 192.168.1.10",
    .run_registry = unname_machine,
    .values = VALUES_MACHINES,
};

const struct command names_command = {
    .section = SECTION_REGISTRY,
    .name = "names",
    .arguments = "",
    .summary = "List the named machines",
    .example = "skepctl names",
    .run_registry = list_machines,
};
