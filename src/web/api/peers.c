/* Peers by IP address. */
#include <stdlib.h>
#include <string.h>

#include "web/api/api_request.h"
#include "wire/client_name.h"

/* Fraction of the torrent that the peer has, from 0 to 1. */
static json_t *progress_value(const struct peer_stats *peer, uint64_t size) {
    if (peer->seeder)
        return json_real(1);
    if (size == 0 || peer->left == LEFT_UNKNOWN)
        return json_null();
    return json_real(peer->left < size ? 1 - (double)peer->left / (double)size : 0);
}

static json_t *peer_id_value(const uint8_t *peer_id) {
    return dht_peer_id_is(peer_id) ? json_null() : api_hex(peer_id, PEER_ID_LEN);
}

json_t *api_peer(const struct api_request *request, const struct peer_stats *peer, uint64_t size) {
    static const char *const reaches[] = {
        [REACH_UNKNOWN] = "unknown",
        [REACH_OPEN] = "open",
        [REACH_REFUSED] = "refused",
        [REACH_SILENT] = "silent",
    };
    struct prober *prober = request->api->prober;
    if (prober != NULL)
        prober_request(prober, &peer->peer, peer->own_address);
    const struct reach_state state = api_reach(request, &peer->peer);
    const int64_t probed_ms = request->unix_ms - (int64_t)(request->now_ms - state.probed_ms);
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, "
        "s:o, "
        "s:b, s:b}",
        "address", api_address(&peer->peer), "machine", api_machine(request, &peer->peer), "port",
        api_count(endpoint_port(&peer->peer)), "family", api_count(peer->peer.family), "client",
        api_client(peer->peer_id), "peer_id", peer_id_value(peer->peer_id), "source",
        dht_peer_id_is(peer->peer_id) ? "dht" : "announce", "role",
        peer->seeder   ? "seeder"
        : peer->paused ? "partial"
                       : "leecher",
        "progress", progress_value(peer, size), "left", api_count_or_null(peer->left, LEFT_UNKNOWN),
        "uploaded", api_count(peer->uploaded), "downloaded", api_count(peer->downloaded),
        "upload_rate", api_count(peer->upload_rate), "download_rate",
        api_count(peer->download_rate), "since", api_ago(request->unix_ms, peer->age_s), "seen",
        api_ago(request->unix_ms, peer->silent_s), "reach", reaches[state.reach], "probed",
        state.probed_ms == 0 ? json_null() : json_integer(probed_ms / 1000), "lan", peer->lan,
        "dual_stack", peer->in_both);
}

/* Whether an earlier peer_id of the row has the same client name. */
static bool is_repeated(const struct address_row *row, size_t position) {
    char name[CLIENT_NAME_LEN];
    char earlier[CLIENT_NAME_LEN];
    client_name(row->clients[position], name);
    for (size_t i = 0; i < position; i++) {
        client_name(row->clients[i], earlier);
        if (strcmp(name, earlier) == 0)
            return true;
    }
    return false;
}

static json_t *address_value(const struct api_request *request, const struct address_row *row) {
    json_t *clients = json_array();
    for (size_t i = 0; i < row->client_count; i++) {
        if (!is_repeated(row, i))
            api_append(&clients, api_client(row->clients[i]));
    }
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:b}", "address",
        api_address(&row->address), "machine", api_machine(request, &row->address), "clients",
        clients, "torrents", api_count(row->torrents), "seeding", api_count(row->seeding),
        "leeching", api_count(row->leeching), "upload_rate", api_count(row->upload_rate),
        "download_rate", api_count(row->download_rate), "seen",
        api_ago(request->unix_ms, row->silent_s), "reach", "open", api_count(row->open),
        "unreachable", api_count(row->firewalled), "unknown",
        api_count((uint64_t)row->port_count - row->open - row->firewalled), "lan", row->lan);
}

