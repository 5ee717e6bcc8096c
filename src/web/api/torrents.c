/* The list of torrents, and one of them. */
#include <stdlib.h>
#include <string.h>

#include "server/host_addresses.h"
#include "store/registry.h"
#include "torrent/magnet.h"
#include "torrent/metainfo.h"
#include "web/api/api_call.h"
#include "web/views/announce_urls.h"
#include "web/views/diagnosis.h"

enum { MAGNET_URLS_MAX = 4, MAGNET_LEN = 8192 };

static const char *health_name(enum health health) {
    static const char *const names[] = {
        [HEALTH_IDLE] = "idle", [HEALTH_UNSEEDED] = "unseeded", [HEALTH_STUCK] = "stuck",
        [HEALTH_WEAK] = "weak", [HEALTH_GOOD] = "good",
    };
    return names[health];
}

json_t *api_torrent(const struct api_call *call, const struct torrent_row *row) {
    const struct torrent_stats *stats = &row->figures;
    json_t *item = json_object();
    api_put(&item, "info_hash", api_hex(stats->info_hash, INFO_HASH_LEN));
    api_put(&item, "name", api_text_or_null(row->name));
    api_put(&item, "size", api_count_or_null(row->size, 0));
    api_put(&item, "registered", json_boolean(row->registered));
    api_put(&item, "has_file", json_boolean(row->has_file));
    api_put(&item, "seeders", api_count(torrent_seeders(stats)));
    api_put(&item, "leechers", api_count(torrent_leechers(stats)));
    api_put(&item, "paused", api_count(stats->paused));
    api_put(&item, "downloaded", api_count(stats->downloaded));
    api_put(&item, "upload_rate", api_count(stats->upload_rate));
    api_put(&item, "download_rate", api_count(stats->download_rate));
    api_put(&item, "health", json_string(health_name(api_health(call, stats))));
    api_put(&item, "idle_s", api_count(stats->idle_s));
    return item;
}

static bool read_query(const struct api_call *call, struct web_response *response,
                       struct torrent_query *query) {
    static const char *const shows[] = { "all", "active", "registered", "unseeded" };
    static const char *const sorts[] = { "name",       "size", "seeders", "leechers",
                                         "downloaded", "rate", "health" };
    static const char *const orders[] = { "asc", "desc" };
    size_t show;
    size_t sort;
    size_t order;
    if (!api_query_text(call, response, "search", query->search, sizeof query->search) ||
        !api_query_choice(call, response, "show", shows, sizeof shows / sizeof *shows, &show) ||
        !api_query_choice(call, response, "sort", sorts, sizeof sorts / sizeof *sorts, &sort) ||
        !api_query_choice(call, response, "order", orders, sizeof orders / sizeof *orders, &order))
        return false;
    query->show = (enum torrent_show)show;
    query->sort = (enum torrent_sort)sort;
    query->descending = order == 1;
    return true;
}

void api_get_torrents(const struct api_call *call, struct web_response *response) {
    struct torrent_query query;
    struct api_span span;
    if (!read_query(call, response, &query) || !api_query_span(call, response, &span))
        return;
    struct torrent_row *rows = calloc(span.limit + 1, sizeof *rows);
    size_t count = 0;
    size_t total = 0;
    json_t *items = NULL;
    if (rows != NULL && torrent_list_page(call->api->catalog, &query, span.offset, call->now_ms,
                                          rows, span.limit, &count, &total))
        items = json_array();
    for (size_t i = 0; i < count; i++)
        api_append(&items, api_torrent(call, &rows[i]));
    free(rows);
    api_send_list(response, items, total, span);
}

/* A copy of the torrent's file, which the caller frees; NULL where there is none. */
static uint8_t *read_file(const struct api_call *call, const struct torrent_row *row, size_t *len) {
    char why[ERROR_LEN];
    uint8_t *file = NULL;
    if (!row->has_file)
        return NULL;
    struct registry *registry = registry_open(call->api->parts.database, REGISTRY_SHORT_TIMEOUT_MS, why);
    if (registry != NULL && !registry_read_file(registry, row->figures.info_hash, &file, len))
        file = NULL;
    registry_close(registry);
    return file;
}

