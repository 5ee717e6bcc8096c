#include "ctl/commands/commands.h"

#include <stdio.h>

#include "ctl/format.h"
#include "ctl/torrent_argument.h"

/* Blocks or unblocks each info_hash of the argument. `*found`: one of them was blocked before. */
static enum status change_blocks(struct registry_client *client, const struct command_line *line,
                                 const struct torrent_argument *argument, bool block, bool *found) {
    const char *reason = command_line_value(line, &option_reason);
    enum status status = STATUS_GOOD;
    for (size_t i = 0; i < argument->hash_count && status == STATUS_GOOD; i++) {
        bool found_one = false;
        status = block ? registry_client_add_block(client, argument->info_hashes[i],
                                                   reason == NULL ? "" : reason)
                       : registry_client_remove_block(client, argument->info_hashes[i], &found_one);
        *found = *found || found_one;
    }
    return status;
}

static enum status print_changed(const struct command_line *line,
                                 const struct torrent_argument *argument, const char *done) {
    char hash[2 * INFO_HASH_LEN + 1];
    if (command_line_has(line, &option_json))
        return output_json(json_pack("{s:o}", "info_hash",
                                     output_json_hex(argument->info_hashes[0], INFO_HASH_LEN)));
    for (size_t i = 0; i < argument->hash_count; i++) {
        hex_encode(argument->info_hashes[i], INFO_HASH_LEN, hash);
        printf("%s %s\n", done, hash);
    }
    return STATUS_GOOD;
}

static enum status block_torrent(struct registry_client *client, const struct command_line *line) {
    struct torrent_argument argument;
    bool found = false;
    if (!torrent_argument_read(line->arguments[0], &argument))
        return STATUS_FAULT;
    enum status status = change_blocks(client, line, &argument, true, &found);
    if (status == STATUS_GOOD)
        status = print_changed(line, &argument, "blocked");
    torrent_argument_free(&argument);
    return status;
}

static enum status unblock_torrent(struct registry_client *client,
                                   const struct command_line *line) {
    struct torrent_argument argument;
    bool found = false;
    if (!torrent_argument_read(line->arguments[0], &argument))
        return STATUS_FAULT;
    enum status status = change_blocks(client, line, &argument, false, &found);
    status = registry_client_check_removal(status, found, "blocked torrent", line->arguments[0]);
    if (status == STATUS_GOOD)
        status = print_changed(line, &argument, "unblocked");
    torrent_argument_free(&argument);
    return status;
}

static void print_block(const struct registry_row *row) {
    char hash[2 * INFO_HASH_LEN + 1];
    char since[FORMAT_NUMBER_LEN];
    char reason[4 * REFUSAL_DETAIL_LEN];
    hex_encode(row->info_hash, INFO_HASH_LEN, hash);
    format_time(row->since_s, since);
    format_clean(bytes_of(row->reason), reason, sizeof reason);
    printf("%s  %-26s  %s\n", hash, since, reason);
}

static json_t *block_row_json(const struct registry_row *row) {
    return json_pack("{s:o, s:o, s:I}", "info_hash", output_json_hex(row->info_hash, INFO_HASH_LEN),
                     "reason", output_json_string(row->reason), "since", (json_int_t)row->since_s);
}

static enum status list_blocks(struct registry_client *client, const struct command_line *line) {
    if (command_line_has(line, &option_json))
        return registry_client_print_json(client, registry_client_visit_blocks, block_row_json);
    return registry_client_print(client, registry_client_visit_blocks, print_block,
                                 "INFO_HASH                                 "
                                 "SINCE                       REASON",
                                 "No blocked torrents.");
}

const struct command block_command = {
    .section = SECTION_REGISTRY,
    .name = "block",
    .arguments = "HASH | MAGNET | FILE.torrent",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Block a torrent: reject its announces",
    .example = "skepctl block film.torrent --reason \"takedown request\"",
    .run_registry = block_torrent,
    .options = { &option_reason },
};

const struct command unblock_command = {
    .section = SECTION_REGISTRY,
    .name = "unblock",
    .arguments = "HASH | MAGNET | FILE.torrent",
    .arguments_min = 1,
    .arguments_max = 1,
    .values = VALUES_BLOCKS,
    .summary = "Unblock a torrent",
    .example = "skepctl unblock film.torrent",
    .run_registry = unblock_torrent,
};

const struct command blocks_command = {
    .section = SECTION_REGISTRY,
    .name = "blocks",
    .arguments = "",
    .summary = "List the blocked torrents",
    .example = "skepctl blocks --json",
    .run_registry = list_blocks,
};
