/* The DHT node of this skepd, and lookups of torrents in the DHT. */
#include "server/dht_server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "web/api/api_request.h"

enum { NODES_SHOWN = 200 };

static const char *const state_names[] = {
    [DHT_NODE_GOOD] = "good",
    [DHT_NODE_QUESTIONABLE] = "questionable",
    [DHT_NODE_BAD] = "bad",
    [DHT_NODE_REPLACEMENT] = "replacement",
};

static json_t *external_value(const struct endpoint *external) {
    return external->family == FAMILY_NONE ? json_null() : api_address(external);
}

static json_t *describe_table(const struct dht_table_statistics *table, int family) {
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "family", family, "id",
                     api_hex(table->id, NODE_ID_LEN), "external_address",
                     external_value(&table->external), "good", api_count(table->good),
                     "questionable", api_count(table->questionable), "bad", api_count(table->bad),
                     "replacements", api_count(table->replacements));
}

static json_t *describe_counts(const struct dht_statistics *statistics) {
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        { "received", statistics->received },
        { "received_bytes", statistics->received_bytes },
        { "sent", statistics->sent },
        { "sent_bytes", statistics->sent_bytes },
        { "ignored", statistics->ignored },
        { "pings", statistics->queries[0] },
        { "find_node", statistics->queries[1] },
        { "get_peers", statistics->queries[2] },
        { "announce_peer", statistics->queries[3] },
        { "unknown_queries", statistics->queries[4] },
        { "query_bytes", statistics->query_bytes },
        { "reply_bytes", statistics->reply_bytes },
        { "limited", statistics->limited },
        { "invalid_tokens", statistics->invalid_tokens },
        { "announces_shared", statistics->announces_taken },
        { "announces_stored", statistics->announces_stored },
        { "announces_refused", statistics->announces_refused },
        { "queries_sent", statistics->queries_sent },
        { "replies", statistics->replies },
        { "timeouts", statistics->timeouts },
        { "lookups", statistics->lookups_started },
        { "lookups_with_peers", statistics->lookups_with_peers },
    };
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        api_put(&object, counts[i].name, api_count(counts[i].count));
    return object;
}

static json_t *list_nodes(struct dht_server *dht) {
    json_t *list = json_array();
    struct dht_known_node *nodes = calloc(NODES_SHOWN, sizeof *nodes);
    const size_t count = nodes == NULL ? 0 : dht_server_nodes(dht, nodes, NODES_SHOWN);
    for (size_t i = 0; i < count; i++) {
        const struct dht_known_node *node = &nodes[i];
        api_append(&list, json_pack("{s:o, s:o, s:o, s:s, s:o}", "address",
                                    api_address(&node->contact.endpoint), "port",
                                    api_count(endpoint_port(&node->contact.endpoint)), "id",
                                    api_hex(node->contact.id, NODE_ID_LEN), "state",
                                    state_names[node->state], "seen_s",
                                    api_count_or_null(node->seen_s, UINT32_MAX)));
    }
    free(nodes);
    return list;
}

static json_t *list_found(const struct dht_result *result) {
    json_t *list = json_array();
    for (size_t i = 0; i < result->count; i++)
        api_append(&list, json_pack("{s:o, s:o}", "address", api_address(&result->peers[i]), "port",
                                    api_count(endpoint_port(&result->peers[i]))));
    return list;
}

static json_t *describe_result(const struct dht_result *result) {
    return json_pack("{s:o, s:o, s:b, s:o, s:o}", "number", api_count(result->number), "info_hash",
                     api_hex(result->info_hash, INFO_HASH_LEN), "ended", result->ended, "age_ms",
                     api_count(result->age_ms), "peers", list_found(result));
}

static json_t *list_results(struct dht_server *dht) {
    json_t *list = json_array();
    struct dht_result *results = calloc(DHT_RESULTS_MAX, sizeof *results);
    const size_t count = results == NULL ? 0 : dht_server_results(dht, results);
    for (size_t i = 0; i < count; i++)
        api_append(&list, describe_result(&results[i]));
    free(results);
    return list;
}

static void get_dht(const struct api_request *request, struct web_response *response) {
    struct dht_server *dht = request->api->dht;
    if (dht == NULL) {
        api_send(response, 200, json_pack("{s:b}", "enabled", false));
        return;
    }
    const char *failure = dht_server_failure(dht);
    const struct dht_statistics statistics = dht_server_statistics(dht);
    json_t *tables = json_array();
    api_append(&tables, describe_table(&statistics.ipv4, 4));
    api_append(&tables, describe_table(&statistics.ipv6, 6));
    api_send(response, 200,
             json_pack("{s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "enabled", true,
                       "running", failure == NULL, "error",
                       api_text_or_null(failure == NULL ? "" : failure), "port",
                       api_count(dht_server_port(dht)), "tables", tables, "nodes", list_nodes(dht),
                       "stored_peers", api_count(statistics.peers), "stored_torrents",
                       api_count(statistics.torrents), "memory", api_count(statistics.memory),
                       "lookups", list_results(dht), "counts", describe_counts(&statistics)));
}

