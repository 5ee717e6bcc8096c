/* Peers, and the addresses that they have. */
#include <stdlib.h>
#include <string.h>

#include "store/registry.h"
#include "web/api/api_call.h"
#include "wire/client_name.h"

static const char *role_of(const struct peer_stats *peer) {
    return peer->seeder ? "seeder" : peer->paused ? "partial" : "leecher";
}

/* How much of the torrent it has, from 0 to 1. */
static json_t *progress_of(const struct peer_stats *peer, uint64_t size) {
    if (peer->seeder)
        return json_real(1);
    if (size == 0 || peer->left == LEFT_UNKNOWN)
        return json_null();
    return json_real(peer->left < size ? 1 - (double)peer->left / (double)size : 0);
}

static void put_reach(const struct api_call *call, const struct peer_stats *peer, json_t **item) {
    static const char *const names[] = {
        [REACH_UNKNOWN] = "unknown",
        [REACH_OPEN] = "open",
        [REACH_REFUSED] = "refused",
        [REACH_SILENT] = "silent",
    };
    struct prober *prober = call->api->parts.prober;
    if (prober != NULL)
        prober_request(prober, &peer->peer, peer->own_address);
    const struct reach_state state = api_reach(call, &peer->peer);
    const int64_t checked_ms = call->unix_ms - (int64_t)(call->now_ms - state.checked_ms);
    api_put(item, "reach", json_string(names[state.reach]));
    api_put(item, "checked", state.checked_ms == 0 ? json_null() : json_integer(checked_ms / 1000));
}

json_t *api_peer(const struct api_call *call, const struct peer_stats *peer, uint64_t size) {
    json_t *item = json_object();
    api_put(&item, "address", api_address(&peer->peer));
    api_put(&item, "port", api_count(endpoint_port(&peer->peer)));
    api_put(&item, "family", api_count(peer->peer.family));
    api_put(&item, "client", api_client(peer->peer_id));
    api_put(&item, "peer_id", api_hex(peer->peer_id, PEER_ID_LEN));
    api_put(&item, "role", json_string(role_of(peer)));
    api_put(&item, "progress", progress_of(peer, size));
    api_put(&item, "left", api_count_or_null(peer->left, LEFT_UNKNOWN));
    api_put(&item, "uploaded", api_count(peer->uploaded));
    api_put(&item, "downloaded", api_count(peer->downloaded));
    api_put(&item, "upload_rate", api_count(peer->upload_rate));
    api_put(&item, "download_rate", api_count(peer->download_rate));
    api_put(&item, "since", api_ago(call, peer->age_s));
    api_put(&item, "seen", api_ago(call, peer->silent_s));
    put_reach(call, peer, &item);
    api_put(&item, "lan", json_boolean(peer->lan));
    return item;
}

/* Different peer_ids may still be one client's by name. */
static bool is_repeated(const struct address_row *row, size_t place) {
    char name[CLIENT_NAME_LEN];
    char earlier[CLIENT_NAME_LEN];
    client_name(row->clients[place], name);
    for (size_t i = 0; i < place; i++) {
        client_name(row->clients[i], earlier);
        if (strcmp(name, earlier) == 0)
            return true;
    }
    return false;
}

static json_t *address_of(const struct api_call *call, const struct address_row *row) {
    json_t *clients = json_array();
    for (size_t i = 0; i < row->client_count; i++) {
        if (!is_repeated(row, i))
            api_append(&clients, api_client(row->clients[i]));
    }
    json_t *item = json_object();
    api_put(&item, "address", api_address(&row->address));
    api_put(&item, "clients", clients);
    api_put(&item, "torrents", api_count(row->torrents));
    api_put(&item, "seeding", api_count(row->seeding));
    api_put(&item, "leeching", api_count(row->leeching));
    api_put(&item, "upload_rate", api_count(row->upload_rate));
    api_put(&item, "download_rate", api_count(row->download_rate));
    api_put(&item, "seen", api_ago(call, row->silent_s));
    api_put(&item, "reach", api_reach_counts(call, row));
    api_put(&item, "lan", json_boolean(row->lan));
    return item;
}

