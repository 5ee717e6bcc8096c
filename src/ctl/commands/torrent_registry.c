#include "ctl/commands/commands.h"

#include <stdio.h>

#include "ctl/format.h"
#include "ctl/torrent_argument.h"
#include "ctl/torrent_lookup.h"

enum { HASH_LEN = 2 * INFO_HASH_LEN, TORRENT_LEN = HASH_LEN + 2 + 4 * REGISTRY_TEXT_LEN };

static void format_torrent(const uint8_t info_hash[static INFO_HASH_LEN], struct bytes name,
                           char text[static TORRENT_LEN]) {
    char clean[TORRENT_LEN - HASH_LEN - 2];
    hex_encode(info_hash, INFO_HASH_LEN, text);
    format_clean(name, clean, sizeof clean);
    snprintf(text + HASH_LEN, TORRENT_LEN - HASH_LEN, "%s%s", clean[0] == '\0' ? "" : "  ", clean);
}

/* Prints a change of a torrent: "registered" or "unregistered". */
static void print_change(const char *change, const uint8_t info_hash[static INFO_HASH_LEN],
                         struct bytes name) {
    char text[TORRENT_LEN];
    format_torrent(info_hash, name, text);
    printf("%s %s\n", change, text);
}

static json_t *make_torrent_json(const uint8_t info_hash[static INFO_HASH_LEN], struct bytes name,
                                 uint64_t size) {
    return json_pack("{s:o, s:o, s:o}", "info_hash", output_json_hex(info_hash, INFO_HASH_LEN),
                     "name", name.len == 0 ? json_null() : output_json_text(name), "size",
                     size == 0 ? json_null() : json_integer((json_int_t)size));
}

/* Registers a magnet link or a .torrent file. Adds its torrents to `items` or, if that is NULL,
 * prints them. */
static enum status register_file(struct registry_client *client, const char *path, json_t *items) {
    struct torrent_argument argument;
    if (!torrent_argument_read(path, &argument))
        return STATUS_FAULT;
    const struct metainfo *metainfo = &argument.metainfo;
    char name[REGISTRY_TEXT_LEN];
    registry_copy_name(bytes_of(metainfo->name), name);
    const enum status status = registry_client_add_file(client, metainfo, argument.file);
    for (size_t i = 0; i < metainfo->hash_count && status == STATUS_GOOD; i++) {
        if (items == NULL)
            print_change("registered", metainfo->info_hashes[i], bytes_of(name));
        else
            json_array_append_new(
                items, make_torrent_json(metainfo->info_hashes[i], bytes_of(name), metainfo->size));
    }
    torrent_argument_free(&argument);
    return status;
}

/* Continues after a file that fails. */
static enum status register_files(struct registry_client *client, const struct command_line *line,
                                  json_t *items) {
    enum status status = STATUS_GOOD;
    for (int i = 0; i < line->count; i++) {
        const enum status one = register_file(client, line->arguments[i], items);
        if (one != STATUS_GOOD)
            status = one;
    }
    return status;
}

static enum status register_hash(struct registry_client *client, const struct command_line *line,
                                 const uint8_t info_hash[static INFO_HASH_LEN], json_t *items) {
    if (line->count > 2)
        return output_fail(STATUS_FAULT,
                           "unexpected argument \"%s\"; usage: skepctl add HASH [NAME]",
                           line->arguments[2]);
    char name[REGISTRY_TEXT_LEN];
    registry_copy_name(bytes_of(line->count > 1 ? line->arguments[1] : ""), name);
    struct registry_torrent torrent = { .hash_count = 1, .name = name };
    memcpy(torrent.info_hashes[0], info_hash, INFO_HASH_LEN);
    const enum status status = registry_client_add_torrent(client, &torrent);
    if (status != STATUS_GOOD)
        return status;
    if (items == NULL)
        print_change("registered", info_hash, bytes_of(name));
    else
        json_array_append_new(items, make_torrent_json(info_hash, bytes_of(name), 0));
    return status;
}

static enum status add_torrents(struct registry_client *client, const struct command_line *line) {
    uint8_t info_hash[INFO_HASH_LEN];
    json_t *items = command_line_has(line, &option_json) ? json_array() : NULL;
    const enum status status = command_line_hash(line->arguments[0], info_hash)
                                   ? register_hash(client, line, info_hash, items)
                                   : register_files(client, line, items);
    if (items != NULL && json_array_size(items) > 0)
        output_json(json_pack("{s:O}", "items", items));
    json_decref(items);
    return status;
}

