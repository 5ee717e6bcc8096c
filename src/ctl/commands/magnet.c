#include "ctl/command_line.h"
#include "ctl/commands/commands.h"
#include "ctl/output.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/announce_url_choice.h"
#include "ctl/local_registry.h"
#include "ctl/torrent_argument.h"
#include "ctl/torrent_lookup.h"
#include "torrent/magnet.h"

enum { PATH_LEN = 96, MAGNET_FIXED_LEN = 512, URL_LEN = 3 * 512 };

static enum status print_link(const struct command_line *line, struct bytes link) {
    if (command_line_has(line, OPTION_JSON))
        return output_json(json_pack("{s:o}", "magnet", output_json_text(link)));
    printf("%.*s\n", (int)link.len, (const char *)link.data);
    return STATUS_GOOD;
}

static enum status print_magnet(const struct command_line *line, const struct magnet *magnet) {
    const size_t capacity =
        MAGNET_FIXED_LEN + 3 * magnet->name.len + magnet->announce_url_count * URL_LEN;
    uint8_t *text = malloc(capacity);
    if (text == NULL)
        return output_fail(STATUS_FAULT, "out of memory", NULL);
    struct writer w = writer_on(text, capacity);
    magnet_write(&w, magnet);
    const enum status status = w.failed
                                   ? output_fail(STATUS_FAULT, "announce URLs too long", NULL)
                                   : print_link(line, (struct bytes){ .data = text, .len = w.len });
    free(text);
    return status;
}

/* A file contains everything except the current announce URLs. */
static enum status magnet_of_file(const struct command_line *line,
                                  const struct metainfo *metainfo) {
    struct announce_url_choice urls = { 0 };
    (void)announce_url_choice_find(line, true, &urls);
    const struct magnet magnet = {
        .info_hash = metainfo->has_v1 ? metainfo->info_hashes[0] : NULL,
        .info_hash_v2 = metainfo->has_v2 ? metainfo->digest_v2 : NULL,
        .name = metainfo->name,
        .size = metainfo->size,
        .announce_urls = urls.list,
        .announce_url_count = urls.count,
    };
    const enum status status = print_magnet(line, &magnet);
    announce_url_choice_free(&urls);
    return status;
}

/* Reads the torrent from skepd; false if none is running or the torrent is unknown. */
static bool magnet_of_daemon(const struct command_line *line, const char *hash,
                             enum status *status) {
    char path[PATH_LEN];
    json_t *torrent = NULL;
    struct api_client *client = api_client_open(line);
    if (client == NULL) {
        *status = STATUS_FAULT;
        return true;
    }
    snprintf(path, sizeof path, "torrents/%s", hash);
    (void)api_client_get(client, path, &torrent);
    api_client_close(client);
    const char *link = api_client_text(torrent, "magnet", NULL);
    if (link != NULL)
        *status = print_link(line, bytes_of(link));
    json_decref(torrent);
    return link != NULL;
}

/* NULL if absent. */
static struct registry *open_database(const struct command_line *line) {
    const char *given = line->values[OPTION_DATABASE];
    const char *path = given != NULL ? given : local_registry_guess();
    return path == NULL ? NULL : local_registry_open(path, true);
}

/* Reads name and size from the database, if it has them. */
static enum status magnet_of_hash(const struct command_line *line, const uint8_t *info_hash) {
    struct registry_row row = { 0 };
    bool found = false;
    struct registry *registry = open_database(line);
    if (registry != NULL)
        (void)registry_find_torrent(registry, info_hash, &row, &found);
    registry_close(registry);
    struct announce_url_choice urls = { 0 };
    (void)announce_url_choice_find(line, true, &urls);
    const struct magnet magnet = {
        .info_hash = info_hash,
        .name = bytes_of(found ? row.text : ""),
        .size = found ? row.size : 0,
        .announce_urls = urls.list,
        .announce_url_count = urls.count,
    };
    const enum status status = print_magnet(line, &magnet);
    announce_url_choice_free(&urls);
    return status;
}

static enum status choose_from_database(const struct command_line *line,
                                        uint8_t info_hash[static INFO_HASH_LEN]) {
    struct torrent_lookup lookup;
    struct registry_row row;
    torrent_lookup_begin(&lookup, line->words[0]);
    struct registry *registry = open_database(line);
    if (registry != NULL)
        (void)registry_visit_torrents(registry, torrent_lookup_add, &lookup);
    registry_close(registry);
    const enum status status = torrent_lookup_end(&lookup, STATUS_GOOD, &row);
    if (status == STATUS_GOOD)
        memcpy(info_hash, row.info_hash, INFO_HASH_LEN);
    return status;
}

/* For a torrent given by name. */
static enum status choose(const struct command_line *line,
                          uint8_t info_hash[static INFO_HASH_LEN]) {
    struct api_client *client = api_client_open(line);
    if (client == NULL)
        return STATUS_FAULT;
    const enum status status = torrent_lookup_send(client, line->words[0], info_hash);
    api_client_close(client);
    return status == STATUS_UNREACHABLE ? choose_from_database(line, info_hash) : status;
}

static enum status read_input(const struct command_line *line, struct torrent_argument *argument) {
    *argument = (struct torrent_argument){ .hash_count = 1 };
    if (!torrent_argument_is_one(line->words[0]))
        return choose(line, argument->info_hashes[0]);
    return torrent_argument_read(line->words[0], argument) ? STATUS_GOOD : STATUS_FAULT;
}

static enum status run_magnet(const struct command_line *line) {
    struct torrent_argument argument;
    char hash[2 * INFO_HASH_LEN + 1];
    enum status status = read_input(line, &argument);
    if (status != STATUS_GOOD)
        return status;
    hex_encode(argument.info_hashes[0], INFO_HASH_LEN, hash);
    if (argument.file.len > 0)
        status = magnet_of_file(line, &argument.metainfo);
    else if (command_line_has(line, OPTION_ANNOUNCE) || !magnet_of_daemon(line, hash, &status))
        status = magnet_of_hash(line, argument.info_hashes[0]);
    torrent_argument_free(&argument);
    return status;
}

const struct command magnet_command = {
    .section = SECTION_LIVE,
    .name = "magnet",
    .arguments = "HASH | NAME | FILE.torrent",
    .least = 1,
    .most = 1,
    .summary = "Print the magnet link of a torrent",
    .run = run_magnet,
    .options = OPTION_BIT(OPTION_ANNOUNCE),
};
