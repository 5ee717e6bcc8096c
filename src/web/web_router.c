#include "web/web_router.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "swarm/tracker.h"
#include "web/http/assets.h"
#include "web/http/error_response.h"
#include "web/http/header_match.h"
#include "web/web_worker.h"

enum { TOKEN_LOG_PERIOD_MS = 60000, METRICS_LEN_MAX = 256 * 1024 };

/* For every response. Our page loads nothing from other sites, runs only our scripts, and cannot be
 * framed. */
static const struct http_header security_headers[] = {
    /* Over plain HTTP, browsers ignore this one and print a warning: sent over HTTPS only. */
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { NULL, NULL },
};

struct web_router {
    struct web_sources sources;
    struct web_worker *worker;
    _Atomic bool stopping;
    pthread_mutex_t lock; /* guards all below */
    struct authorization_rules rules;
    uint32_t upload_max;
    uint64_t token_logged_ms; /* the last log line about a wrong token; 0: none */
};

static void add_own_hostname(struct hostnames *names) {
    char name[HOSTNAME_LEN];
    if (gethostname(name, sizeof name) != 0)
        return;
    name[sizeof name - 1] = '\0';
    memcpy(names->list[names->count++], name, sizeof name);
}

void web_router_apply(struct web_router *router, const struct web_options *options) {
    struct authorization_rules rules = {
        .admins = options->admins,
        .names = options->hostnames,
        .token_set = options->admin_token[0] != '\0',
        .public_stats = options->public_stats,
    };
    add_own_hostname(&rules.names);
    digest_sha256(options->admin_token, strlen(options->admin_token), rules.token_digest);
    pthread_mutex_lock(&router->lock);
    router->rules = rules;
    router->upload_max = options->upload_max;
    pthread_mutex_unlock(&router->lock);
    api_end_streams(router->sources.api, options->event_streams_max);
}

struct web_router *web_router_create(const struct web_options *options,
                                     const struct web_sources *sources) {
    struct web_router *router = calloc(1, sizeof *router);
    if (router == NULL)
        return NULL;
    pthread_mutex_init(&router->lock, NULL);
    router->sources = *sources;
    web_router_apply(router, options);
    router->worker = web_worker_start();
    if (router->worker != NULL)
        return router;
    web_router_delete(router);
    return NULL;
}

void web_router_set_stopping(struct web_router *router) {
    atomic_store(&router->stopping, true);
}

void web_router_delete(struct web_router *router) {
    if (router == NULL)
        return;
    web_worker_stop(router->worker);
    pthread_mutex_destroy(&router->lock);
    free(router);
}

static struct authorization authorize_request(struct web_router *router,
                                              const struct web_request *request,
                                              size_t *upload_max) {
    pthread_mutex_lock(&router->lock);
    const struct authorization auth = authorize(&router->rules, request);
    *upload_max = router->upload_max;
    pthread_mutex_unlock(&router->lock);
    return auth;
}

static void note_wrong_token(struct web_router *router, const struct web_request *request,
                             uint64_t now_ms) {
    char address[ENDPOINT_TEXT_LEN];
    atomic_fetch_add_explicit(&router->sources.counters->wrong_tokens, 1, memory_order_relaxed);
    pthread_mutex_lock(&router->lock);
    const bool due =
        router->token_logged_ms == 0 || now_ms - router->token_logged_ms >= TOKEN_LOG_PERIOD_MS;
    if (due)
        router->token_logged_ms = now_ms;
    pthread_mutex_unlock(&router->lock);
    if (!due)
        return;
    endpoint_reduced_text(&request->client, address);
    log_warning("http: wrong admin token from %s; further ones are counted for a minute", address);
}

/* Requests of admins do not count, but one with a token must be within the limit before the token
 * tells anything: that bounds the guesses of an address. */
static bool is_within_limit(struct web_router *router, const struct authorization *auth,
                            const struct web_request *request) {
    const uint64_t now_ms = clock_now_ms();
    if (auth->proof == AUTH_WRONG_TOKEN)
        note_wrong_token(router, request, now_ms);
    if (request->client.family == FAMILY_NONE || auth->proof == AUTH_BY_ADDRESS)
        return true;
    return tracker_allows_request(router->sources.tracker, &request->client,
                                  auth->role != ROLE_ADMIN, now_ms);
}