static bool read_query(const struct api_request *request, struct web_response *response,
                       struct address_query *query) {
    static const char *const sorts[] = { "address", "torrents", "seeding", "leeching",
                                         "rate",    "seen",     "reach",   NULL };
    static const char *const shows[] = { "all", "unreachable", "outside", NULL };
    size_t sort;
    size_t show;
    if (!api_query_text(request, response, "search", query->search, sizeof query->search) ||
        !api_query_choice(request, response, "show", shows, &show) ||
        !api_query_choice(request, response, "sort", sorts, &sort) ||
        !api_query_order(request, response, &query->descending))
        return false;
    query->sort = (enum address_sort)sort;
    query->show = (enum address_show)show;
    return true;
}

static void get_addresses(const struct api_request *request, struct web_response *response) {
    struct address_query query;
    struct api_span span;
    if (!read_query(request, response, &query) || !api_query_span(request, response, &span))
        return;
    struct address_row *rows = calloc(span.limit + 1, sizeof *rows);
    struct address_page page = { .count = 0 };
    json_t *items = NULL;
    if (rows != NULL && address_list_page(request->api->addresses, &query, span.offset,
                                          request->now_ms, rows, span.limit, &page))
        items = json_array();
    for (size_t i = 0; i < page.count; i++)
        api_append(&items, address_value(request, &rows[i]));
    free(rows);
    json_t *body = api_list(items, page.total, span);
    api_put(&body, "peers", api_count(page.peers));
    api_send(response, 200, body);
}

/* The narrowest ban in force that covers the address, or null. */
static json_t *ban_value(const struct api_request *request, const struct endpoint *address) {
    struct registry_row ban;
    return registry_find_ban(api_registry(request), address, request->unix_ms / 1000, &ban)
               ? api_ban(request, &ban)
               : json_null();
}

static json_t *peer_value(const struct api_request *request, const struct peer_stats *peer) {
    struct torrent_row torrent;
    if (!torrent_list_find(request->api->torrents, peer->info_hash, request->now_ms, &torrent))
        torrent = (struct torrent_row){ .size = 0 };
    json_t *item = api_peer(request, peer, torrent.size);
    api_put(&item, "info_hash", api_hex(peer->info_hash, INFO_HASH_LEN));
    api_put(&item, "name", api_text_or_null(torrent.name));
    return item;
}

static json_t *peers_value(const struct api_request *request, const struct endpoint *address,
                           size_t *total) {
    struct peer_stats *peers = calloc(ADDRESS_PEERS_MAX, sizeof *peers);
    json_t *items = NULL;
    size_t count = 0;
    if (peers != NULL &&
        address_list_peers(request->api->addresses, address, request->now_ms, peers, &count, total))
        items = json_array();
    for (size_t i = 0; i < count; i++)
        api_append(&items, peer_value(request, &peers[i]));
    free(peers);
    return items;
}

static void get_address(const struct api_request *request, struct web_response *response) {
    struct endpoint address;
    if (!endpoint_parse_address(request->part, &address)) {
        api_send_error(response, 400, "invalid_address", "Invalid IP address.");
        return;
    }
    const struct tracker_settings settings = api_settings_of(request->api);
    const struct api_span all = { .limit = API_LIMIT_MAX };
    size_t total = 0;
    size_t refused_total;
    json_t *refused = api_refused_clients(request, &address, all, &refused_total);
    json_t *peers = peers_value(request, &address, &total);
    api_send(response, 200,
             json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "address", api_address(&address),
                       "machine", api_machine(request, &address), "lan",
                       networks_contain(&settings.lan, &address), "ban",
                       ban_value(request, &address), "refused", refused, "peers", peers, "total",
                       api_count(total)));
}

const struct api_route peers_routes[] = {
    { "GET", "addresses", ROLE_ADMIN, get_addresses },
    { "GET", "addresses/*", ROLE_ADMIN, get_address },
    { .method = NULL },
};
