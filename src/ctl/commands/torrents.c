#include "ctl/command_line.h"
#include "ctl/commands/commands.h"
#include "ctl/output.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/percent.h"
#include "ctl/api_client.h"
#include "ctl/format.h"
#include "ctl/peer_format.h"
#include "ctl/torrent_lookup.h"

enum { QUERY_LEN = 800, CELL_LEN = 256, LIMIT_MAX = 500, LIMIT_DEFAULT = 50 };

static const char *const shows[] = { "all", "active", "registered", "unseeded" };

static void put_parameter(struct writer *w, const char *name, const char *value) {
    writer_put_text(w, "&");
    writer_put_text(w, name);
    writer_put_text(w, "=");
    percent_encode(w, bytes_of(value));
}

/* Adds offset and limit. */
static bool put_window(struct writer *w, const struct command_line *line) {
    uint64_t offset = 0;
    uint64_t limit = LIMIT_DEFAULT;
    if (!command_line_number(line, OPTION_OFFSET, 0, INT32_MAX, &offset) ||
        !command_line_number(line, OPTION_LIMIT, 1, LIMIT_MAX, &limit))
        return false;
    writer_put_text(w, "?offset=");
    writer_put_number(w, offset);
    writer_put_text(w, "&limit=");
    writer_put_number(w, limit);
    return true;
}

static bool put_selection(struct writer *w, const struct command_line *line) {
    size_t ignored;
    if (!command_line_choice(line, OPTION_SORT, torrent_sorts, TORRENT_SORTS, &ignored) ||
        !command_line_choice(line, OPTION_SHOW, shows, sizeof shows / sizeof *shows, &ignored))
        return false;
    if (command_line_has(line, OPTION_SEARCH))
        put_parameter(w, "search", line->values[OPTION_SEARCH]);
    if (command_line_has(line, OPTION_SHOW))
        put_parameter(w, "show", line->values[OPTION_SHOW]);
    const char *sort = command_line_has(line, OPTION_SORT) ? line->values[OPTION_SORT] : "seeders";
    /* Names and problems ascending, numbers descending. */
    const bool ascending = strcmp(sort, "name") == 0 || strcmp(sort, "health") == 0;
    put_parameter(w, "sort", sort);
    put_parameter(w, "order", ascending != command_line_has(line, OPTION_REVERSE) ? "asc" : "desc");
    return true;
}

/* Terminates the query; false if it is too long. */
static bool finish(struct writer *w) {
    writer_put(w, "", 1);
    if (w->failed)
        output_fail(STATUS_FAULT, "search text too long", NULL);
    return !w->failed;
}

static const char *clean(const json_t *object, const char *key, const char *otherwise,
                         char text[static CELL_LEN]) {
    format_clean(bytes_of(api_client_text(object, key, otherwise)), text, CELL_LEN);
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
           clean(torrent, "health", "?", health), clean(torrent, "info_hash", "?", hash),
           clean(torrent, "name", "", name));
}

static void print_rest(const json_t *answer, size_t shown, const char *what) {
    const uint64_t total = api_client_number(answer, "total");
    if (total > shown)
        printf("%zu of %" PRIu64 " %s; see --offset and --limit\n", shown, total, what);
}

static void print_torrents(const json_t *answer) {
    const json_t *items = json_object_get(answer, "items");
    size_t i;
    const json_t *torrent;
    puts(
        "SEEDERS LEECHERS COMPLETED       SIZE         RATE  HEALTH    INFO_HASH"
        "                                 NAME");
    json_array_foreach(items, i, torrent) {
        print_torrent(torrent);
    }
    print_rest(answer, json_array_size(items), "torrents");
}

/* Consumes the response. */
static enum status print_answer(const struct command_line *line, json_t *answer,
                                void (*print)(const json_t *answer)) {
    if (command_line_has(line, OPTION_JSON))
        return output_json(answer);
    print(answer);
    json_decref(answer);
    return STATUS_GOOD;
}