static void send_asset(const struct web_request *request, const struct asset *asset,
                       struct web_response *response) {
    const bool gzip =
        asset->gzip.len < asset->plain.len && header_match_accept(request->accept_encoding, "gzip");
    const struct bytes body = gzip ? asset->gzip : asset->plain;
    response->cache_control = "no-cache";
    response->etag = gzip ? asset->etag_gzip : asset->etag;
    if (response->vary == NULL)
        response->vary = "Accept-Encoding";
    /* libmicrohttpd sends no body with a 304, but the length that a 200 would have. */
    response->body = body.data;
    response->len = body.len;
    response->status = header_match_etag(request->if_none_match, response->etag) ? 304 : 200;
    if (response->status == 304)
        return;
    response->content_type = assets_content_type(asset->name);
    response->encoding = gzip ? "gzip" : NULL;
}

/* Sends the page with totals and announce URLs for browsers without JavaScript. */
static void send_page(struct web_router *router, const struct authorization *auth,
                      const struct web_request *request, const struct asset *page,
                      struct web_response *response) {
    static const char tag[] = "<noscript>";
    const char *text = (const char *)page->plain.data;
    const char *place = memmem(text, page->plain.len, tag, strlen(tag));
    const size_t size = page->plain.len + API_PLAIN_STATUS_MAX;
    uint8_t *body = place == NULL ? NULL : malloc(size);
    struct writer w = writer_on(body, body == NULL ? 0 : size);
    if (body != NULL) {
        place += strlen(tag);
        writer_put(&w, text, (size_t)(place - text));
        api_write_plain_status(router->sources.api, auth->role, request, &w);
        writer_put_text(&w, place);
    }
    if (body == NULL || w.failed) {
        free(body);
        send_asset(request, page, response);
        return;
    }
    response->status = 200;
    response->content_type = assets_content_type(page->name);
    response->body = body;
    response->len = w.len;
    response->owned = true;
}

static void serve_front(struct web_router *router, const struct authorization *auth,
                        const struct web_request *request, struct web_response *response) {
    const struct asset *page = assets_find(bytes_of("index.html"));
    response->vary = "Accept, Accept-Encoding";
    if (page != NULL && header_match_accept(request->accept, "text/html") &&
        auth->role != ROLE_NONE)
        send_page(router, auth, request, page, response);
    else if (page != NULL && header_match_accept(request->accept, "text/html"))
        send_asset(request, page, response);
    else
        error_response_text(response, 200,
                            "skep BitTorrent tracker. Announce URL: this address with /announce "
                            "appended.\n");
}

static void send_not_found(struct web_response *response) {
    response->kind = HTTP_KIND_OTHER;
    error_response_text(response, 404, "Not found. Announce URL: /announce\n");
}

static void serve_asset(struct web_router *router, const struct authorization *auth,
                        const struct web_request *request, struct web_response *response) {
    (void)router;
    (void)auth;
    const size_t skipped = strlen("/assets/");
    const struct asset *asset =
        assets_find((struct bytes){ request->path.data + skipped, request->path.len - skipped });
    if (asset == NULL)
        send_not_found(response);
    else
        send_asset(request, asset, response);
}

/* Browsers ask for it although the page names its icon. */
static void serve_icon(struct web_router *router, const struct authorization *auth,
                       const struct web_request *request, struct web_response *response) {
    (void)router;
    (void)auth;
    const struct asset *icon = assets_find(bytes_of("icon.svg"));
    if (icon == NULL)
        send_not_found(response);
    else
        send_asset(request, icon, response);
}

static void serve_robots(struct web_router *router, const struct authorization *auth,
                         const struct web_request *request, struct web_response *response) {
    (void)router;
    (void)auth;
    (void)request;
    error_response_text(response, 200, "User-agent: *\nDisallow: /\n");
}

static void serve_health(struct web_router *router, const struct authorization *auth,
                         const struct web_request *request, struct web_response *response) {
    (void)router;
    (void)auth;
    (void)request;
    error_response_text(response, 200, "ok\n");
}

static void serve_readiness(struct web_router *router, const struct authorization *auth,
                            const struct web_request *request, struct web_response *response) {
    (void)auth;
    (void)request;
    struct cluster *cluster = router->sources.cluster;
    if (atomic_load(&router->stopping))
        error_response_text(response, 503, "stopping\n");
    else if (cluster != NULL && !cluster_is_ready(cluster))
        error_response_text(response, 503, "joining the cluster\n");
    else
        error_response_text(response, 200, "ok\n");
}

static void serve_metrics(struct web_router *router, const struct authorization *auth,
                          const struct web_request *request, struct web_response *response) {
    (void)request;
    if (auth->role != ROLE_ADMIN) {
        error_response_not_admin(response, auth);
        return;
    }
    uint8_t *buffer = malloc(METRICS_LEN_MAX);
    struct writer w = writer_on(buffer, buffer == NULL ? 0 : METRICS_LEN_MAX);
    metrics_page_write(router->sources.metrics, &w);
    if (w.failed) {
        free(buffer);
        error_response_text(response, 503, "Out of memory.\n");
        return;
    }
    response->status = 200;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    response->body = buffer;
    response->len = w.len;
    response->owned = true;
}

