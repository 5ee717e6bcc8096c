#include "ctl/commands/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/percent.h"
#include "ctl/api_client.h"
#include "ctl/format.h"
#include "ctl/list_view.h"
#include "ctl/torrent_lookup.h"

enum { QUERY_LEN = 800, CELL_LEN = 256 };

static const char *const shows[] = { "all",      "active", "registered", "unnamed", "idle",
                                     "unseeded", "stuck",  "weak",       "good",    NULL };

/* clang-format off */
static const struct option_spec option_search = { "search", "TEXT", "filter by substring of name or info_hash", 0, NULL };
static const struct option_spec option_show = { "show", "WHICH", "all, active, registered, unnamed or a HEALTH (default: all)", 0, shows };
/* clang-format on */

static void put_parameter(struct writer *w, const char *name, const char *value) {
    writer_put_text(w, "&");
    writer_put_text(w, name);
    writer_put_text(w, "=");
    percent_encode(w, bytes_of(value));
}

static bool put_selection(struct writer *w, const struct command_line *line) {
    size_t sort = LIST_VIEW_SORT_DEFAULT;
    size_t show = 0;
    const char *search = command_line_value(line, &option_search);
    if (!command_line_choice(line, &option_sort, &sort) ||
        !command_line_choice(line, &option_show, &show))
        return false;
    const bool ascending = list_view_is_ascending(sort, command_line_has(line, &option_reverse));
    if (search != NULL)
        put_parameter(w, "search", search);
    put_parameter(w, "show", shows[show]);
    put_parameter(w, "sort", list_view_api_sort(sort));
    put_parameter(w, "order", ascending ? "asc" : "desc");
    return true;
}

/* Terminates the query with a zero. False if it is too long. */
static bool end_query(struct writer *w) {
    writer_put(w, "", 1);
    if (w->failed)
        output_fail(STATUS_FAULT, "search text too long");
    return !w->failed;
}

static const char *clean_text(const json_t *object, const char *key, const char *fallback,
                              char text[static CELL_LEN]) {
    format_clean(bytes_of(api_client_text(object, key, fallback)), text, CELL_LEN);
    return text;
}

static void print_torrent(const json_t *torrent) {
    char size[FORMAT_NUMBER_LEN] = "-";
    char rate[FORMAT_NUMBER_LEN] = "-";
    char health[CELL_LEN];
    char hash[CELL_LEN];
    char name[CELL_LEN];
    if (json_is_number(json_object_get(torrent, "size")))
        format_size(api_client_number(torrent, "size"), size);
    if (api_client_number(torrent, "download_rate") > 0)
        format_rate(api_client_number(torrent, "download_rate"), rate);
    printf("%7" PRIu64 " %8" PRIu64 " %9" PRIu64 " %10s %12s  %-8s  %s  %s\n",
           api_client_number(torrent, "seeders"), api_client_number(torrent, "leechers"),
           api_client_number(torrent, "downloaded"), size, rate,
           clean_text(torrent, "health", "?", health), clean_text(torrent, "info_hash", "?", hash),
           clean_text(torrent, "name", "", name));
}

static void print_torrents(const json_t *response) {
    const json_t *items = json_object_get(response, "items");
    size_t i;
    const json_t *torrent;
    puts(
        "SEEDERS LEECHERS COMPLETED       SIZE         RATE  HEALTH    INFO_HASH"
        "                                 NAME");
    json_array_foreach(items, i, torrent) {
        print_torrent(torrent);
    }
    list_view_print_total(response, "torrents");
}

/* Releases the response. */
static enum status print_response(const struct command_line *line, json_t *response,
                                  void (*print)(const json_t *response)) {
    if (command_line_has(line, &option_json))
        return output_json(response);
    print(response);
    json_decref(response);
    return STATUS_GOOD;
}

static enum status run_torrents(const struct command_line *line) {
    uint8_t query[QUERY_LEN];
    struct writer w = writer_on(query, sizeof query);
    json_t *response;
    writer_put_text(&w, "torrents");
    if (!list_view_put_page(&w, line) || !put_selection(&w, line) || !end_query(&w))
        return STATUS_FAULT;
    const enum status status = api_client_fetch_once(line, (const char *)query, &response);
    return status == STATUS_GOOD ? print_response(line, response, print_torrents) : status;
}

