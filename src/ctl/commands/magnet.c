#include "ctl/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/announce_url_choice.h"
#include "ctl/torrent_argument.h"
#include "ctl/torrent_lookup.h"
#include "torrent/magnet.h"

enum { PATH_LEN = 96, MAGNET_FIXED_LEN = 512, URL_LEN = 3 * 512 };

static enum status print_link(const struct command_line *line, struct bytes link) {
    if (command_line_has(line, &option_json))
        return output_json(json_pack("{s:o}", "magnet", output_json_text(link)));
    printf("%.*s\n", (int)link.len, (const char *)link.data);
    return STATUS_GOOD;
}

static enum status write_link(const struct command_line *line, const struct magnet *magnet) {
    const size_t capacity =
        MAGNET_FIXED_LEN + 3 * magnet->name.len + magnet->announce_url_count * URL_LEN;
    uint8_t *text = malloc(capacity);
    if (text == NULL)
        return output_out_of_memory();
    struct writer w = writer_on(text, capacity);
    magnet_write(&w, magnet);
    const enum status status = w.failed
                                   ? output_fail(STATUS_FAULT, "announce URLs too long")
                                   : print_link(line, (struct bytes){ .data = text, .len = w.len });
    free(text);
    return status;
}

/* Completes `magnet` with the announce URLs and prints it. */
static enum status print_magnet(const struct command_line *line, struct magnet magnet) {
    struct announce_url_choice choice = { 0 };
    (void)announce_url_choice_find(line, true, &choice);
    magnet.announce_urls = choice.urls;
    magnet.announce_url_count = choice.count;
    const enum status status = write_link(line, &magnet);
    announce_url_choice_free(&choice);
    return status;
}

/* A .torrent file, or another magnet link, has everything except the announce URLs. */
static enum status print_magnet_of_metainfo(const struct command_line *line,
                                            const struct metainfo *metainfo) {
    const struct magnet magnet = {
        .info_hash = metainfo->has_v1 ? metainfo->info_hashes[0] : NULL,
        .info_hash_v2 = metainfo->has_v2 ? metainfo->digest_v2 : NULL,
        .name = bytes_of(metainfo->name),
        .size = metainfo->size,
    };
    return print_magnet(line, magnet);
}

/* Prints the link of skepd. False if no skepd runs or it does not know the torrent. */
static bool print_magnet_of_skepd(const struct command_line *line, const char *hash,
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

/* Makes a link from the info_hash, with name and size if the database has them. */
static enum status print_magnet_of_hash(const struct command_line *line, const uint8_t *info_hash) {
    struct registry_row row = { .kind = REGISTRY_TORRENT };
    bool found = false;
    struct registry_rows *database = registry_client_open_default(line);
    memcpy(row.info_hash, info_hash, INFO_HASH_LEN);
    if (database != NULL)
        (void)registry_rows_find(database, &row, &found);
    registry_rows_close(database);
    const struct magnet magnet = {
        .info_hash = info_hash,
        .name = bytes_of(found ? row.text : ""),
        .size = found ? row.size : 0,
    };
    return print_magnet(line, magnet);
}

static enum status look_up_in_database(const struct command_line *line,
                                       uint8_t info_hash[static INFO_HASH_LEN]) {
    struct torrent_lookup lookup;
    struct registry_row row;
    torrent_lookup_begin(&lookup, line->arguments[0]);
    struct registry_rows *database = registry_client_open_default(line);
    if (database != NULL)
        (void)registry_rows_visit(database, REGISTRY_TORRENT, torrent_lookup_add, &lookup);
    registry_rows_close(database);
    const enum status status = torrent_lookup_end(&lookup, STATUS_GOOD, &row);
    if (status == STATUS_GOOD)
        memcpy(info_hash, row.info_hash, INFO_HASH_LEN);
    return status;
}

/* Finds a torrent by an abbreviation: in skepd or, if none runs, in the database. */
static enum status look_up_torrent(const struct command_line *line,
                                   uint8_t info_hash[static INFO_HASH_LEN]) {
    struct api_client *client = api_client_open(line);
    if (client == NULL)
        return STATUS_FAULT;
    const enum status status = torrent_lookup_find(client, line->arguments[0], info_hash);
    api_client_close(client);
    return status == STATUS_UNREACHABLE ? look_up_in_database(line, info_hash) : status;
}

static enum status read_torrent(const struct command_line *line,
                                struct torrent_argument *argument) {
    *argument = (struct torrent_argument){ .hash_count = 1 };
    if (!torrent_argument_is_exact(line->arguments[0]))
        return look_up_torrent(line, argument->info_hashes[0]);
    return torrent_argument_read(line->arguments[0], argument) ? STATUS_GOOD : STATUS_FAULT;
}

static enum status run_magnet(const struct command_line *line) {
    struct torrent_argument argument;
    char hash[2 * INFO_HASH_LEN + 1];
    enum status status = read_torrent(line, &argument);
    if (status != STATUS_GOOD)
        return status;
    hex_encode(argument.info_hashes[0], INFO_HASH_LEN, hash);
    if (argument.metainfo.hash_count > 0)
        status = print_magnet_of_metainfo(line, &argument.metainfo);
    else if (command_line_has(line, &option_announce) ||
             !print_magnet_of_skepd(line, hash, &status))
        status = print_magnet_of_hash(line, argument.info_hashes[0]);
    torrent_argument_free(&argument);
    return status;
}

const struct command magnet_command = {
    .section = SECTION_MONITORING,
    .name = "magnet",
    .arguments = "HASH | NAME | MAGNET | FILE.torrent",
    .arguments_min = 1,
    .arguments_max = 1,
    .values = VALUES_TORRENTS,
    .summary = "Print the magnet link of a torrent",
    .example = "skepctl magnet film.torrent --announce udp://192.168.1.10:6969",
    .run = run_magnet,
    .options = { &option_announce, &option_database },
};