/* The body of a GET is ignored, so a rejected one does no harm. */
static bool lacks_body(const struct web_request *request) {
    return request->body_too_large && strcmp(request->method, "GET") != 0;
}

static void serve_api(struct web_router *router, const struct authorization *auth,
                      const struct web_request *request, struct web_response *response) {
    if (authorization_is_cross_site(request)) {
        error_response(response, 403, "cross_site", "Cross-site request rejected.");
    } else if (lacks_body(request) && auth->role != ROLE_ADMIN) {
        error_response_not_admin(response, auth);
    } else if (lacks_body(request)) {
        error_response(response, 413, "too_large", "Body too large (http.upload_max).");
    } else if (request->body_over_budget) {
        error_response(response, 503, "busy",
                       "Too many concurrent uploads (http.uploads_max). Try again later.");
        response->retry_after = "5";
    } else {
        api_handle(router->sources.api, auth, request, response);
    }
}

static void serve_unknown_api(struct web_router *router, const struct authorization *auth,
                              const struct web_request *request, struct web_response *response) {
    (void)router;
    (void)auth;
    (void)request;
    error_response(response, 404, "not_found", API_NO_ENDPOINT);
}

/* Every path that is neither an announce nor a scrape. A path that ends in "*" matches all paths
 * with that prefix; the first match counts. Routes of the API check the method themselves. What
 * looks at all swarms or the database is slow, and served by the worker. */
static const struct web_route {
    const char *path;
    enum http_kind kind; /* for the counters */
    web_serve serve;
    bool slow;
} routes[] = {
    { "/", HTTP_KIND_PAGE, serve_front, true },
    { "/assets/*", HTTP_KIND_PAGE, serve_asset, false },
    { "/health", HTTP_KIND_HEALTH, serve_health, false },
    { "/metrics", HTTP_KIND_METRICS, serve_metrics, true },
    { "/api/v1/*", HTTP_KIND_API, serve_api, true },
    { "/api/*", HTTP_KIND_API, serve_unknown_api, false },
    { "/api", HTTP_KIND_API, serve_unknown_api, false },
    { "/readyz", HTTP_KIND_HEALTH, serve_readiness, false },
    { "/favicon.ico", HTTP_KIND_PAGE, serve_icon, false },
    { "/robots.txt", HTTP_KIND_PAGE, serve_robots, false },
};

static const struct web_route *find_route(struct bytes path) {
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        struct bytes pattern = bytes_of(routes[i].path);
        const bool prefix = pattern.data[pattern.len - 1] == '*';
        pattern.len -= prefix;
        if (prefix ? bytes_start_with(path, pattern) : bytes_equal(path, pattern))
            return &routes[i];
    }
    return NULL;
}

/* Only the API reads bodies, and only those of admins. handle_request() authorizes again, since the
 * rules may change while the body arrives. */
static size_t body_max(void *context, const struct web_request *request) {
    const struct web_route *route = find_route(request->path);
    size_t upload_max;
    const struct authorization auth = authorize_request(context, request, &upload_max);
    const bool wanted = route != NULL && route->kind == HTTP_KIND_API && auth.role == ROLE_ADMIN &&
                        strcmp(request->method, "GET") != 0 &&
                        !authorization_is_cross_site(request);
    return wanted ? upload_max : 0;
}

static void handle_request(void *context, const struct web_request *request,
                           struct web_response *response) {
    struct web_router *router = context;
    const struct web_route *route = find_route(request->path);
    size_t upload_max;
    const struct authorization auth = authorize_request(router, request, &upload_max);
    response->headers = &security_headers[request->secure ? 0 : 1];
    if (!is_within_limit(router, &auth, request)) {
        response->kind = route == NULL ? HTTP_KIND_OTHER : route->kind;
        error_response(response, 429, "too_many_requests", "Too many requests from your address.");
        response->retry_after = "1";
        return;
    }
    if (route == NULL) {
        send_not_found(response);
        return;
    }
    if (route->kind != HTTP_KIND_API && strcmp(request->method, "GET") != 0) {
        error_response_method_not_allowed(response, "GET, HEAD");
        return;
    }
    response->kind = route->kind;
    /* If the body is not to be read, the response must be made before it arrives. */
    if (route->slow && !request->body_too_large)
        web_worker_serve(router->worker, route->serve, router, &auth, request, response);
    else
        route->serve(router, &auth, request, response);
}

struct web_handler web_router_handler(struct web_router *router) {
    return (struct web_handler){
        .reserved_prefix = "/api/",
        .body_max = body_max,
        .handle = handle_request,
        .context = router,
    };
}