static bool read_query(const struct api_call *call, struct web_response *response,
                       struct address_query *query) {
    static const char *const sorts[] = { "address", "torrents", "seeding", "leeching", "rate" };
    static const char *const orders[] = { "asc", "desc" };
    size_t sort;
    size_t order;
    if (!api_query_text(call, response, "search", query->search, sizeof query->search) ||
        !api_query_choice(call, response, "sort", sorts, sizeof sorts / sizeof *sorts, &sort) ||
        !api_query_choice(call, response, "order", orders, sizeof orders / sizeof *orders, &order))
        return false;
    query->sort = (enum address_sort)sort;
    query->descending = order == 1;
    return true;
}

void api_get_addresses(const struct api_call *call, struct web_response *response) {
    struct address_query query;
    struct api_span span;
    if (!read_query(call, response, &query) || !api_query_span(call, response, &span))
        return;
    struct address_row *rows = calloc(span.limit + 1, sizeof *rows);
    size_t count = 0;
    size_t total = 0;
    json_t *items = NULL;
    if (rows != NULL && address_list_page(call->api->addresses, &query, span.offset, call->now_ms,
                                          rows, span.limit, &count, &total))
        items = json_array();
    for (size_t i = 0; i < count; i++)
        api_append(&items, address_of(call, &rows[i]));
    free(rows);
    api_send_list(response, items, total, span);
}

/* Looks for a ban that holds for an address. */
struct ban_search {
    const struct endpoint *address;
    int64_t now_s;
    struct registry_row found;
    bool any;
};

static void look_at_ban(void *context, const struct registry_row *row) {
    struct ban_search *search = context;
    struct networks networks = { .count = 1 };
    if ((row->until_s != 0 && row->until_s <= search->now_s) ||
        !network_parse(row->text, &networks.list[0]) ||
        !networks_contain(&networks, search->address))
        return;
    search->found = *row;
    search->any = true;
}

/* Where the registry cannot be read, nobody is known to be banned. */
static json_t *ban_on(const struct api_call *call, const struct endpoint *address) {
    char why[ERROR_LEN];
    struct ban_search search = { .address = address, .now_s = call->unix_ms / 1000 };
    struct registry *registry =
        call->api->parts.database == NULL
            ? NULL
            : registry_open(call->api->parts.database, REGISTRY_SHORT_TIMEOUT_MS, why);
    if (registry != NULL)
        (void)registry_visit_bans(registry, look_at_ban, &search);
    registry_close(registry);
    return search.any ? api_ban(&search.found) : json_null();
}

static json_t *peer_with_torrent(const struct api_call *call, const struct peer_stats *peer) {
    struct torrent_row torrent;
    if (!torrent_list_find(call->api->catalog, peer->info_hash, call->now_ms, &torrent))
        torrent = (struct torrent_row){ .size = 0 };
    json_t *item = api_peer(call, peer, torrent.size);
    api_put(&item, "info_hash", api_hex(peer->info_hash, INFO_HASH_LEN));
    api_put(&item, "name", api_text_or_null(torrent.name));
    return item;
}

static json_t *peers_at(const struct api_call *call, const struct endpoint *address,
                        size_t *total) {
    struct peer_stats *peers = calloc(ADDRESS_PEERS_MAX, sizeof *peers);
    json_t *items = NULL;
    size_t count = 0;
    if (peers != NULL &&
        address_list_peers(call->api->addresses, address, call->now_ms, peers, &count, total))
        items = json_array();
    for (size_t i = 0; i < count; i++)
        api_append(&items, peer_with_torrent(call, &peers[i]));
    free(peers);
    return items;
}

void api_get_address(const struct api_call *call, struct web_response *response) {
    struct endpoint address;
    if (!endpoint_parse_address(call->part, &address)) {
        api_fail(response, 400, "bad_address", "That is no IP address.");
        return;
    }
    const struct api_settings settings = api_settings_of(call->api);
    size_t total = 0;
    json_t *body = json_object();
    api_put(&body, "address", api_address(&address));
    api_put(&body, "lan", json_boolean(networks_contain(&settings.lan, &address)));
    api_put(&body, "ban", ban_on(call, &address));
    api_put(&body, "peers", peers_at(call, &address, &total));
    api_put(&body, "total", api_count(total));
    api_send(response, 200, body);
}