static json_t *magnet_of(const struct torrent_row *row, const struct metainfo *metainfo,
                         const struct announce_urls *urls) {
    const char *texts[MAGNET_URLS_MAX];
    uint8_t text[MAGNET_LEN];
    struct writer w = writer_on(text, sizeof text);
    struct magnet magnet = {
        .info_hash = row->figures.info_hash,
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

/* The info_hashes of a hybrid torrent but this one. */
static json_t *versions_of(const struct torrent_row *row, const struct metainfo *metainfo) {
    json_t *list = json_array();
    for (size_t i = 0; i < metainfo->hash_count; i++) {
        if (memcmp(metainfo->info_hashes[i], row->figures.info_hash, INFO_HASH_LEN) != 0)
            api_append(&list, api_hex(metainfo->info_hashes[i], INFO_HASH_LEN));
    }
    return list;
}

static void put_file(const struct api_call *call, const struct torrent_row *row,
                     const struct api_settings *settings, json_t **body) {
    struct metainfo metainfo = { .hash_count = 0 };
    struct announce_urls urls;
    size_t len = 0;
    uint8_t *file = read_file(call, row, &len);
    if (file == NULL || metainfo_parse((struct bytes){ file, len }, &metainfo) != NULL)
        metainfo = (struct metainfo){ .hash_count = 0 };
    announce_urls_find(&urls, settings, call->http, NULL);
    api_put(body, "magnet", magnet_of(row, &metainfo, &urls));
    api_put(body, "versions", versions_of(row, &metainfo));
    free(file);
}

static void fill_case(const struct api_call *call, const struct peer_stats *stats, size_t count,
                      struct diagnosed_peer *peers) {
    for (size_t i = 0; i < count; i++)
        peers[i] = (struct diagnosed_peer){ &stats[i], api_reach(call, &stats[i].peer).reach };
}

static json_t *diagnosis_list(const struct diagnosis_case *of) {
    struct diagnosis found[DIAGNOSES_MAX];
    const size_t count = diagnose(of, found);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        api_append(&list,
                   json_pack("{s:s,s:o}", "code", found[i].code, "text", api_text(found[i].text)));
    return list;
}

static json_t *diagnosis_of(const struct api_call *call, const struct torrent_row *row,
                            const struct api_settings *settings) {
    struct peer_stats *stats = calloc(SWARM_SNAPSHOT_PEERS_MAX, sizeof *stats);
    struct diagnosed_peer *peers = calloc(SWARM_SNAPSHOT_PEERS_MAX, sizeof *peers);
    struct tracker *tracker = call->api->parts.tracker;
    json_t *list = NULL;
    size_t total;
    if (stats != NULL && peers != NULL) {
        struct diagnosis_case of = {
            .peers = peers,
            .peer_count = swarm_snapshot_peers(tracker, row->figures.info_hash, call->now_ms, 0,
                                               stats, SWARM_SNAPSHOT_PEERS_MAX, &total),
            .figures = row->figures,
            .allowed = tracker_is_registered(tracker, row->figures.info_hash),
            .external_v4 = settings->external_v4,
            .external_v6 = settings->external_v6,
            .gateway = host_addresses_gateway(),
        };
        fill_case(call, stats, of.peer_count, peers);
        list = diagnosis_list(&of);
    }
    free(stats);
    free(peers);
    return list;
}

static bool find_torrent(const struct api_call *call, struct web_response *response,
                         struct torrent_row *row) {
    uint8_t info_hash[INFO_HASH_LEN];
    if (!api_path_hash(call, response, info_hash))
        return false;
    if (torrent_list_find(call->api->catalog, info_hash, call->now_ms, row))
        return true;
    api_fail(response, 404, "not_found",
             "There is no such torrent: nobody has announced it, and it is not registered.");
    return false;
}

void api_get_torrent(const struct api_call *call, struct web_response *response) {
    struct torrent_row row;
    if (!find_torrent(call, response, &row))
        return;
    const struct api_settings settings = api_settings_of(call->api);
    json_t *body = api_torrent(call, &row);
    put_file(call, &row, &settings, &body);
    api_put(&body, "added", row.registered ? json_integer(row.added_s) : json_null());
    api_put(&body, "diagnosis", diagnosis_of(call, &row, &settings));
    api_send(response, 200, body);
}

void api_get_torrent_peers(const struct api_call *call, struct web_response *response) {
    struct torrent_row row;
    struct api_span span;
    size_t total = 0;
    if (!find_torrent(call, response, &row) || !api_query_span(call, response, &span))
        return;
    struct peer_stats *peers = calloc(span.limit + 1, sizeof *peers);
    json_t *items = peers == NULL ? NULL : json_array();
    const size_t count =
        peers == NULL ? 0
                      : swarm_snapshot_peers(call->api->parts.tracker, row.figures.info_hash,
                                             call->now_ms, span.offset, peers, span.limit, &total);
    for (size_t i = 0; i < count; i++)
        api_append(&items, api_peer(call, &peers[i], row.size));
    free(peers);
    api_send_list(response, items, total, span);
}