static enum status print_removed(const struct command_line *line,
                                 const uint8_t info_hash[static INFO_HASH_LEN], struct bytes name) {
    if (command_line_has(line, &option_json))
        return output_json(
            json_pack("{s:o}", "info_hash", output_json_hex(info_hash, INFO_HASH_LEN)));
    print_change("unregistered", info_hash, name);
    return STATUS_GOOD;
}

/* Removes an info_hash, or every info_hash of a magnet link or .torrent file. */
static enum status remove_exact(struct registry_client *client, const struct command_line *line) {
    struct torrent_argument argument;
    if (!torrent_argument_read(line->arguments[0], &argument))
        return STATUS_FAULT;
    bool found = false;
    enum status status = STATUS_GOOD;
    for (size_t i = 0; i < argument.hash_count && status == STATUS_GOOD; i++) {
        bool found_one = false;
        status = registry_client_remove_torrent(client, argument.info_hashes[i], &found_one);
        found = found || found_one;
    }
    status = registry_client_check_removal(status, found, "torrent", line->arguments[0]);
    if (status == STATUS_GOOD)
        status = print_removed(line, argument.info_hashes[0], bytes_of(argument.metainfo.name));
    torrent_argument_free(&argument);
    return status;
}

/* Removes the torrent that an abbreviation matches. */
static enum status remove_match(struct registry_client *client, const struct command_line *line) {
    struct torrent_lookup lookup;
    struct registry_row row;
    bool found;
    const char *text = line->arguments[0];
    torrent_lookup_begin(&lookup, text);
    enum status status = registry_client_search_torrents(client, text, torrent_lookup_add, &lookup);
    status = torrent_lookup_end(&lookup, status, &row);
    if (status == STATUS_GOOD)
        status = registry_client_remove_torrent(client, row.info_hash, &found);
    if (status != STATUS_GOOD)
        return status;
    return print_removed(line, row.info_hash, bytes_of(row.text));
}

static enum status remove_torrent(struct registry_client *client, const struct command_line *line) {
    return torrent_argument_is_exact(line->arguments[0]) ? remove_exact(client, line)
                                                         : remove_match(client, line);
}

/* Over the API only: the database has the torrents that were registered by hand. */
static bool is_from_file(const struct registry_row *row) {
    return row->kind == REGISTRY_TORRENT_FILE;
}

static void print_torrent_row(const struct registry_row *row) {
    char text[TORRENT_LEN];
    format_torrent(row->info_hash, bytes_of(row->text), text);
    printf("%s%s\n", text, is_from_file(row) ? "  (from access.torrent_dir)" : "");
}

static json_t *torrent_row_json(const struct registry_row *row) {
    json_t *item = make_torrent_json(row->info_hash, bytes_of(row->text), row->size);
    if (item != NULL)
        json_object_set_new(item, "from_file", json_boolean(is_from_file(row)));
    return item;
}

static enum status list_torrents(struct registry_client *client, const struct command_line *line) {
    if (command_line_has(line, &option_json))
        return registry_client_print_json(client, registry_client_visit_torrents, torrent_row_json);
    return registry_client_print(client, registry_client_visit_torrents, print_torrent_row,
                                 "INFO_HASH                                 NAME",
                                 "No registered torrents.");
}

const struct command add_command = {
    .section = SECTION_REGISTRY,
    .name = "add",
    .arguments = "HASH [NAME] | MAGNET | FILE.torrent...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ARGUMENTS_ANY,
    .summary = "Register torrents",
    .example = "skepctl add film.torrent",
    .run_registry = add_torrents,
};

const struct command remove_command = {
    .section = SECTION_REGISTRY,
    .name = "remove",
    .arguments = "HASH | NAME | MAGNET | FILE.torrent",
    .arguments_min = 1,
    .arguments_max = 1,
    .values = VALUES_REGISTERED,
    .summary = "Unregister a torrent",
    .example = "skepctl remove film",
    .run_registry = remove_torrent,
};

const struct command list_command = {
    .section = SECTION_REGISTRY,
    .name = "list",
    .arguments = "",
    .summary = "List the registered torrents",
    .example = "skepctl list --json",
    .run_registry = list_torrents,
};
