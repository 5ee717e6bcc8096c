#include "web/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/percent.h"
#include "base/ticker.h"
#include "store/history.h"
#include "web/api/api_request.h"
#include "web/http/error_response.h"

enum { TICK_MS = 1000 };

const struct api_route *const api_resources[] = {
    status_routes, documents_routes, torrents_routes, torrent_registry_routes, history_routes,
    peers_routes,  access_routes,    events_routes,   cluster_routes,          dht_routes,
    NULL,
};

static void note_peers(void *context, const struct sample *sample) {
    bool *had_peers = context;
    *had_peers = *had_peers || sample->peers > 0;
}

static bool history_has_peers(const char *database) {
    char error[ERROR_LEN];
    bool had_peers = false;
    struct history *history = database == NULL ? NULL : history_open(database, error);
    if (history != NULL)
        (void)history_samples(history, HISTORY_MONTH, clock_unix_s(), note_peers, &had_peers);
    history_close(history);
    return had_peers;
}

static void add_refused(void *context, const struct refused_client *clients, size_t count) {
    struct api *api = context;
    recent_events_add_refused(api->events, clients, count);
    if (api->refused != NULL)
        refused_families_add(api->refused, clients, count);
}

static void on_tick(void *context) {
    struct api *api = context;
    const uint64_t now_ms = clock_now_ms();
    swarm_totals_tick(api->totals, now_ms);
    if (api->events != NULL)
        recent_events_tick(api->events, tracker_take_refused(api->tracker, add_refused, api));
    torrent_list_release_idle(api->torrents, now_ms);
    address_list_release_idle(api->addresses, now_ms);
}

struct api *api_create(const struct api_sources *sources, const struct tracker_settings *settings) {
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return NULL;
    api->tracker = sources->tracker;
    api->totals = sources->totals;
    api->database = sources->database;
    api->torrent_dir = sources->torrent_dir;
    api->prober = sources->prober;
    api->events = sources->events;
    api->health = sources->health;
    api->refused = sources->refused;
    api->cluster = sources->cluster;
    api->dht = sources->dht;
    api->settings = *settings;
    api->started_ms = clock_now_ms();
    api->had_peers = history_has_peers(sources->database);
    pthread_mutex_init(&api->lock, NULL);
    api->torrents = torrent_list_create(sources->tracker, sources->prober);
    api->addresses = address_list_create(sources->tracker, sources->prober);
    if (api->torrents != NULL && api->addresses != NULL)
        api->ticker = ticker_start("api", TICK_MS, on_tick, api);
    if (api->ticker != NULL)
        return api;
    api_delete(api);
    return NULL;
}

void api_delete(struct api *api) {
    if (api == NULL)
        return;
    ticker_stop(api->ticker);
    address_list_delete(api->addresses);
    torrent_list_delete(api->torrents);
    pthread_mutex_destroy(&api->lock);
    free(api);
}

void api_apply(struct api *api, const struct tracker_settings *settings) {
    pthread_mutex_lock(&api->lock);
    api->settings.mode = settings->mode;
    api->settings.lan = settings->lan;
    api->settings.announce_urls = settings->announce_urls;
    api->settings.proxies = settings->proxies;
    api->settings.external_v4 = settings->external_v4;
    api->settings.external_v6 = settings->external_v6;
    pthread_mutex_unlock(&api->lock);
}

void api_end_streams(struct api *api, uint32_t max) {
    atomic_store(&api->streams_max, max);
    atomic_fetch_add(&api->streams_ended, 1);
    if (api->events != NULL)
        recent_events_wake(api->events);
}

/* Matches a path that is still encoded. `*part` is the segment in place of the '*', if any. */
static bool route_matches(const struct api_route *route, struct bytes path, struct bytes *part) {
    struct bytes pattern = bytes_of(route->path);
    *part = (struct bytes){ 0 };
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

/* Finds the route of a path and method. NULL if there is none; then `methods` lists the methods of
 * the path, as the header Allow does, and is empty for an unknown path. */
static const struct api_route *find_route(struct bytes path, const char *method, struct bytes *part,
                                          struct writer *methods) {
    for (size_t i = 0; api_resources[i] != NULL; i++) {
        for (const struct api_route *route = api_resources[i]; route->method != NULL; route++) {
            if (!route_matches(route, path, part))
                continue;
            if (strcmp(route->method, method) == 0)
                return route;
            writer_put_text(methods, methods->len > 0 ? ", " : "");
            writer_put_text(methods, route->method);
        }
    }
    return NULL;
}

static bool decode_part(struct bytes part, char *decoded) {
    const long len = percent_decode_part(part, (uint8_t *)decoded, API_PART_LEN - 1);
    if (len < 0 || memchr(decoded, '\0', (size_t)len) != NULL)
        return false;
    decoded[len] = '\0';
    return true;
}

void api_handle(struct api *api, const struct authorization *auth, const struct web_request *http,
                struct web_response *response) {
    static const struct bytes prefix = BYTES_LITERAL("/api/v1/");
    struct api_request request = {
        .api = api,
        .auth = auth,
        .http = http,
        .now_ms = clock_now_ms(),
        .unix_ms = clock_unix_ms(),
    };
    const struct bytes path = { http->path.data + prefix.len, http->path.len - prefix.len };
    response->kind = HTTP_KIND_API; /* makes error_response() send JSON */
    struct bytes part;
    /* response->text starts as zeros, so the list ends with one. */
    struct writer methods = writer_on((uint8_t *)response->text, sizeof response->text - 1);
    const struct api_route *route = find_route(path, http->method, &part, &methods);
    if (route == NULL && methods.len > 0)
        error_response_method_not_allowed(response, response->text);
    else if (route == NULL)
        error_response(response, 404, "not_found", API_NO_ENDPOINT);
    else if (auth->role < route->role)
        error_response_not_admin(response, auth);
    else if (!decode_part(part, request.part))
        api_send_error(response, 400, "invalid_path",
                       "Invalid path: bad percent-encoding, or a segment of more than %d bytes.",
                       API_PART_LEN - 1);
    else
        route->handler(&request, response);
}
