#include "ctl/passkeys.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/random.h"
#include "ctl/registry_access.h"
#include "ctl/text.h"
#include "wire/passkey.h"

enum { PASSKEY_BYTES = 16 };

static json_t *text_of(const char *text) {
    return output_json_text(bytes_of(text));
}

enum status passkeys_new(struct registry *registry, const struct command_line *line) {
    uint8_t secret[PASSKEY_BYTES];
    char key[2 * PASSKEY_BYTES + 1];
    if (!random_secret(secret, sizeof secret))
        return output_fail(STATUS_FAULT, "the system has no randomness to give", NULL);
    hex_encode(secret, sizeof secret, key);
    const struct passkey passkey = passkey_of(bytes_of(key));
    bool taken;
    if (!registry_add_passkey(registry, passkey.digest, line->words[0], clock_unix_s(), &taken))
        return registry_access_report(registry, false);
    if (taken)
        return output_fail(STATUS_FAULT, "there is a passkey of that label already",
                           line->words[0]);
    if (command_line_has(line, OPTION_JSON))
        return output_json(
            json_pack("{s:o, s:s}", "label", text_of(line->words[0]), "passkey", key));
    puts(key);
    return STATUS_GOOD;
}

enum status passkeys_revoke(struct registry *registry, const struct command_line *line) {
    const char *label = line->words[0];
    bool found = false;
    const bool good = registry_remove_passkey(registry, label, &found);
    const enum status status = registry_access_report_removal(registry, good, found, label);
    if (status != STATUS_GOOD || !command_line_has(line, OPTION_JSON))
        return status;
    return output_json(json_pack("{s:o}", "label", text_of(label)));
}

static void print_key(void *context, const struct registry_row *row) {
    (void)context;
    char since[TEXT_FIGURE_LEN];
    char label[4 * REGISTRY_TEXT_LEN];
    text_time(row->since_s, since);
    text_clean(bytes_of(row->text), label, sizeof label);
    printf("%s  %s\n", since, label);
}

static json_t *key_json(const struct registry_row *row) {
    return json_pack("{s:o, s:I}", "label", text_of(row->text), "created",
                     (json_int_t)row->since_s);
}

enum status passkeys_list(struct registry *registry, const struct command_line *line) {
    if (command_line_has(line, OPTION_JSON))
        return registry_access_print_json(registry, registry_visit_passkeys, key_json);
    return registry_access_report(registry, registry_visit_passkeys(registry, print_key, NULL));
}
