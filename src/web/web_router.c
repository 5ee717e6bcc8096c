#include "web/web_router.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web/http/assets.h"
#include "web/http/error_response.h"
#include "web/http/header_match.h"

struct web_router {
    struct web_router_parts parts;
    pthread_mutex_t lock; /* for what follows */
    struct authorization_rules rules;
    uint32_t upload_max;
};

static void add_own_name(struct hostnames *names) {
    char name[HOSTNAME_LEN];
    if (gethostname(name, sizeof name) != 0)
        return;
    name[sizeof name - 1] = '\0';
    memcpy(names->list[names->count++], name, sizeof name);
}

static struct authorization_rules rules_of(const struct web_options *options) {
    struct authorization_rules rules = {
        .admins = options->admins,
        .names = options->hostnames,
        .token_set = options->admin_token[0] != '\0',
        .public_stats = options->public_stats,
    };
    add_own_name(&rules.names);
    digest_sha256(options->admin_token, strlen(options->admin_token), rules.token_digest);
    return rules;
}

void web_router_apply(struct web_router *router, const struct web_options *options) {
    const struct authorization_rules rules = rules_of(options);
    pthread_mutex_lock(&router->lock);
    router->rules = rules;
    router->upload_max = options->upload_max;
    pthread_mutex_unlock(&router->lock);
}

struct web_router *web_router_create(const struct web_options *options,
                                     const struct web_router_parts *parts) {
    struct web_router *router = calloc(1, sizeof *router);
    if (router == NULL)
        return NULL;
    pthread_mutex_init(&router->lock, NULL);
    router->parts = *parts;
    web_router_apply(router, options);
    return router;
}

void web_router_delete(struct web_router *router) {
    if (router == NULL)
        return;
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

/* Nothing but the API reads a body. */
static size_t body_max(void *context, const struct web_request *request) {
    size_t upload_max;
    const struct authorization auth = authorize_request(context, request, &upload_max);
    const bool wanted = error_response_is_api(request) && auth.role == ROLE_ADMIN &&
                        strcmp(request->method, "GET") != 0 &&
                        !authorization_is_cross_site(request);
    return wanted ? upload_max : 0;
}

static void answer_asset(const struct web_request *request, const struct asset *asset,
                         struct web_response *response) {
    const bool gzip =
        asset->gzip.len < asset->plain.len && header_match_accept(request->accept_encoding, "gzip");
    const struct bytes body = gzip ? asset->gzip : asset->plain;
    response->cache_control = "no-cache";
    response->etag = gzip ? asset->etag_gzip : asset->etag;
    if (response->vary == NULL)
        response->vary = "Accept-Encoding";
    /* libmicrohttpd tells a 304's length alone, as it should. */
    response->body = body.data;
    response->len = body.len;
    response->status = header_match_match_etag(request->if_none_match, response->etag) ? 304 : 200;
    if (response->status == 304)
        return;
    response->content_type = assets_content_type(asset->name);
    response->encoding = gzip ? "gzip" : NULL;
}

static void answer_front(struct web_router *router, const struct authorization *auth,
                         const struct web_request *request, struct web_response *response) {
    (void)router;
    (void)auth;
    const struct asset *page = assets_find(bytes_of("index.html"));
    response->kind = HTTP_KIND_PAGE;
    response->vary = "Accept, Accept-Encoding";
    if (page != NULL && header_match_accept(request->accept, "text/html"))
        answer_asset(request, page, response);
    else
        error_response_text(response, 200,
                            "This is skep, a BitTorrent tracker. Put this address with /announce "
                            "behind it into a torrent.\n");
}

static void answer_metrics(struct web_router *router, const struct authorization *auth,
                           const struct web_request *request, struct web_response *response) {
    response->kind = HTTP_KIND_METRICS;
    if (auth->role != ROLE_ADMIN) {
        error_response_not_admin(response, request, auth);
        return;
    }
    uint8_t *buffer = malloc(WEB_ROUTER_METRICS_MAX);
    struct writer w = writer_on(buffer, buffer == NULL ? 0 : WEB_ROUTER_METRICS_MAX);
    router->parts.write_metrics(router->parts.metrics_context, &w);
    if (w.failed) {
        free(buffer);
        error_response_text(response, 503, "There is no memory for the figures.\n");
        return;
    }
    response->status = 200;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    response->body = buffer;
    response->len = w.len;
    response->owned = true;
}

typedef void (*route_answer)(struct web_router *router, const struct authorization *auth,
                             const struct web_request *request, struct web_response *response);

/* What is there to look at, besides the files of the page. */
static route_answer find_route(struct bytes path) {
    if (bytes_equal(path, bytes_of("/")))
        return answer_front;
    if (bytes_equal(path, bytes_of("/metrics")))
        return answer_metrics;
    return NULL;
}

static const struct asset *find_asset(struct bytes path) {
    static const struct bytes folder = BYTES_LITERAL("/assets/");
    if (!bytes_start_with(path, folder))
        return NULL;
    return assets_find((struct bytes){ path.data + folder.len, path.len - folder.len });
}

static void serve_page(struct web_router *router, const struct authorization *auth,
                       const struct web_request *request, struct web_response *response) {
    const route_answer route = find_route(request->path);
    const struct asset *asset = route == NULL ? find_asset(request->path) : NULL;
    if (route == NULL && asset == NULL) {
        error_response_text(response, 404,
                            "There is nothing here. The tracker is at /announce and /scrape.\n");
    } else if (strcmp(request->method, "GET") != 0) {
        error_response_method_not_allowed(response, request, "GET, HEAD");
    } else if (route != NULL) {
        route(router, auth, request, response);
    } else {
        response->kind = HTTP_KIND_PAGE;
        answer_asset(request, asset, response);
    }
}

static void send_busy(const struct web_request *request, struct web_response *response) {
    error_response(response, request, 503, "crowded",
                   "More is being sent at the same time than http.uploads_max allows. Try again.");
    response->retry_after = "5";
}

/* A GET asks for nothing that its body says. */
static bool body_rejected(const struct web_request *request) {
    return request->body_refused && strcmp(request->method, "GET") != 0;
}

static void answer_api(struct web_router *router, const struct authorization *auth,
                       const struct web_request *request, struct web_response *response) {
    response->kind = HTTP_KIND_API;
    if (!bytes_start_with(request->path, bytes_of("/api/v1/")))
        error_response(response, request, 404, "not_found", "The API is at /api/v1/.");
    else if (authorization_is_cross_site(request))
        error_response(response, request, 403, "forged", "A page of another site sent this.");
    else if (body_rejected(request) && auth->role != ROLE_ADMIN)
        error_response_not_admin(response, request, auth);
    else if (body_rejected(request))
        error_response(response, request, 413, "too_large",
                       "This is larger than http.upload_max allows.");
    else if (request->body_crowded)
        send_busy(request, response);
    else
        api_answer(router->parts.api, auth, request, response);
}

static void answer_call(void *context, const struct web_request *request,
                        struct web_response *response) {
    struct web_router *router = context;
    size_t upload_max;
    const struct authorization auth = authorize_request(router, request, &upload_max);
    if (error_response_is_api(request))
        answer_api(router, &auth, request, response);
    else
        serve_page(router, &auth, request, response);
}

struct web_handler web_router_handler(struct web_router *router) {
    return (struct web_handler){ .body_max = body_max, .answer = answer_call, .context = router };
}
