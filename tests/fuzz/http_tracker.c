/* The complete handling of an HTTP request. The first byte of the input selects the peer and the
 * version; then follow method and target on one line, and the headers, one per line. */
#include "server/http_tracker.h"

#include <assert.h>
#include <stdlib.h>

#include "fuzz.h"
#include "wire/client_name.h"
#include "wire/tracker_reply.h"

enum { FLAG_V6 = 1, FLAG_TRUSTED = 2, FLAG_HTTP10 = 4, FLAG_CLIENT_HEADER = 8 };
enum { HASHES_MAX = 16, BODY_MAX = 1000, STREAM_MAX = 1 << 20, NOW_MS = 1000000 };

static const struct tracker_options options = {
    .interval_min_s = 120,
    .interval_max_s = 1800,
    .budget_per_s = 1000,
    .numwant = 50,
    .numwant_max = 200,
    .torrents_max = 100,
    .torrent_peers_max = 100,
    .peers_max = 1000,
};

#define TRUSTED                                                                                    \
    {                                                                                              \
        .count = 2, .list = {                                                                      \
            { .family = FAMILY_V4, .bits = 8, .address = { 10 } },                                 \
            { .family = FAMILY_V6, .bits = 8, .address = { 10 } }                                  \
        }                                                                                          \
    }

static const struct proxies proxies = { .trusted = TRUSTED };
static const struct proxies other_proxies = { .trusted = TRUSTED, .client_header = "X-Real-IP" };

static size_t body_max(void *unused, const struct web_request *request) {
    (void)unused;
    (void)request;
    return BODY_MAX;
}

static void answer_web_request(void *unused, const struct web_request *request,
                               struct web_response *response) {
    (void)unused;
    assert(request->method != NULL);
    assert(request->path.len + request->query.len <= HTTP_TARGET_MAX);
    response->status = 404;
}

static struct http_context *context(void) {
    static struct http_context shared = {
        .web = { .reserved_prefix = "/api/", .body_max = body_max, .handle = answer_web_request },
        .scrape_max = HASHES_MAX,
        .full_scrape = true,
        .bodies = { .max = 10 * BODY_MAX },
    };
    static struct full_scrapes full_scrapes;
    if (shared.tracker == NULL) {
        shared.tracker = tracker_create(&options, 0);
        shared.full_scrapes = &full_scrapes;
        full_scrapes_init(&full_scrapes, shared.tracker);
    }
    assert(shared.tracker != NULL);
    return &shared;
}

static bool within(struct bytes part, struct bytes all) {
    return part.len == 0 || (part.data >= all.data && part.data + part.len <= all.data + all.len);
}

static void check_target(struct bytes target) {
    const struct http_target parts = http_parse_target(target);
    assert(within(parts.path, target));
    assert(within(parts.key, target));
    assert(within(parts.query, target));
}

static void check_announce_request(const struct http_announce *announce) {
    assert(announce->request.numwant >= NUMWANT_DEFAULT);
    char name[CLIENT_NAME_LEN];
    client_name(announce->request.peer_id, name);
    assert(strlen(name) < CLIENT_NAME_LEN);
}

static void check_scrape_request(const struct http_request *request) {
    assert(request->hash_count <= HASHES_MAX);
    for (size_t i = 1; i < request->hash_count; i++)
        assert(memcmp(request->hashes[i - 1], request->hashes[i], INFO_HASH_LEN) < 0);
}

static void check_request(const struct http_request *request) {
    if (request->kind == HTTP_ROUTE_ANNOUNCE && request->error == NULL)
        check_announce_request(&request->announce);
    if (request->kind == HTTP_ROUTE_SCRAPE && request->error == NULL)
        check_scrape_request(request);
}

