/* The list of torrents, and single torrents with their peers. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "server/host_addresses.h"
#include "store/registry_rows.h"
#include "torrent/magnet.h"
#include "torrent/metainfo.h"
#include "web/api/api_request.h"
#include "web/views/announce_urls.h"
#include "web/views/diagnosis.h"
#include "web/views/peer_query.h"

enum {
    MAGNET_URLS_MAX = 4,
    MAGNET_LEN = 8192,
    PEERS_QUERIED_MAX = 16 * SWARM_SNAPSHOT_PEERS_MAX, /* of a torrent, searched and sorted */
};

const char *const api_healths[HEALTHS] = {
    [HEALTH_IDLE] = "idle", [HEALTH_UNSEEDED] = "unseeded", [HEALTH_STUCK] = "stuck",
    [HEALTH_WEAK] = "weak", [HEALTH_GOOD] = "good",
};

/* The other info_hash of a hybrid torrent. */
static json_t *versions_value(const struct torrent_row *row) {
    json_t *list = json_array();
    if (row->hybrid)
        api_append(&list, api_hex(row->other_hash, INFO_HASH_LEN));
    return list;
}

/* The file in access.torrent_dir that registers a torrent. */
static json_t *path_value(const struct api_request *request, const uint8_t *info_hash) {
    char path[TORRENT_DIR_PATH_LEN];
    return torrent_dir_find(request->api->torrent_dir, info_hash, path) ? api_text(path)
                                                                        : json_null();
}

static json_t *private_value(const struct api_request *request, const uint8_t *info_hash) {
    const enum registry_privacy privacy =
        registry_torrent_privacy(api_registry(request), info_hash);
    return privacy == PRIVACY_UNKNOWN ? json_null() : json_boolean(privacy == PRIVACY_PRIVATE);
}

static json_t *file_node_value(const struct api_request *request, const struct torrent_row *row) {
    char name[CLUSTER_NAME_LEN];
    const bool elsewhere =
        !row->has_file && row->registered &&
        api_find_file_node(request, row->stats.info_hash, name) == API_FILE_AT_ALIVE_NODE;
    return elsewhere ? api_text(name) : json_null();
}

json_t *api_torrent(const struct api_request *request, const struct torrent_row *row) {
    const struct torrent_stats *stats = &row->stats;
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}",
        "info_hash", api_hex(stats->info_hash, INFO_HASH_LEN), "versions", versions_value(row),
        "name", api_text_or_null(row->name), "size", api_count_or_null(row->size, 0), "registered",
        row->registered, "has_file", row->has_file, "file_node", file_node_value(request, row),
        "path", path_value(request, stats->info_hash), "private",
        private_value(request, stats->info_hash), "seeders", api_count(torrent_seeders(stats)),
        "leechers", api_count(torrent_leechers(stats)), "paused", api_count(stats->paused),
        "downloaded", api_count(stats->downloaded), "upload_rate", api_count(stats->upload_rate),
        "download_rate", api_count(stats->download_rate), "health", api_healths[row->health],
        "idle_s", api_count(stats->idle_s));
}

/* A whole info_hash or a magnet link may be pasted with quotation marks. */
static bool read_search(const struct api_request *request, struct web_response *response,
                        char search[static TORRENT_SEARCH_LEN]) {
    char typed[MAGNET_LEN];
    uint8_t info_hash[INFO_HASH_LEN];
    if (!api_query_text(request, response, "search", typed, sizeof typed))
        return false;
    const struct bytes text = utf8_unquote(bytes_of(typed));
    if (!magnet_is_link(text) && !hex_decode(text, info_hash, sizeof info_hash))
        return api_query_text(request, response, "search", search, TORRENT_SEARCH_LEN);
    if (!api_parse_hash(text, response, info_hash))
        return false;
    hex_encode(info_hash, INFO_HASH_LEN, search);
    return true;
}