/* NULL after sending an error. */
static struct dht_server *running_dht(const struct api_request *request,
                                      struct web_response *response) {
    struct dht_server *dht = request->api->dht;
    if (dht != NULL && dht_server_failure(dht) == NULL)
        return dht;
    api_send_error(response, 409, "no_dht", "The DHT node does not run (dht.enabled).");
    return NULL;
}

static void get_torrents(const struct api_request *request, struct web_response *response) {
    struct api_span span;
    struct dht_server *dht = running_dht(request, response);
    if (dht == NULL || !api_query_span(request, response, &span))
        return;
    size_t count = 0;
    struct stored_torrent *torrents = dht_server_torrents(dht, &count);
    if (torrents == NULL) {
        api_send_out_of_memory(response);
        return;
    }
    json_t *items = json_array();
    for (size_t i = span.offset; i < count && i - span.offset < span.limit; i++)
        api_append(&items, json_pack("{s:o, s:o}", "info_hash",
                                     api_hex(torrents[i].info_hash, INFO_HASH_LEN), "peers",
                                     api_count(torrents[i].peers)));
    free(torrents);
    api_send_list(response, items, count, span);
}

static json_t *stored_peer_value(const struct api_request *request,
                                 const struct stored_peer *peer) {
    return json_pack("{s:o, s:o, s:o, s:o}", "address", api_address(&peer->endpoint), "machine",
                     api_machine(request, &peer->endpoint), "port",
                     api_count(endpoint_port(&peer->endpoint)), "seen",
                     api_ago(request->unix_ms, peer->age_s));
}

static void get_peers(const struct api_request *request, struct web_response *response) {
    uint8_t info_hash[INFO_HASH_LEN];
    struct api_span span;
    size_t count = 0;
    struct dht_server *dht = running_dht(request, response);
    if (dht == NULL || !api_path_hash(request, response, info_hash) ||
        !api_query_span(request, response, &span))
        return;
    struct stored_peer *peers = dht_server_peers(dht, info_hash, &count);
    if (peers == NULL) {
        api_send_out_of_memory(response);
        return;
    }
    json_t *items = json_array();
    for (size_t i = span.offset; i < count && i - span.offset < span.limit; i++)
        api_append(&items, stored_peer_value(request, &peers[i]));
    free(peers);
    json_t *body = api_list(items, count, span);
    api_put(&body, "now", api_unix(request->unix_ms));
    api_send(response, 200, body);
}

static void post_lookup(const struct api_request *request, struct web_response *response) {
    static const char *const fields[] = { "info_hash", "magnet", NULL };
    struct metainfo torrent;
    struct dht_result result;
    struct dht_server *dht = running_dht(request, response);
    json_t *body = dht == NULL ? NULL : api_read_body(request, response, fields);
    const bool good = body != NULL && api_body_torrent(body, response, &torrent);
    json_decref(body);
    if (!good)
        return;
    const uint32_t number = dht_server_look_up(dht, torrent.info_hashes[0]);
    if (number == 0 || !dht_server_result(dht, number, &result)) {
        api_send_error(response, 503, "unavailable",
                       "No node of the DHT is known yet, or too many lookups are running.");
        return;
    }
    api_send(response, 201, describe_result(&result));
}

static void get_lookup(const struct api_request *request, struct web_response *response) {
    struct dht_result result;
    uint64_t number;
    struct dht_server *dht = running_dht(request, response);
    if (dht == NULL)
        return;
    if (!bytes_to_u64(bytes_of(request->part), &number) || number > UINT32_MAX ||
        !dht_server_result(dht, (uint32_t)number, &result)) {
        api_send_error(response, 404, "not_found", "Lookup not found.");
        return;
    }
    api_send(response, 200, describe_result(&result));
}

const struct api_route dht_routes[] = {
    { "GET", "dht", ROLE_ADMIN, get_dht },
    { "POST", "dht/lookups", ROLE_ADMIN, post_lookup },
    { "GET", "dht/lookups/*", ROLE_ADMIN, get_lookup },
    { "GET", "dht/torrents", ROLE_ADMIN, get_torrents },
    { "GET", "dht/torrents/*", ROLE_ADMIN, get_peers },
    { .method = NULL },
};
