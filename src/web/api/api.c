/* The API's routes, and what stands behind them. */
#include "web/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/percent.h"
#include "base/ticker.h"
#include "web/api/api_call.h"
#include "web/http/error_response.h"

enum { TICK_MS = 1000 };

#define API_PREFIX "/api/v1/"

/* '*' stands for one part of the path, whatever it is. */
static const struct route {
    const char *method;
    const char *path;
    enum role role; /* who may, and all above */
    api_handler handler;
} routes[] = {
    { "GET", "session", ROLE_NONE, api_get_session },
    { "GET", "openapi.json", ROLE_NONE, api_get_description },
    { "GET", "status", ROLE_PUBLIC, api_get_status },
    { "GET", "qr.svg", ROLE_PUBLIC, api_get_qr },
    { "GET", "history", ROLE_ADMIN, api_get_history },
    { "GET", "torrents", ROLE_ADMIN, api_get_torrents },
    { "POST", "torrents", ROLE_ADMIN, api_post_torrents },
    { "GET", "torrents/*", ROLE_ADMIN, api_get_torrent },
    { "PATCH", "torrents/*", ROLE_ADMIN, api_patch_torrent },
    { "DELETE", "torrents/*", ROLE_ADMIN, api_delete_torrent },
    { "GET", "torrents/*/peers", ROLE_ADMIN, api_get_torrent_peers },
    { "GET", "torrents/*/history", ROLE_ADMIN, api_get_torrent_history },
    { "GET", "torrents/*/completions", ROLE_ADMIN, api_get_completions },
    { "GET", "torrents/*/file", ROLE_ADMIN, api_get_torrent_file },
    { "GET", "addresses", ROLE_ADMIN, api_get_addresses },
    { "GET", "addresses/*", ROLE_ADMIN, api_get_address },
    { "GET", "networks/*", ROLE_ADMIN, api_get_network },
    { "GET", "passkeys", ROLE_ADMIN, api_get_passkeys },
    { "POST", "passkeys", ROLE_ADMIN, api_post_passkeys },
    { "DELETE", "passkeys/*", ROLE_ADMIN, api_delete_passkey },
    { "GET", "bans", ROLE_ADMIN, api_get_bans },
    { "POST", "bans", ROLE_ADMIN, api_post_bans },
    { "DELETE", "bans/*", ROLE_ADMIN, api_delete_ban },
    { "GET", "events", ROLE_ADMIN, api_get_events },
};

enum { ROUTES = sizeof routes / sizeof *routes };

static void tick(void *context) {
    struct api *api = context;
    const uint64_t now_ms = clock_now_ms();
    announce_rate_tick(api->pulse, now_ms);
    torrent_list_release_idle(api->catalog, now_ms);
    address_list_release_idle(api->addresses, now_ms);
}

struct api *api_create(const struct api_parts *parts, const struct api_settings *settings) {
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return NULL;
    api->parts = *parts;
    api->settings = *settings;
    api->started_ms = clock_now_ms();
    pthread_mutex_init(&api->lock, NULL);
    api->catalog = torrent_list_create(parts->tracker, parts->database);
    api->addresses = address_list_create(parts->tracker);
    api->pulse = announce_rate_create(parts->tracker, api->started_ms);
    if (api->catalog != NULL && api->addresses != NULL && api->pulse != NULL)
        api->ticker = ticker_start("pulse", TICK_MS, tick, api);
    if (api->ticker != NULL)
        return api;
    api_delete(api);
    return NULL;
}

void api_delete(struct api *api) {
    if (api == NULL)
        return;
    ticker_stop(api->ticker);
    announce_rate_delete(api->pulse);
    address_list_delete(api->addresses);
    torrent_list_delete(api->catalog);
    pthread_mutex_destroy(&api->lock);
    free(api);
}

void api_apply(struct api *api, const struct api_settings *settings) {
    pthread_mutex_lock(&api->lock);
    api->settings.mode = settings->mode;
    api->settings.lan = settings->lan;
    api->settings.external_v4 = settings->external_v4;
    api->settings.external_v6 = settings->external_v6;
    pthread_mutex_unlock(&api->lock);
}

struct api_settings api_settings_of(struct api *api) {
    pthread_mutex_lock(&api->lock);
    const struct api_settings settings = api->settings;
    pthread_mutex_unlock(&api->lock);
    return settings;
}

/* Whether the path, still encoded, is the route's; what stands in place of the '*' goes to
 * `*part`. */
static bool matches(const struct route *route, struct bytes path, struct bytes *part) {
    struct bytes pattern = bytes_of(route->path);
    if (path.len > 0 && path.data[path.len - 1] == '/')
        return false;
    while (pattern.len > 0 && path.len > 0) {
        const struct bytes wanted = bytes_split(&pattern, '/');
        const struct bytes found = bytes_split(&path, '/');
        if (bytes_equal(wanted, bytes_of("*")) && found.len > 0)
            *part = found;
        else if (!bytes_equal(wanted, found))
            return false;
    }
    return pattern.len == 0 && path.len == 0;
}

/* The methods that the path takes, as a header lists them. */
static const char *list_methods(struct bytes path, struct web_response *response) {
    struct writer w = writer_on((uint8_t *)response->text, sizeof response->text - 1);
    struct bytes part;
    for (size_t i = 0; i < ROUTES; i++) {
        if (!matches(&routes[i], path, &part))
            continue;
        if (w.len > 0)
            writer_put_text(&w, ", ");
        writer_put_text(&w, routes[i].method);
    }
    response->text[w.len] = '\0';
    return response->text;
}

static bool decode_part(struct bytes part, char *decoded) {
    const long len = percent_decode_part(part, (uint8_t *)decoded, API_PART_LEN - 1);
    if (len < 0 || memchr(decoded, '\0', (size_t)len) != NULL)
        return false;
    decoded[len] = '\0';
    return true;
}

static void follow(struct api *api, const struct route *route, struct bytes part,
                   const struct authorization *auth, const struct web_request *http,
                   struct web_response *response) {
    struct api_call call = {
        .api = api,
        .session = auth,
        .http = http,
        .now_ms = clock_now_ms(),
        .unix_ms = clock_unix_ms(),
    };
    if (auth->role < route->role)
        error_response_not_admin(response, http, auth);
    else if (!decode_part(part, call.part))
        api_fail(response, 400, "bad_path", "The path is not properly encoded, or too long.");
    else
        route->handler(&call, response);
}

void api_answer(struct api *api, const struct authorization *auth, const struct web_request *http,
                struct web_response *response) {
    struct bytes path = http->path;
    const struct bytes prefix = BYTES_LITERAL(API_PREFIX);
    response->kind = HTTP_KIND_API;
    if (bytes_start_with(path, prefix))
        path = (struct bytes){ path.data + prefix.len, path.len - prefix.len };
    bool found = false;
    for (size_t i = 0; i < ROUTES; i++) {
        struct bytes part = { 0 };
        if (!matches(&routes[i], path, &part))
            continue;
        found = true;
        if (strcmp(routes[i].method, http->method) == 0) {
            follow(api, &routes[i], part, auth, http, response);
            return;
        }
    }
    if (found)
        error_response_method_not_allowed(response, http, list_methods(path, response));
    else
        error_response(response, http, 404, "not_found", "There is no such thing in the API.");
}
