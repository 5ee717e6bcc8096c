#include "ctl/commands/commands.h"
#include "torrent/metainfo.h"

#include <stdio.h>

#include "ctl/format.h"
#include "ctl/torrent_argument.h"
#include "ctl/torrent_lookup.h"

static void print_row(const uint8_t info_hash[static INFO_HASH_LEN], struct bytes name) {
    char hash[2 * INFO_HASH_LEN + 1];
    char text[4 * REGISTRY_TEXT_LEN];
    hex_encode(info_hash, INFO_HASH_LEN, hash);
    format_clean(name, text, sizeof text);
    printf("%s%s%s\n", hash, text[0] == '\0' ? "" : "  ", text);
}

static json_t *row_json_of(const uint8_t info_hash[static INFO_HASH_LEN], struct bytes name,
                           uint64_t size) {
    return json_pack("{s:o, s:o, s:o}", "info_hash", output_json_hex(info_hash, INFO_HASH_LEN),
                     "name", name.len == 0 ? json_null() : output_json_text(name), "size",
                     size == 0 ? json_null() : json_integer((json_int_t)size));
}

/* Registers the torrent of a file; appends to `items`, or prints it if that is NULL. */
static enum status add_file(struct registry_client *client, const char *path, json_t *items) {
    struct torrent_argument argument;
    if (!torrent_argument_read(path, &argument))
        return STATUS_FAULT;
    const struct metainfo *metainfo = &argument.metainfo;
    char name[REGISTRY_TEXT_LEN];
    registry_copy_name(metainfo->name, name);
    const enum status status = registry_client_put_torrent(client, metainfo, argument.file);
    for (size_t i = 0; i < metainfo->hash_count && status == STATUS_GOOD; i++) {
        if (items == NULL)
            print_row(metainfo->info_hashes[i], bytes_of(name));
        else
            json_array_append_new(
                items, row_json_of(metainfo->info_hashes[i], bytes_of(name), metainfo->size));
    }
    torrent_argument_free(&argument);
    return status;
}

/* A failure does not stop the others. */
static enum status add_files(struct registry_client *client, const struct command_line *line,
                             json_t *items) {
    enum status status = STATUS_GOOD;
    for (int i = 0; i < line->count; i++) {
        const enum status one = add_file(client, line->words[i], items);
        if (one != STATUS_GOOD)
            status = one;
    }
    return status;
}

static enum status add_hash(struct registry_client *client, const struct command_line *line,
                            const uint8_t info_hash[static INFO_HASH_LEN], json_t *items) {
    if (line->count > 2)
        return output_fail(
            STATUS_FAULT,
            "wrong number of arguments; usage: skepctl add HASH [NAME] | FILE.torrent...", NULL);
    char name[REGISTRY_TEXT_LEN];
    registry_copy_name(bytes_of(line->count > 1 ? line->words[1] : ""), name);
    struct registry_torrent torrent = { .hash_count = 1, .name = name };
    memcpy(torrent.info_hashes[0], info_hash, INFO_HASH_LEN);
    const enum status status = registry_client_add_torrent(client, &torrent);
    if (items != NULL && status == STATUS_GOOD)
        json_array_append_new(items, row_json_of(info_hash, bytes_of(name), 0));
    return status;
}

static enum status add_torrents(struct registry_client *client, const struct command_line *line) {
    uint8_t info_hash[INFO_HASH_LEN];
    json_t *items = command_line_has(line, OPTION_JSON) ? json_array() : NULL;
    const enum status status = command_line_hash(line->words[0], info_hash)
                                   ? add_hash(client, line, info_hash, items)
                                   : add_files(client, line, items);
    if (items != NULL && json_array_size(items) > 0)
        output_json(json_pack("{s:O}", "items", items));
    json_decref(items);
    return status;
}

static enum status print_removed(const struct command_line *line,
                                 const uint8_t info_hash[static INFO_HASH_LEN]) {
    if (!command_line_has(line, OPTION_JSON))
        return STATUS_GOOD;
    return output_json(json_pack("{s:o}", "info_hash", output_json_hex(info_hash, INFO_HASH_LEN)));
}

/* An info_hash, or all info_hashes of a file. */
static enum status remove_input(struct registry_client *client, const struct command_line *line) {
    struct torrent_argument argument;
    if (!torrent_argument_read(line->words[0], &argument))
        return STATUS_FAULT;
    bool found = false;
    enum status status = STATUS_GOOD;
    for (size_t i = 0; i < argument.hash_count && status == STATUS_GOOD; i++) {
        bool found_one = false;
        status = registry_client_remove_torrent(client, argument.info_hashes[i], &found_one);
        found = found || found_one;
    }
    status = registry_client_report_removal(status, found, line->words[0]);
    if (status == STATUS_GOOD)
        status = print_removed(line, argument.info_hashes[0]);
    torrent_argument_free(&argument);
    return status;
}

/* The match is printed, since the word may be an abbreviation. */
static enum status remove_chosen(struct registry_client *client, const struct command_line *line) {
    struct torrent_lookup lookup;
    struct registry_row row;
    bool found;
    const char *word = line->words[0];
    torrent_lookup_begin(&lookup, word);
    enum status status = registrar_search_torrents(client, word, torrent_lookup_add, &lookup);
    status = torrent_lookup_end(&lookup, status, &row);
    if (status == STATUS_GOOD)
        status = registry_client_remove_torrent(client, row.info_hash, &found);
    if (status != STATUS_GOOD)
        return status;
    if (!command_line_has(line, OPTION_JSON))
        print_row(row.info_hash, bytes_of(row.text));
    return print_removed(line, row.info_hash);
}

static enum status remove_torrent(struct registry_client *client, const struct command_line *line) {
    return torrent_argument_is_one(line->words[0]) ? remove_input(client, line)
                                                   : remove_chosen(client, line);
}

static void print_torrent(void *context, const struct registry_row *row) {
    (void)context;
    print_row(row->info_hash, bytes_of(row->text));
}

static json_t *torrent_json(const struct registry_row *row) {
    return row_json_of(row->info_hash, bytes_of(row->text), row->size);
}

static enum status list_torrents(struct registry_client *client, const struct command_line *line) {
    if (command_line_has(line, OPTION_JSON))
        return registry_client_print_json(client, registrar_visit_torrents, torrent_json);
    return registrar_visit_torrents(client, print_torrent, NULL);
}

const struct command add_command = {
    .section = SECTION_REGISTRY,
    .name = "add",
    .arguments = "HASH [NAME] | FILE.torrent...",
    .least = 1,
    .most = COMMAND_WORDS_ANY,
    .summary = "Register torrents",
    .run_on = add_torrents,
};

const struct command remove_command = {
    .section = SECTION_REGISTRY,
    .name = "remove",
    .arguments = "HASH | NAME | FILE.torrent",
    .least = 1,
    .most = 1,
    .summary = "Unregister a torrent",
    .run_on = remove_torrent,
};

const struct command list_command = {
    .section = SECTION_REGISTRY,
    .name = "list",
    .arguments = "",
    .summary = "List the registered torrents",
    .run_on = list_torrents,
};
