/* The caller's session, and the status of the tracker. */
#include "base/clock.h"
#include "cluster/cluster.h"
#include "web/api/api.h"
#include "web/api/api_request.h"
#include "web/views/announce_urls.h"
#include "wire/refusal.h"

static const char *const role_names[] = {
    [ROLE_NONE] = "none", [ROLE_PUBLIC] = "public", [ROLE_ADMIN] = "admin"
};

/* How the caller proved to be an admin; NULL otherwise. */
static const char *auth_method(enum auth_proof proof) {
    return proof == AUTH_BY_ADDRESS ? "address" : proof == AUTH_BY_TOKEN ? "token" : NULL;
}

/* Why the caller is not an admin; NULL for an admin. */
static const char *denial_reason(enum auth_proof proof) {
    switch (proof) {
    case AUTH_WRONG_ADDRESS:
        return "address";
    case AUTH_WRONG_HOST:
        return "host";
    case AUTH_UNTRUSTED_PROXY:
        return "forwarded";
    case AUTH_WRONG_TOKEN:
        return "token";
    case AUTH_BY_ADDRESS:
    case AUTH_BY_TOKEN:
        break;
    }
    return NULL;
}

/* A stranger learns its own address, unless it may be a web site that sends requests through the
 * browser of someone else (DNS rebinding). */
static bool may_see_client(const struct authorization *auth) {
    return auth->role == ROLE_ADMIN || auth->proof == AUTH_WRONG_ADDRESS ||
           auth->proof == AUTH_UNTRUSTED_PROXY;
}

static void get_session(const struct api_request *request, struct web_response *response) {
    const struct authorization *auth = request->auth;
    const struct endpoint *client = &request->http->client;
    const bool shown = may_see_client(auth) && client->family != FAMILY_NONE;
    api_send(response, 200,
             json_pack("{s:s, s:o, s:s?, s:s?, s:b}", "role", role_names[auth->role], "client",
                       shown ? api_address(client) : json_null(), "by", auth_method(auth->proof),
                       "why", denial_reason(auth->proof), "tokens", auth->tokens));
}

static json_t *totals_value(const struct totals *totals) {
    const uint64_t seeders = totals_seeders(totals);
    const uint64_t leechers = totals_leechers(totals);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:o, s:o}", "torrents",
                     api_count(totals->torrents_active + totals->torrents_idle), "torrents_active",
                     api_count(totals->torrents_active), "peers", api_count(seeders + leechers),
                     "seeders", api_count(seeders), "leechers", api_count(leechers), "peers_v4",
                     api_count(totals->seeders_v4 + totals->leechers_v4), "peers_v6",
                     api_count(totals->seeders_v6 + totals->leechers_v6), "downloaded",
                     api_count(totals->downloaded), "announces_per_s", totals->announces_per_s,
                     "upload_rate", api_count(totals->upload_rate), "download_rate",
                     api_count(totals->download_rate), "announces", api_count(totals->announces));
}

static void find_urls(enum role role, const struct web_request *http,
                      const struct tracker_settings *settings, struct announce_urls *urls) {
    announce_urls_find(urls, settings, http, NULL);
    if (role != ROLE_ADMIN)
        announce_urls_keep_public(urls, settings, http);
}

static json_t *urls_value(const struct api_request *request,
                          const struct tracker_settings *settings) {
    static const char *const scopes[] = {
        [URL_LOOPBACK] = "loopback", [URL_LAN] = "lan", [URL_PUBLIC] = "public"
    };
    struct announce_urls urls;
    json_t *list = json_array();
    find_urls(request->auth->role, request->http, settings, &urls);
    for (size_t i = 0; i < urls.count; i++) {
        const struct announce_url *url = &urls.list[i];
        api_append(&list, json_pack("{s:s, s:o, s:s, s:o}", "scheme", url->scheme, "host",
                                    api_text(url->host), "scope", scopes[url->scope], "url",
                                    api_text(url->text)));
    }
    return list;
}