static bool read_query(const struct api_request *request, struct web_response *response,
                       struct torrent_query *query) {
    static const char *const shows[] = { "all",      "active", "registered", "unnamed", "idle",
                                         "unseeded", "stuck",  "weak",       "good",    NULL };
    static const char *const sorts[] = { "name",       "size", "seeders", "leechers",
                                         "downloaded", "rate", "health",  NULL };
    size_t show;
    size_t sort;
    if (!read_search(request, response, query->search) ||
        !api_query_choice(request, response, "show", shows, &show) ||
        !api_query_choice(request, response, "sort", sorts, &sort) ||
        !api_query_order(request, response, &query->descending))
        return false;
    query->show = (enum torrent_show)show;
    query->sort = (enum torrent_sort)sort;
    return true;
}

static void get_torrents(const struct api_request *request, struct web_response *response) {
    struct torrent_query query;
    struct api_span span;
    if (!read_query(request, response, &query) || !api_query_span(request, response, &span))
        return;
    struct torrent_row *rows = calloc(span.limit + 1, sizeof *rows);
    size_t count = 0;
    size_t total = 0;
    json_t *items = NULL;
    if (rows != NULL && torrent_list_page(request->api->torrents, &query, span.offset,
                                          request->now_ms, rows, span.limit, &count, &total))
        items = json_array();
    for (size_t i = 0; i < count; i++)
        api_append(&items, api_torrent(request, &rows[i]));
    free(rows);
    api_send_list(response, items, total, span);
}

static json_t *magnet_value(const struct torrent_row *row, const struct metainfo *metainfo,
                            const struct announce_urls *urls) {
    const char *texts[MAGNET_URLS_MAX];
    uint8_t text[MAGNET_LEN];
    struct writer w = writer_on(text, sizeof text);
    struct magnet magnet = {
        .info_hash = row->stats.info_hash,
        .name = bytes_of(row->name),
        .size = row->size,
        .announce_urls = texts,
        .announce_url_count = announce_urls_for_torrent(urls, texts, MAGNET_URLS_MAX),
    };
    if (metainfo->has_v2) {
        magnet.info_hash = metainfo->has_v1 ? metainfo->info_hashes[0] : NULL;
        magnet.info_hash_v2 = metainfo->digest_v2;
    }
    magnet_write(&w, &magnet);
    return w.failed ? NULL : json_stringn((const char *)text, w.len);
}

/* The same, if only one info_hash is registered. */
static json_t *file_versions_value(const struct torrent_row *row, const struct metainfo *metainfo) {
    json_t *list = json_array();
    for (size_t i = 0; i < metainfo->hash_count; i++) {
        if (memcmp(metainfo->info_hashes[i], row->stats.info_hash, INFO_HASH_LEN) != 0)
            api_append(&list, api_hex(metainfo->info_hashes[i], INFO_HASH_LEN));
    }
    return list;
}

/* Reads and parses the .torrent file of a torrent. Returns the file, which the caller frees, since
 * `metainfo` borrows it; or NULL and an empty `metainfo`. */
static uint8_t *read_metainfo(const struct api_request *request, const struct torrent_row *row,
                              struct metainfo *metainfo) {
    uint8_t *file = NULL;
    size_t len = 0;
    char error[ERROR_LEN];
    if (row->has_file)
        file = api_read_file(request, row->stats.info_hash, &len);
    if (file == NULL || !metainfo_parse((struct bytes){ file, len }, metainfo, error))
        *metainfo = (struct metainfo){ .hash_count = 0 };
    return file;
}

static void put_file_fields(const struct api_request *request, const struct torrent_row *row,
                            const struct tracker_settings *settings, json_t **body) {
    struct metainfo metainfo;
    struct announce_urls urls;
    uint8_t *file = read_metainfo(request, row, &metainfo);
    announce_urls_find(&urls, settings, request->http, NULL);
    api_put(body, "magnet", magnet_value(row, &metainfo, &urls));
    api_put(body, "versions", file_versions_value(row, &metainfo));
    free(file);
}