/* As a client reads it: a refusal if and only if the outcome is one. */
static void check_announce_body(const struct http_response *response) {
    struct announce_reply reply;
    const char *error = reply_parse_http_announce(response->body, &reply);
    assert(error == NULL);
    assert(reply.refused == (response->outcome.result != HTTP_RESULT_OK));
    struct reply_peer peer;
    while (reply_next_peer(&reply, &peer))
        assert(peer.endpoint.family != FAMILY_NONE);
}

static void check_scrape_body(struct bytes body, enum http_result result) {
    struct scrape_reply reply;
    const char *error = reply_parse_http_scrape(body, &reply);
    assert(error == NULL);
    assert(reply.refused == (result != HTTP_RESULT_OK));
    struct scrape_counts counts;
    while (reply_next_counts(&reply, &counts))
        assert(counts.seeders >= 0 && counts.leechers >= 0 && counts.downloaded >= 0);
}

static void check_stream(const struct web_stream *stream) {
    static uint8_t data[STREAM_MAX];
    size_t len = 0;
    long more;
    while ((more = stream->read(stream->subject, data + len, 100)) > 0) {
        len += (size_t)more;
        assert(len <= STREAM_MAX - 100);
    }
    assert(more == WEB_STREAM_END);
    stream->close(stream->subject);
    check_scrape_body((struct bytes){ data, len }, HTTP_RESULT_OK);
}

static void check_response(const struct http_response *response) {
    assert(response->status == 200 || response->status >= 400);
    assert(response->place != HTTP_BODY_OWNED);
    if (response->place == HTTP_BODY_STREAMED && response->stream.subject == NULL)
        assert(response->body.len == 0);
    else if (response->place == HTTP_BODY_STREAMED)
        check_stream(&response->stream);
    else if (response->status == 200 && response->outcome.kind == HTTP_KIND_ANNOUNCE)
        check_announce_body(response);
    else if (response->status == 200 && response->outcome.kind == HTTP_KIND_SCRAPE)
        check_scrape_body(response->body, response->outcome.result);
}

/* Ends the part and returns it. */
static char *next_part(char **rest, const char *separators) {
    char *part = *rest;
    char *end = part + strcspn(part, separators);
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return part;
}

static void read_headers(struct http_request *request, char *lines) {
    while (*lines != '\0') {
        char *value = next_part(&lines, "\n");
        const char *name = next_part(&value, ":");
        value += strspn(value, " \t");
        http_tracker_read_header(request, name, strlen(name), value);
    }
}

static void send_request(uint8_t flags, char *text) {
    struct http_request request = {
        .peer = {
            .family = flags & FLAG_V6 ? FAMILY_V6 : FAMILY_V4,
            .wire = { 10, 0, 2, 1, 0x1a, 0xe1 },
        },
    };
    const char *method = next_part(&text, " \n");
    const struct bytes target = bytes_of(next_part(&text, "\n"));
    check_target(target);
    http_tracker_read_target(context(), &request, target);
    check_request(&request);
    const struct proxies *trusted = flags & FLAG_CLIENT_HEADER ? &other_proxies : &proxies;
    http_tracker_begin_headers(&request, flags & FLAG_HTTP10,
                               flags & FLAG_TRUSTED ? trusted : NULL);
    read_headers(&request, text);
    const enum http_body_plan plan = http_tracker_end_headers(context(), method, &request);
    assert(plan == HTTP_BODY_REJECT || request.marks.fault == NULL);
    assert(plan == HTTP_BODY_READ || request.marks.body_len > 0 || request.marks.fault != NULL);

    uint8_t buffer[HTTP_RESPONSE_BUFFER];
    struct http_response response;
    http_tracker_reply(context(), method, &request, NOW_MS, buffer, &response);
    assert(request.marks.fault == NULL || response.status == 400);
    check_response(&response);
    http_tracker_clear(&request);
}

FUZZ_TARGET(http_tracker, 1) {
    if (size < 1)
        return;
    char *copy = calloc(1, size);
    assert(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    send_request(data[0], copy);
    free(copy);
}