static enum status run_torrents(const struct command_line *line) {
    uint8_t query[QUERY_LEN];
    struct writer w = writer_on(query, sizeof query);
    json_t *answer;
    writer_put_text(&w, "torrents");
    if (!put_window(&w, line) || !put_selection(&w, line) || !finish(&w))
        return STATUS_FAULT;
    const enum status status = api_client_request_once(line, (const char *)query, &answer);
    return status == STATUS_GOOD ? print_answer(line, answer, print_torrents) : status;
}

static void print_peer(const json_t *peer, double now) {
    char address[PEER_FORMAT_LEN];
    char client[CELL_LEN];
    char role[CELL_LEN];
    char progress[FORMAT_NUMBER_LEN];
    char down[FORMAT_NUMBER_LEN];
    char up[FORMAT_NUMBER_LEN];
    char seen[FORMAT_NUMBER_LEN];
    peer_format_address(peer, address);
    peer_format_progress(peer, progress);
    format_rate(api_client_number(peer, "download_rate"), down);
    format_rate(api_client_number(peer, "upload_rate"), up);
    const double silent = now - api_client_real(peer, "seen");
    format_duration(silent > 0 && silent < 1e9 ? (uint64_t)silent : 0, seen);
    printf("%-24s %-9s %6s %12s %12s %12s  %-11s  %s\n", address, clean(peer, "role", "?", role),
           progress, down, up, seen, peer_format_reach(peer), clean(peer, "client", "?", client));
}

static void print_peers(const json_t *answer) {
    const json_t *items = json_object_get(answer, "items");
    const double now = (double)clock_unix_s();
    size_t i;
    const json_t *peer;
    puts(
        "ADDRESS                  ROLE        HAS         DOWN           UP    HEARD AGO  REACH"
        "        CLIENT");
    json_array_foreach(items, i, peer) {
        print_peer(peer, now);
    }
    print_rest(answer, json_array_size(items), "peers");
}

/* Builds the query before any request, so that an invalid option is reported first. */
static bool put_peers_window(struct writer *w, const struct command_line *line) {
    writer_put_text(w, "/peers");
    return put_window(w, line) && finish(w);
}

static enum status ask_peers(struct api_client *client, const char *word, const char *window,
                             json_t **answer) {
    uint8_t info_hash[INFO_HASH_LEN];
    char hash[2 * INFO_HASH_LEN + 1];
    char path[QUERY_LEN + sizeof hash + 16];
    *answer = NULL;
    const enum status status = torrent_lookup_send(client, word, info_hash);
    if (status == STATUS_UNREACHABLE)
        output_fail(status, api_client_failure(client), NULL);
    if (status != STATUS_GOOD)
        return status;
    hex_encode(info_hash, INFO_HASH_LEN, hash);
    snprintf(path, sizeof path, "torrents/%s%s", hash, window);
    return api_client_request(client, path, answer);
}

static enum status run_peers(const struct command_line *line) {
    uint8_t window[QUERY_LEN];
    struct writer w = writer_on(window, sizeof window);
    json_t *answer;
    struct api_client *client = put_peers_window(&w, line) ? api_client_open(line) : NULL;
    if (client == NULL)
        return STATUS_FAULT;
    const enum status status = ask_peers(client, line->words[0], (const char *)window, &answer);
    api_client_close(client);
    return status == STATUS_GOOD ? print_answer(line, answer, print_peers) : status;
}

const struct command torrents_command = {
    .section = SECTION_LIVE,
    .name = "torrents",
    .arguments = "",
    .summary = "List torrents",
    .run = run_torrents,
    .options = COMMAND_LIST_OPTIONS | OPTION_BIT(OPTION_SEARCH) | OPTION_BIT(OPTION_SHOW) |
               OPTION_BIT(OPTION_SORT) | OPTION_BIT(OPTION_REVERSE),
};

const struct command peers_command = {
    .section = SECTION_LIVE,
    .name = "peers",
    .arguments = "HASH | NAME",
    .least = 1,
    .most = 1,
    .summary = "List the peers of a torrent",
    .run = run_peers,
    .options = COMMAND_LIST_OPTIONS,
};