static json_t *registry_value(const struct api_request *request) {
    const struct registry *registry = api_registry(request);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "torrents",
                     api_count(torrent_list_registered(request->api->torrents)), "blocked",
                     api_count(registry_count(registry, REGISTRY_BLOCK)), "passkeys",
                     api_count(registry_count(registry, REGISTRY_PASSKEY)), "bans",
                     api_count(registry_count(registry, REGISTRY_BAN)), "machines",
                     api_count(registry_count(registry, REGISTRY_MACHINE)));
}

static json_t *probes_value(const struct api_request *request) {
    struct prober_stats stats = { .enabled = false };
    if (request->api->prober != NULL)
        stats = prober_stats(request->api->prober);
    const uint32_t *peers = stats.now.peers;
    return json_pack("{s:b, s:o, s:o, s:o}", "enabled", stats.enabled, "reachable",
                     api_count(peers[REACH_OPEN]), "unreachable",
                     api_count((uint64_t)peers[REACH_REFUSED] + peers[REACH_SILENT]), "waiting",
                     api_count(stats.now.waiting));
}

/* Null without a cluster. */
static json_t *cluster_value(const struct api_request *request) {
    struct cluster_status status;
    if (request->api->cluster == NULL)
        return json_null();
    cluster_describe(request->api->cluster, &status);
    uint64_t nodes = 1, alive = 1;
    for (size_t i = 0; i < status.members; i++) {
        nodes += status.list[i].heard_s < CLUSTER_REMOVED_S;
        alive += status.list[i].alive;
    }
    return json_pack("{s:o, s:o, s:b, s:b, s:o, s:o}", "nodes", api_count(nodes), "alive",
                     api_count(alive), "ready", status.ready, "connected", status.connected,
                     "behind_ms", api_count(status.behind_ms), "set_aside", api_set_aside(&status));
}

static json_t *warnings_value(const struct health_report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->warning_count; i++)
        api_append(&list, api_text(report->warnings[i]));
    return list;
}

/* Null if out of memory for a moment. */
static json_t *health_value(const struct api_request *request) {
    struct torrent_counts counts;
    if (!torrent_list_count(request->api->torrents, request->now_ms, &counts))
        return json_null();
    json_t *value = json_object();
    for (size_t i = 0; i < HEALTHS; i++)
        api_put(&value, api_healths[i], api_count(counts.by_health[i]));
    return value;
}

/* Null if out of memory for a moment. */
static json_t *machines_value(const struct api_request *request) {
    struct address_summary summary;
    if (!address_list_summary(request->api->addresses, request->now_ms, &summary))
        return json_null();
    return json_pack("{s:o, s:o}", "total", api_count(summary.addresses), "firewalled",
                     api_count(summary.firewalled));
}

/* For everyone who may see the status. */
static void put_public_fields(const struct api_request *request, json_t **body) {
    static const char *const modes[] = {
        [ACCESS_OPEN] = "open", [ACCESS_LISTED] = "listed", [ACCESS_PRIVATE] = "private"
    };
    const struct tracker_settings settings = api_settings_of(request->api);
    api_put(body, "mode", json_string(modes[settings.mode]));
    api_put(body, "interval_s", api_count(tracker_interval_s(request->api->tracker)));
    api_put(body, "urls", urls_value(request, &settings));
}

static json_t *dht_value(struct dht_server *dht) {
    if (dht == NULL)
        return json_null();
    const struct dht_statistics statistics = dht_server_statistics(dht);
    return json_pack("{s:b, s:o}", "running", dht_server_failure(dht) == NULL, "nodes",
                     api_count((uint64_t)statistics.ipv4.good + statistics.ipv6.good));
}

