#include "web/web_router.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web/http/assets.h"
#include "web/http/error_response.h"
#include "web/http/header_match.h"

struct site {
    struct site_parts parts;
    pthread_mutex_t lock; /* for what follows */
    struct session_rules rules;
    uint32_t upload_max;
};

static void add_own_name(struct hostnames *names) {
    char name[HOSTNAME_LEN];
    if (gethostname(name, sizeof name) != 0)
        return;
    name[sizeof name - 1] = '\0';
    memcpy(names->list[names->count++], name, sizeof name);
}

static struct session_rules rules_of(const struct site_options *options) {
    struct session_rules rules = {
        .admins = options->admins,
        .names = options->hostnames,
        .token_set = options->admin_token[0] != '\0',
        .public_stats = options->public_stats,
    };
    add_own_name(&rules.names);
    digest_sha256(options->admin_token, strlen(options->admin_token), rules.token_digest);
    return rules;
}

void site_apply(struct site *site, const struct site_options *options) {
    const struct session_rules rules = rules_of(options);
    pthread_mutex_lock(&site->lock);
    site->rules = rules;
    site->upload_max = options->upload_max;
    pthread_mutex_unlock(&site->lock);
}

struct site *site_create(const struct site_options *options, const struct site_parts *parts) {
    struct site *site = calloc(1, sizeof *site);
    if (site == NULL)
        return NULL;
    pthread_mutex_init(&site->lock, NULL);
    site->parts = *parts;
    site_apply(site, options);
    return site;
}

void site_delete(struct site *site) {
    if (site == NULL)
        return;
    pthread_mutex_destroy(&site->lock);
    free(site);
}

static struct session who_asks(struct site *site, const struct http_call *call,
                               size_t *upload_max) {
    pthread_mutex_lock(&site->lock);
    const struct session session = session_of(&site->rules, call);
    *upload_max = site->upload_max;
    pthread_mutex_unlock(&site->lock);
    return session;
}

/* Nothing but the API reads a body. */
static size_t body_max(void *context, const struct http_call *call) {
    size_t upload_max;
    const struct session session = who_asks(context, call, &upload_max);
    const bool wanted = answer_is_api(call) && session.role == ROLE_ADMIN &&
                        strcmp(call->method, "GET") != 0 && !session_is_forged(call);
    return wanted ? upload_max : 0;
}

static void answer_asset(const struct http_call *call, const struct asset *asset,
                         struct http_answer *answer) {
    const bool gzip =
        asset->gzip.len < asset->plain.len && headers_accept(call->accept_encoding, "gzip");
    const struct bytes body = gzip ? asset->gzip : asset->plain;
    answer->cache_control = "no-cache";
    answer->etag = gzip ? asset->etag_gzip : asset->etag;
    if (answer->vary == NULL)
        answer->vary = "Accept-Encoding";
    /* libmicrohttpd tells a 304's length alone, as it should. */
    answer->body = body.data;
    answer->len = body.len;
    answer->status = headers_match_etag(call->if_none_match, answer->etag) ? 304 : 200;
    if (answer->status == 304)
        return;
    answer->content_type = assets_content_type(asset->name);
    answer->encoding = gzip ? "gzip" : NULL;
}

static void answer_front(struct site *site, const struct session *session,
                         const struct http_call *call, struct http_answer *answer) {
    (void)site;
    (void)session;
    const struct asset *page = assets_find(bytes_of("index.html"));
    answer->kind = HTTP_KIND_PAGE;
    answer->vary = "Accept, Accept-Encoding";
    if (page != NULL && headers_accept(call->accept, "text/html"))
        answer_asset(call, page, answer);
    else
        answer_words(answer, 200,
                     "This is skep, a BitTorrent tracker. Put this address with /announce "
                     "behind it into a torrent.\n");
}

static void answer_metrics(struct site *site, const struct session *session,
                           const struct http_call *call, struct http_answer *answer) {
    answer->kind = HTTP_KIND_METRICS;
    if (session->role != ROLE_ADMIN) {
        answer_not_admin(answer, call, session);
        return;
    }
    uint8_t *buffer = malloc(SITE_METRICS_MAX);
    struct writer w = writer_on(buffer, buffer == NULL ? 0 : SITE_METRICS_MAX);
    site->parts.write_metrics(site->parts.metrics_context, &w);
    if (w.failed) {
        free(buffer);
        answer_words(answer, 503, "There is no memory for the figures.\n");
        return;
    }
    answer->status = 200;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer->body = buffer;
    answer->len = w.len;
    answer->owned = true;
}

typedef void (*route_answer)(struct site *site, const struct session *session,
                             const struct http_call *call, struct http_answer *answer);

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

static void answer_look(struct site *site, const struct session *session,
                        const struct http_call *call, struct http_answer *answer) {
    const route_answer route = find_route(call->path);
    const struct asset *asset = route == NULL ? find_asset(call->path) : NULL;
    if (route == NULL && asset == NULL) {
        answer_words(answer, 404,
                     "There is nothing here. The tracker is at /announce and /scrape.\n");
    } else if (strcmp(call->method, "GET") != 0) {
        answer_wrong_method(answer, call, "GET, HEAD");
    } else if (route != NULL) {
        route(site, session, call, answer);
    } else {
        answer->kind = HTTP_KIND_PAGE;
        answer_asset(call, asset, answer);
    }
}

static void answer_crowded(const struct http_call *call, struct http_answer *answer) {
    answer_error(answer, call, 503, "crowded",
                 "More is being sent at the same time than http.uploads_max allows. Try again.");
    answer->retry_after = "5";
}

/* A GET asks for nothing that its body says. */
static bool misses_its_body(const struct http_call *call) {
    return call->body_refused && strcmp(call->method, "GET") != 0;
}

static void answer_api(struct site *site, const struct session *session,
                       const struct http_call *call, struct http_answer *answer) {
    answer->kind = HTTP_KIND_API;
    if (!bytes_start_with(call->path, bytes_of("/api/v1/")))
        answer_error(answer, call, 404, "not_found", "The API is at /api/v1/.");
    else if (session_is_forged(call))
        answer_error(answer, call, 403, "forged", "A page of another site sent this.");
    else if (misses_its_body(call) && session->role != ROLE_ADMIN)
        answer_not_admin(answer, call, session);
    else if (misses_its_body(call))
        answer_error(answer, call, 413, "too_large", "This is larger than http.upload_max allows.");
    else if (call->body_crowded)
        answer_crowded(call, answer);
    else
        api_answer(site->parts.api, session, call, answer);
}

static void answer_call(void *context, const struct http_call *call, struct http_answer *answer) {
    struct site *site = context;
    size_t upload_max;
    const struct session session = who_asks(site, call, &upload_max);
    if (answer_is_api(call))
        answer_api(site, &session, call, answer);
    else
        answer_look(site, &session, call, answer);
}

struct http_site site_for_server(struct site *site) {
    return (struct http_site){ .body_max = body_max, .answer = answer_call, .context = site };
}
