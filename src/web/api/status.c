/* Who asks, and how the tracker is. */
#include <string.h>

#include "web/api/api_call.h"
#include "web/views/announce_urls.h"

static const char *role_name(enum role role) {
    return role == ROLE_ADMIN ? "admin" : role == ROLE_PUBLIC ? "public" : "none";
}

/* What makes the caller an admin; null for anyone else. */
static json_t *auth_method(enum auth_proof proof) {
    switch (proof) {
    case AUTH_BY_ADDRESS:
        return json_string("address");
    case AUTH_BY_TOKEN:
        return json_string("token");
    default:
        return json_null();
    }
}

/* What keeps the caller from being one; null for an admin. */
static json_t *denial_reason(enum auth_proof proof) {
    switch (proof) {
    case AUTH_WRONG_ADDRESS:
        return json_string("address");
    case AUTH_WRONG_HOST:
        return json_string("host");
    case AUTH_UNTRUSTED_PROXY:
        return json_string("forwarded");
    case AUTH_WRONG_TOKEN:
        return json_string("token");
    default:
        return json_null();
    }
}

void api_get_session(const struct api_call *call, struct web_response *response) {
    const struct authorization *auth = call->session;
    const struct endpoint *client = &call->http->client;
    const bool tell = auth->role == ROLE_ADMIN && client->family != FAMILY_NONE;
    json_t *body = json_object();
    api_put(&body, "role", json_string(role_name(auth->role)));
    api_put(&body, "client", tell ? api_address(client) : json_null());
    api_put(&body, "by", auth_method(auth->proof));
    api_put(&body, "why", denial_reason(auth->proof));
    api_put(&body, "tokens", json_boolean(auth->tokens));
    api_send(response, 200, body);
}

static json_t *totals_of(const struct totals *totals) {
    json_t *object = json_object();
    api_put(&object, "torrents", api_count(totals->torrents));
    api_put(&object, "peers", api_count((uint64_t)totals->seeders + totals->leechers));
    api_put(&object, "seeders", api_count(totals->seeders));
    api_put(&object, "leechers", api_count(totals->leechers));
    api_put(&object, "peers_v4", api_count(totals->peers_v4));
    api_put(&object, "peers_v6", api_count(totals->peers_v6));
    api_put(&object, "downloaded", api_count(totals->downloaded));
    api_put(&object, "announces_per_s", json_real(totals->announces_per_s));
    api_put(&object, "upload_rate", api_count(totals->upload_rate));
    api_put(&object, "download_rate", api_count(totals->download_rate));
    api_put(&object, "announces", api_count(totals->announces));
    return object;
}

static json_t *url_of(const struct announce_url *url) {
    static const char *const scopes[] = {
        [URL_LOOPBACK] = "loopback", [URL_LAN] = "lan", [URL_PUBLIC] = "public"
    };
    json_t *object = json_object();
    api_put(&object, "scheme", json_string(url->scheme));
    api_put(&object, "host", api_text(url->host));
    api_put(&object, "scope", json_string(scopes[url->scope]));
    api_put(&object, "url", api_text(url->text));
    return object;
}

static json_t *urls_of(const struct api_call *call, const struct api_settings *settings) {
    struct announce_urls urls;
    json_t *list = json_array();
    announce_urls_find(&urls, settings, call->http, NULL);
    for (size_t i = 0; i < urls.count; i++)
        api_append(&list, url_of(&urls.list[i]));
    return list;
}

static json_t *checks_of(const struct api_call *call) {
    struct prober_stats stats = { .enabled = false };
    if (call->api->parts.prober != NULL)
        stats = prober_stats(call->api->parts.prober);
    const uint32_t *peers = stats.now.peers;
    json_t *object = json_object();
    api_put(&object, "enabled", json_boolean(stats.enabled));
    api_put(&object, "reachable", api_count(peers[REACH_OPEN]));
    api_put(&object, "firewalled", api_count((uint64_t)peers[REACH_REFUSED] + peers[REACH_SILENT]));
    api_put(&object, "waiting", api_count(stats.now.waiting));
    return object;
}

static json_t *store_of(const struct api_call *call, const struct api_condition *condition) {
    json_t *object = json_object();
    api_put(&object, "enabled", json_boolean(call->api->parts.database != NULL));
    api_put(&object, "failing", json_boolean(condition->store_failing));
    api_put(&object, "lag_s", json_real(condition->store_lag_s));
    return object;
}

static json_t *warnings_of(const struct api_condition *condition) {
    json_t *list = json_array();
    for (size_t i = 0; i < condition->warning_count; i++)
        api_append(&list, api_text(condition->warnings[i]));
    return list;
}

static const char *mode_name(enum access_mode mode) {
    static const char *const names[] = {
        [ACCESS_OPEN] = "open", [ACCESS_LISTED] = "listed", [ACCESS_PRIVATE] = "private"
    };
    return names[mode];
}

/* What only admins may know. */
static void put_admin_fields(const struct api_call *call, json_t **body) {
    const struct api_parts *parts = &call->api->parts;
    const struct api_settings settings = api_settings_of(call->api);
    struct api_condition condition = { .warning_count = 0 };
    if (parts->tell_condition != NULL)
        parts->tell_condition(parts->condition_context, &condition);
    api_put(body, "uptime_s", api_count((call->now_ms - call->api->started_ms) / 1000));
    api_put(body, "mode", json_string(mode_name(settings.mode)));
    api_put(body, "interval_s", api_count(tracker_interval_s(parts->tracker)));
    api_put(body, "urls", urls_of(call, &settings));
    api_put(body, "checks", checks_of(call));
    api_put(body, "store", store_of(call, &condition));
    api_put(body, "warnings", warnings_of(&condition));
}

void api_get_status(const struct api_call *call, struct web_response *response) {
    const struct totals totals = announce_rate_totals(call->api->pulse, call->now_ms);
    json_t *body = json_object();
    api_put(&body, "version", json_string(SKEP_VERSION));
    api_put(&body, "now", api_unix(call->unix_ms));
    api_put(&body, "role", json_string(role_name(call->session->role)));
    api_put(&body, "totals", totals_of(&totals));
    if (call->session->role == ROLE_ADMIN)
        put_admin_fields(call, &body);
    api_send(response, 200, body);
}