static void put_admin_fields(const struct api_request *request, json_t **body) {
    const struct api *api = request->api;
    struct health_report report = { .warning_count = 0 };
    if (api->health != NULL)
        health_report_fill(api->health, &report);
    api_put(body, "uptime_s", api_count((request->now_ms - api->started_ms) / 1000));
    api_put(body, "had_peers", json_boolean(api->had_peers));
    api_put(body, "registry", registry_value(request));
    api_put(body, "health", health_value(request));
    api_put(body, "machines", machines_value(request));
    api_put(body, "refused",
            api_count(api->events == NULL ? 0 : recent_events_refused(api->events)));
    api_put(body, "probes", probes_value(request));
    api_put(body, "store",
            json_pack("{s:b, s:b, s:f}", "enabled", api->database != NULL, "failing",
                      report.store_failing, "lag_s", report.store_lag_s));
    api_put(body, "cluster", cluster_value(request));
    api_put(body, "dht", dht_value(api->dht));
    api_put(body, "warnings", warnings_value(&report));
}

static void get_status(const struct api_request *request, struct web_response *response) {
    const struct totals totals = swarm_totals_read(request->api->totals, request->now_ms);
    json_t *body = json_pack("{s:s, s:o, s:s, s:o}", "version", SKEP_VERSION, "now",
                             api_unix(request->unix_ms), "role", role_names[request->auth->role],
                             "totals", totals_value(&totals));
    put_public_fields(request, &body);
    if (request->auth->role == ROLE_ADMIN)
        put_admin_fields(request, &body);
    api_send(response, 200, body);
}

/* The same counts as a scrape returns, by the same rules. */
static void get_counts(const struct api_request *request, struct web_response *response) {
    struct tracker *tracker = request->api->tracker;
    const struct passkey none = { .given = false };
    uint8_t info_hash[INFO_HASH_LEN];
    char detail[REFUSAL_DETAIL_LEN] = "";
    char text[REFUSAL_TEXT_LEN];
    if (!api_path_hash(request, response, info_hash))
        return;
    const enum announce_result result =
        request->auth->role == ROLE_ADMIN
            ? ANNOUNCE_OK
            : tracker_check_scrape(tracker, &request->http->client, &none, request->now_ms, detail);
    if (result != ANNOUNCE_OK) {
        refusal_text(result, detail, text);
        api_send_error(response, 403, "refused", "%s", text);
        return;
    }
    const struct scrape_entry entry = tracker_scrape(tracker, info_hash);
    api_send(response, 200,
             json_pack("{s:o, s:o, s:o, s:o}", "info_hash", api_hex(info_hash, INFO_HASH_LEN),
                       "seeders", api_count(entry.seeders), "leechers", api_count(entry.leechers),
                       "downloaded", api_count(entry.downloaded)));
}

const struct api_route status_routes[] = {
    { "GET", "counts/*", ROLE_PUBLIC, get_counts },
    { "GET", "session", ROLE_NONE, get_session },
    { "GET", "status", ROLE_PUBLIC, get_status },
    { .method = NULL },
};

static void put_line(struct writer *w, const char *before, uint64_t count, const char *noun) {
    writer_put_text(w, before);
    writer_put_number(w, count);
    writer_put_text(w, noun);
    writer_put_text(w, count == 1 ? "" : "s");
}

/* A URL needs no escaping: its host has only letters, digits and punctuation that is safe in HTML.
 */
void api_write_plain_status(struct api *api, enum role role, const struct web_request *http,
                            struct writer *w) {
    const struct totals totals = swarm_totals_read(api->totals, clock_now_ms());
    const struct tracker_settings settings = api_settings_of(api);
    struct announce_urls urls;
    find_urls(role, http, &settings, &urls);
    writer_put_text(w, "<section class=\"card plain-status\"><h1>BitTorrent tracker</h1>\n<p>");
    put_line(w, "", totals_seeders(&totals), " seeder");
    put_line(w, " and ", totals_leechers(&totals), " leecher");
    put_line(w, " in ", totals.torrents_active + totals.torrents_idle, " torrent");
    put_line(w, ". ", totals.downloaded, " completed download");
    writer_put_text(w, ".</p>\n<h2>Announce URLs</h2>\n<ul>\n");
    for (size_t i = 0; i < urls.count; i++) {
        writer_put_text(w, "<li><code>");
        writer_put_text(w, urls.list[i].text);
        writer_put_text(w, "</code></li>\n");
    }
    writer_put_text(w, "</ul></section>\n");
}