static json_t *diagnosis_list(const struct diagnosis_input *input) {
    struct diagnosis found[DIAGNOSES_MAX];
    const size_t count = diagnose(input, found);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        api_append(&list,
                   json_pack("{s:s, s:o}", "code", found[i].code, "text", api_text(found[i].text)));
    return list;
}

static json_t *diagnosis_value(const struct api_request *request, const struct torrent_row *row,
                               const struct tracker_settings *settings) {
    struct tracker *tracker = request->api->tracker;
    struct peer_stats *stats = calloc(SWARM_SNAPSHOT_PEERS_MAX, sizeof *stats);
    struct diagnosed_peer *peers = calloc(SWARM_SNAPSHOT_PEERS_MAX, sizeof *peers);
    json_t *list = NULL;
    char detail[REFUSAL_DETAIL_LEN];
    size_t total;
    if (stats != NULL && peers != NULL) {
        const struct diagnosis_input input = {
            .peers = peers,
            .peer_count = swarm_snapshot_peers(tracker, row->stats.info_hash, request->now_ms, 0,
                                               stats, SWARM_SNAPSHOT_PEERS_MAX, &total),
            .stats = row->stats,
            .allowed = tracker_check_torrent(tracker, row->stats.info_hash, detail) == ANNOUNCE_OK,
            .external_v4 = settings->external_v4,
            .external_v6 = settings->external_v6,
            .gateway = host_addresses_gateway(),
        };
        for (size_t i = 0; i < input.peer_count; i++)
            peers[i] =
                (struct diagnosed_peer){ &stats[i], api_reach(request, &stats[i].peer).reach };
        list = diagnosis_list(&input);
    }
    free(stats);
    free(peers);
    return list;
}

static bool is_blocked(const struct api_request *request, const uint8_t *info_hash,
                       char reason[static REFUSAL_DETAIL_LEN]) {
    return tracker_check_torrent(request->api->tracker, info_hash, reason) ==
           ANNOUNCE_TORRENT_BLOCKED;
}

static bool find_torrent(const struct api_request *request, struct web_response *response,
                         struct torrent_row *row) {
    char reason[REFUSAL_DETAIL_LEN];
    uint8_t info_hash[INFO_HASH_LEN];
    if (!api_path_hash(request, response, info_hash))
        return false;
    if (torrent_list_find(request->api->torrents, info_hash, request->now_ms, row) ||
        is_blocked(request, info_hash, reason))
        return true;
    api_send_error(response, 404, "not_found",
                   "Torrent not found: neither announced nor registered.");
    return false;
}

/* The reason that clients are given; null: the torrent is not blocked. */
static json_t *blocked_value(const struct api_request *request, const uint8_t *info_hash) {
    char reason[REFUSAL_DETAIL_LEN];
    return is_blocked(request, info_hash, reason) ? api_text(reason) : json_null();
}

static void get_torrent(const struct api_request *request, struct web_response *response) {
    struct torrent_row row;
    if (!find_torrent(request, response, &row))
        return;
    const struct tracker_settings settings = api_settings_of(request->api);
    json_t *body = api_torrent(request, &row);
    put_file_fields(request, &row, &settings, &body);
    api_put(&body, "added", row.registered ? json_integer(row.added_s) : json_null());
    api_put(&body, "blocked", blocked_value(request, row.stats.info_hash));
    api_put(&body, "diagnosis", diagnosis_value(request, &row, &settings));
    api_send(response, 200, body);
}