static void print_peer(const json_t *peer, double now) {
    char address[LIST_VIEW_ADDRESS_LEN];
    char client[CELL_LEN];
    char machine[CELL_LEN];
    char role[CELL_LEN];
    char progress[FORMAT_NUMBER_LEN];
    char down[FORMAT_NUMBER_LEN];
    char up[FORMAT_NUMBER_LEN];
    char seen[FORMAT_NUMBER_LEN];
    list_view_peer_address(peer, address);
    list_view_peer_progress(peer, progress);
    format_rate(api_client_number(peer, "download_rate"), down);
    format_rate(api_client_number(peer, "upload_rate"), up);
    const double age = now - api_client_real(peer, "seen");
    format_duration(age > 0 && age < 1e9 ? (uint64_t)age : 0, seen);
    clean_text(peer, "machine", "", machine);
    printf("%-24s %-9s %6s %12s %12s %12s  %-11s  %s%s%s\n", address,
           clean_text(peer, "role", "?", role), progress, down, up, seen,
           list_view_peer_reach(peer), clean_text(peer, "client", "?", client),
           machine[0] == '\0' ? "" : " at ", machine);
}

static void print_peers(const json_t *response) {
    const json_t *items = json_object_get(response, "items");
    const double now = api_client_real(response, "now");
    size_t i;
    const json_t *peer;
    puts(
        "ADDRESS                  ROLE        DONE         DOWN           UP    SEEN AGO  REACH"
        "        CLIENT");
    json_array_foreach(items, i, peer) {
        print_peer(peer, now);
    }
    list_view_print_total(response, "peers");
}

/* Checks the options before the torrent is looked up. */
static bool put_peers_query(struct writer *w, const struct command_line *line) {
    writer_put_text(w, "/peers");
    return list_view_put_page(w, line) && end_query(w);
}

static enum status fetch_peers(struct api_client *client, const char *torrent, const char *query,
                               json_t **response) {
    uint8_t info_hash[INFO_HASH_LEN];
    char hash[2 * INFO_HASH_LEN + 1];
    char path[QUERY_LEN + sizeof hash + 16];
    *response = NULL;
    const enum status status = torrent_lookup_find(client, torrent, info_hash);
    if (status == STATUS_UNREACHABLE)
        api_client_fail(client, status);
    if (status != STATUS_GOOD)
        return status;
    hex_encode(info_hash, INFO_HASH_LEN, hash);
    snprintf(path, sizeof path, "torrents/%s%s", hash, query);
    return api_client_fetch(client, path, response);
}

static enum status run_peers(const struct command_line *line) {
    uint8_t query[QUERY_LEN];
    struct writer w = writer_on(query, sizeof query);
    json_t *response;
    struct api_client *client = put_peers_query(&w, line) ? api_client_open(line) : NULL;
    if (client == NULL)
        return STATUS_FAULT;
    const enum status status =
        fetch_peers(client, line->arguments[0], (const char *)query, &response);
    api_client_close(client);
    return status == STATUS_GOOD ? print_response(line, response, print_peers) : status;
}

const struct command torrents_command = {
    .section = SECTION_MONITORING,
    .name = "torrents",
    .arguments = "",
    .summary = "List torrents",
    .example = "skepctl torrents --search film --sort rate",
    .run = run_torrents,
    .options = { &option_search, &option_show, &option_sort, &option_reverse, &option_offset,
                 &option_limit },
};

const struct command peers_command = {
    .section = SECTION_MONITORING,
    .name = "peers",
    .arguments = "HASH | NAME | MAGNET | FILE.torrent",
    .arguments_min = 1,
    .arguments_max = 1,
    .values = VALUES_TORRENTS,
    .summary = "List the peers of a torrent",
    .example = "skepctl peers ff1d",
    .run = run_peers,
    .options = { &option_offset, &option_limit },
};
