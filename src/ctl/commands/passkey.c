#include "ctl/commands/commands.h"

#include <stdio.h>

#include "ctl/format.h"
#include "wire/passkey.h"

/* clang-format off */
static const struct option_spec option_passkey = { "passkey", "KEY", "use this passkey (default: a random one)", 0, NULL };
/* clang-format on */

enum { URL_LEN = 1024 };

/* The passkey has the first line to itself, for scripts. */
static void print_passkey_urls(const char *key, const json_t *urls) {
    char text[URL_LEN];
    size_t i;
    const json_t *url;
    puts(key);
    json_array_foreach(urls, i, url) {
        const char *raw = json_string_value(url);
        format_clean(bytes_of(raw == NULL ? "?" : raw), text, sizeof text);
        puts(text);
    }
}

static enum status create_passkey(struct registry_client *client, const struct command_line *line) {
    char key[PASSKEY_TEXT_MAX + 1] = "";
    const char *label = line->arguments[0];
    const char *given = command_line_value(line, &option_passkey);
    json_t *urls;
    if (given != NULL && !passkey_is_allowed(bytes_of(given)))
        return output_fail(STATUS_FAULT, "invalid passkey; use %d to %d letters, digits, - and _",
                           PASSKEY_TEXT_MIN, PASSKEY_TEXT_MAX);
    if (given != NULL)
        snprintf(key, sizeof key, "%s", given);
    const enum status status = registry_client_add_passkey(client, label, key, &urls);
    if (status != STATUS_GOOD)
        return status;
    if (command_line_has(line, &option_json))
        return output_json(json_pack("{s:o, s:s, s:o}", "label", output_json_string(label),
                                     "passkey", key, "urls", urls == NULL ? json_null() : urls));
    print_passkey_urls(key, urls);
    json_decref(urls);
    return STATUS_GOOD;
}

static enum status revoke_passkey(struct registry_client *client, const struct command_line *line) {
    const char *label = line->arguments[0];
    bool found = false;
    enum status status = registry_client_remove_passkey(client, label, &found);
    status = registry_client_check_removal(status, found, "passkey", label);
    if (status != STATUS_GOOD)
        return status;
    if (command_line_has(line, &option_json))
        return output_json(json_pack("{s:o}", "label", output_json_string(label)));
    char text[4 * REGISTRY_TEXT_LEN];
    format_clean(bytes_of(label), text, sizeof text);
    printf("revoked %s\n", text);
    return STATUS_GOOD;
}

static void print_passkey_row(const struct registry_row *row) {
    char since[FORMAT_NUMBER_LEN];
    char label[4 * REGISTRY_TEXT_LEN];
    format_time(row->since_s, since);
    format_clean(bytes_of(row->text), label, sizeof label);
    printf("%s  %s\n", since, label);
}

static json_t *passkey_row_json(const struct registry_row *row) {
    return json_pack("{s:o, s:I}", "label", output_json_string(row->text), "created",
                     (json_int_t)row->since_s);
}

static enum status list_passkeys(struct registry_client *client, const struct command_line *line) {
    if (command_line_has(line, &option_json))
        return registry_client_print_json(client, registry_client_visit_passkeys, passkey_row_json);
    return registry_client_print(client, registry_client_visit_passkeys, print_passkey_row,
                                 "CREATED                    LABEL", "No passkeys.");
}

const struct command key_new_command = {
    .section = SECTION_REGISTRY,
    .name = "key new",
    .arguments = "LABEL",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Create a passkey and print its announce URLs",
    .example = "skepctl key new alice",
    .run_registry = create_passkey,
    .options = { &option_passkey },
};

const struct command key_list_command = {
    .section = SECTION_REGISTRY,
    .name = "key list",
    .arguments = "",
    .summary = "List the labels of the passkeys",
    .example = "skepctl key list",
    .run_registry = list_passkeys,
};

const struct command key_revoke_command = {
    .section = SECTION_REGISTRY,
    .name = "key revoke",
    .arguments = "LABEL",
    .arguments_min = 1,
    .arguments_max = 1,
    .values = VALUES_PASSKEYS,
    .summary = "Revoke a passkey",
    .example = "skepctl key revoke alice",
    .run_registry = revoke_passkey,
};