static bool read_peer_query(const struct api_request *request, struct web_response *response,
                            struct peer_query *query) {
    static const char *const shows[] = { "all",         "seeders", "leechers",
                                         "unreachable", "outside", NULL };
    static const char *const sorts[] = { "role",  "address", "progress", "rate",
                                         "since", "seen",    "reach",    NULL };
    size_t show;
    size_t sort;
    if (!api_query_text(request, response, "search", query->search, sizeof query->search) ||
        !api_query_choice(request, response, "show", shows, &show) ||
        !api_query_choice(request, response, "sort", sorts, &sort) ||
        !api_query_order(request, response, &query->descending))
        return false;
    query->show = (enum peer_show)show;
    query->registry = api_registry(request);
    query->sort = (enum peer_sort)sort;
    return true;
}

/* A page of the peers as the swarm has them. NULL if out of memory. */
static json_t *plain_peers_value(const struct api_request *request, const struct torrent_row *row,
                                 struct api_span span, size_t *total) {
    struct peer_stats *peers = calloc(span.limit + 1, sizeof *peers);
    json_t *items = peers == NULL ? NULL : json_array();
    size_t count = 0;
    if (peers != NULL)
        count = swarm_snapshot_peers(request->api->tracker, row->stats.info_hash, request->now_ms,
                                     span.offset, peers, span.limit, total);
    for (size_t i = 0; i < count; i++)
        api_append(&items, api_peer(request, &peers[i], row->size));
    free(peers);
    return items;
}

/* Copies up to PEERS_QUERIED_MAX peers of the torrent to `*peers`, which the caller frees; NULL if
 * out of memory. Returns their number. */
static size_t read_probed_peers(const struct api_request *request, const uint8_t *info_hash,
                                struct probed_peer **peers) {
    struct peer_stats *piece = calloc(SWARM_SNAPSHOT_PEERS_MAX, sizeof *piece);
    size_t count = 0;
    size_t copied = 0;
    *peers = piece == NULL ? NULL : calloc(PEERS_QUERIED_MAX, sizeof **peers);
    if (*peers != NULL) {
        do {
            size_t total;
            copied = swarm_snapshot_peers(request->api->tracker, info_hash, request->now_ms, count,
                                          piece, SWARM_SNAPSHOT_PEERS_MAX, &total);
            for (size_t i = 0; i < copied; i++)
                (*peers)[count++] =
                    (struct probed_peer){ piece[i], api_reach(request, &piece[i].peer).reach };
        } while (copied == SWARM_SNAPSHOT_PEERS_MAX && count < PEERS_QUERIED_MAX);
    }
    free(piece);
    return count;
}

/* A page of the query's result. NULL if out of memory. */
static json_t *queried_peers_value(const struct api_request *request, const struct torrent_row *row,
                                   const struct peer_query *query, struct api_span span,
                                   size_t *total) {
    struct probed_peer *peers;
    const size_t count = read_probed_peers(request, row->stats.info_hash, &peers);
    json_t *items = peers == NULL ? NULL : json_array();
    if (peers != NULL)
        *total = peer_query_apply(query, peers, count);
    for (size_t i = span.offset; i < *total && i < span.offset + span.limit; i++)
        api_append(&items, api_peer(request, &peers[i].stats, row->size));
    free(peers);
    return items;
}

static void get_peers(const struct api_request *request, struct web_response *response) {
    struct torrent_row row;
    struct peer_query query;
    struct api_span span;
    size_t total = 0;
    if (!find_torrent(request, response, &row) || !read_peer_query(request, response, &query) ||
        !api_query_span(request, response, &span))
        return;
    json_t *items = peer_query_is_plain(&query)
                        ? plain_peers_value(request, &row, span, &total)
                        : queried_peers_value(request, &row, &query, span, &total);
    json_t *body = api_list(items, total, span);
    api_put(&body, "now", api_unix(request->unix_ms));
    api_send(response, 200, body);
}

const struct api_route torrents_routes[] = {
    { "GET", "torrents", ROLE_ADMIN, get_torrents },
    { "GET", "torrents/*", ROLE_ADMIN, get_torrent },
    { "GET", "torrents/*/peers", ROLE_ADMIN, get_peers },
    { .method = NULL },
};
