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

void web_router_apply(struct web_router *site, const struct web_options *options) {
    const struct authorization_rules rules = rules_of(options);
    pthread_mutex_lock(&site->lock);
    site->rules = rules;
    site->upload_max = options->upload_max;
    pthread_mutex_unlock(&site->lock);
}

struct web_router *web_router_create(const struct web_options *options,
                                     const struct web_router_parts *parts) {
    struct web_router *site = calloc(1, sizeof *site);
    if (site == NULL)
        return NULL;
    pthread_mutex_init(&site->lock, NULL);
    site->parts = *parts;
    web_router_apply(site, options);
    return site;
}

void web_router_delete(struct web_router *site) {
    if (site == NULL)
        return;
    pthread_mutex_destroy(&site->lock);
    free(site);
}

static struct authorization authorize_request(struct web_router *site,
                                              const struct web_request *call, size_t *upload_max) {
    pthread_mutex_lock(&site->lock);
    const struct authorization session = authorize(&site->rules, call);
    *upload_max = site->upload_max;
    pthread_mutex_unlock(&site->lock);
    return session;
}

/* Nothing but the API reads a body. */
static size_t body_max(void *context, const struct web_request *call) {
    size_t upload_max;
    const struct authorization session = authorize_request(context, call, &upload_max);
    const bool wanted = error_response_is_api(call) && session.role == ROLE_ADMIN &&
                        strcmp(call->method, "GET") != 0 && !authorization_is_cross_site(call);
    return wanted ? upload_max : 0;
}

static void answer_asset(const struct web_request *call, const struct asset *asset,
                         struct web_response *answer) {
    const bool gzip =
        asset->gzip.len < asset->plain.len && header_match_accept(call->accept_encoding, "gzip");
    const struct bytes body = gzip ? asset->gzip : asset->plain;
    answer->cache_control = "no-cache";
    answer->etag = gzip ? asset->etag_gzip : asset->etag;
    if (answer->vary == NULL)
        answer->vary = "Accept-Encoding";
    /* libmicrohttpd tells a 304's length alone, as it should. */
    answer->body = body.data;
    answer->len = body.len;
    answer->status = header_match_match_etag(call->if_none_match, answer->etag) ? 304 : 200;
    if (answer->status == 304)
        return;
    answer->content_type = assets_content_type(asset->name);
    answer->encoding = gzip ? "gzip" : NULL;
}

static void answer_front(struct web_router *site, const struct authorization *session,
                         const struct web_request *call, struct web_response *answer) {
    (void)site;
    (void)session;
    const struct asset *page = assets_find(bytes_of("index.html"));
    answer->kind = HTTP_KIND_PAGE;
    answer->vary = "Accept, Accept-Encoding";
    if (page != NULL && header_match_accept(call->accept, "text/html"))
        answer_asset(call, page, answer);
    else
        error_response_text(answer, 200,
                            "This is skep, a BitTorrent tracker. Put this address with /announce "
                            "behind it into a torrent.\n");
}

static void answer_metrics(struct web_router *site, const struct authorization *session,
                           const struct web_request *call, struct web_response *answer) {
    answer->kind = HTTP_KIND_METRICS;
    if (session->role != ROLE_ADMIN) {
        error_response_not_admin(answer, call, session);
        return;
    }
    uint8_t *buffer = malloc(WEB_ROUTER_METRICS_MAX);
    struct writer w = writer_on(buffer, buffer == NULL ? 0 : WEB_ROUTER_METRICS_MAX);
    site->parts.write_metrics(site->parts.metrics_context, &w);
    if (w.failed) {
        free(buffer);
        error_response_text(answer, 503, "There is no memory for the figures.\n");
        return;
    }
    answer->status = 200;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer->body = buffer;
    answer->len = w.len;
    answer->owned = true;
}

typedef void (*route_answer)(struct web_router *site, const struct authorization *session,
                             const struct web_request *call, struct web_response *answer);

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

static void serve_page(struct web_router *site, const struct authorization *session,
                       const struct web_request *call, struct web_response *answer) {
    const route_answer route = find_route(call->path);
    const struct asset *asset = route == NULL ? find_asset(call->path) : NULL;
    if (route == NULL && asset == NULL) {
        error_response_text(answer, 404,
                            "There is nothing here. The tracker is at /announce and /scrape.\n");
    } else if (strcmp(call->method, "GET") != 0) {
        error_response_method_not_allowed(answer, call, "GET, HEAD");
    } else if (route != NULL) {
        route(site, session, call, answer);
    } else {
        answer->kind = HTTP_KIND_PAGE;
        answer_asset(call, asset, answer);
    }
}

static void send_busy(const struct web_request *call, struct web_response *answer) {
    error_response(answer, call, 503, "crowded",
                   "More is being sent at the same time than http.uploads_max allows. Try again.");
    answer->retry_after = "5";
}

/* A GET asks for nothing that its body says. */
static bool body_rejected(const struct web_request *call) {
    return call->body_refused && strcmp(call->method, "GET") != 0;
}

static void answer_api(struct web_router *site, const struct authorization *session,
                       const struct web_request *call, struct web_response *answer) {
    answer->kind = HTTP_KIND_API;
    if (!bytes_start_with(call->path, bytes_of("/api/v1/")))
        error_response(answer, call, 404, "not_found", "The API is at /api/v1/.");
    else if (authorization_is_cross_site(call))
        error_response(answer, call, 403, "forged", "A page of another site sent this.");
    else if (body_rejected(call) && session->role != ROLE_ADMIN)
        error_response_not_admin(answer, call, session);
    else if (body_rejected(call))
        error_response(answer, call, 413, "too_large",
                       "This is larger than http.upload_max allows.");
    else if (call->body_crowded)
        send_busy(call, answer);
    else
        api_answer(site->parts.api, session, call, answer);
}

static void answer_call(void *context, const struct web_request *call,
                        struct web_response *answer) {
    struct web_router *site = context;
    size_t upload_max;
    const struct authorization session = authorize_request(site, call, &upload_max);
    if (error_response_is_api(call))
        answer_api(site, &session, call, answer);
    else
        serve_page(site, &session, call, answer);
}

struct web_handler web_router_handler(struct web_router *site) {
    return (struct web_handler){ .body_max = body_max, .answer = answer_call, .context = site };
}
