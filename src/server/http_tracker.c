#include "server/http_tracker.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wire/passkey.h"
#include "wire/refusal.h"

/* The target */

void http_tracker_clear(struct http_request *request) {
    free(request->hashes);
    request->hashes = NULL;
    request->hash_count = 0;
    if (request->kind == HTTP_ROUTE_OTHER) {
        free(request->target);
        request->target = NULL;
        request->web = (struct web_request){ 0 };
    }
    if (request->kind == HTTP_ROUTE_OTHER || request->body.received > 0)
        http_body_clear(&request->body);
    request->error = NULL;
}

static void read_scrape(struct http_request *request, struct bytes query, size_t scrape_max) {
    request->hashes = malloc(scrape_max * sizeof *request->hashes);
    if (request->hashes == NULL)
        request->error = "tracker out of memory";
    else
        request->error =
            http_parse_scrape(query, request->hashes, scrape_max, &request->hash_count);
}

/* A copy, because libmicrohttpd decodes and cuts the URL in place. */
static void copy_target(struct http_request *request, struct bytes path, struct bytes query) {
    if (path.len + query.len > HTTP_TARGET_MAX) {
        request->target_state = HTTP_TARGET_TOO_LONG;
        return;
    }
    request->target = malloc(path.len + query.len + 1);
    if (request->target == NULL) {
        request->target_state = HTTP_TARGET_NO_MEMORY;
        return;
    }
    struct writer w = writer_on((uint8_t *)request->target, path.len + query.len);
    writer_put(&w, path.data, path.len);
    writer_put(&w, query.data, query.len);
    request->web.path = (struct bytes){ w.data, path.len };
    request->web.query = (struct bytes){ w.data + path.len, query.len };
    request->target_state = HTTP_TARGET_OK;
}

void http_tracker_read_target(const struct http_context *context, struct http_request *request,
                              struct bytes target) {
    http_tracker_clear(request);
    const struct http_target parts = http_parse_target(target);
    const bool reserved = bytes_start_with(parts.path, bytes_of(context->web.reserved_prefix));
    request->kind = reserved ? HTTP_ROUTE_OTHER : parts.kind;
    switch (request->kind) {
    case HTTP_ROUTE_ANNOUNCE:
        request->error = http_parse_announce(parts.query, &request->announce);
        request->announce.request.passkey =
            passkey_choose(&parts, &request->announce.request.passkey);
        break;
    case HTTP_ROUTE_SCRAPE:
        read_scrape(request, parts.query, atomic_load(&context->scrape_max));
        request->passkey = passkey_of_target(&parts);
        break;
    case HTTP_ROUTE_OTHER:
        copy_target(request, parts.path, parts.query);
        break;
    }
}

/* The headers */

static const char AMBIGUOUS_LENGTH[] = "Ambiguous Content-Length or Transfer-Encoding.\n";

void http_tracker_begin_headers(struct http_request *request, bool http10,
                                const struct proxies *proxies) {
    request->marks = (struct http_marks){ .client = { .http10 = http10 } };
    if (proxies == NULL)
        return;
    request->marks.client.client_header = proxies->client_header;
    if (networks_contain(&proxies->trusted, &request->peer))
        request->marks.client.trusted = &proxies->trusted;
}

static void read_content_length(struct http_marks *marks, const char *value) {
    marks->lengths++;
    if (marks->codings == 0 && !bytes_to_u64(bytes_of(value), &marks->body_len))
        marks->body_len = HTTP_BODY_LEN_UNKNOWN;
}

static void read_transfer_encoding(struct http_marks *marks, const char *value) {
    marks->codings++;
    marks->body_len = HTTP_BODY_LEN_UNKNOWN;
    if (strcasecmp(value, "chunked") != 0)
        marks->fault = AMBIGUOUS_LENGTH;
}

static void read_expect(struct http_marks *marks, const char *value) {
    (void)value;
    marks->expects_continue = true;
}

#define NAME(text) .name = text, .len = sizeof(text) - 1

/* Headers of the message itself; they begin with C, E or T. */
static const struct {
    const char *name;
    size_t len;
    void (*read)(struct http_marks *marks, const char *value);
} MESSAGE_HEADERS[] = {
    { NAME("Content-Length"), .read = read_content_length },
    { NAME("Transfer-Encoding"), .read = read_transfer_encoding },
    { NAME("Expect"), .read = read_expect },
};

/* Headers that are passed to the web handler, and their fields in struct web_request. */
static const struct {
    const char *name;
    size_t len;
    size_t offset;
} WEB_HEADERS[] = {
    { NAME("Host"), .offset = offsetof(struct web_request, host) },
    { NAME("Origin"), .offset = offsetof(struct web_request, origin) },
    { NAME("Sec-Fetch-Site"), .offset = offsetof(struct web_request, sec_fetch_site) },
    { NAME("X-Forwarded-Prefix"), .offset = offsetof(struct web_request, forwarded_prefix) },
    { NAME("X-Forwarded-Proto"), .offset = offsetof(struct web_request, forwarded_proto) },
    { NAME("Authorization"), .offset = offsetof(struct web_request, authorization) },
    { NAME("Content-Type"), .offset = offsetof(struct web_request, content_type) },
    { NAME("Accept"), .offset = offsetof(struct web_request, accept) },
    { NAME("Accept-Encoding"), .offset = offsetof(struct web_request, accept_encoding) },
    { NAME("If-None-Match"), .offset = offsetof(struct web_request, if_none_match) },
    { NAME("Last-Event-ID"), .offset = offsetof(struct web_request, last_event_id) },
};

#undef NAME

static void read_web_header(struct web_request *web, const char *name, size_t name_len,
                            const char *value) {
    for (size_t i = 0; i < sizeof WEB_HEADERS / sizeof *WEB_HEADERS; i++) {
        if (name_len != WEB_HEADERS[i].len || strcasecmp(name, WEB_HEADERS[i].name) != 0)
            continue;
        const char **field = (const char **)((char *)web + WEB_HEADERS[i].offset);
        if (*field == NULL)
            *field = value;
    }
}

static void read_message_header(struct http_marks *marks, const char *name, size_t name_len,
                                const char *value) {
    const int first = name[0] | 0x20;
    if (first != 'c' && first != 'e' && first != 't')
        return;
    for (size_t i = 0; i < sizeof MESSAGE_HEADERS / sizeof *MESSAGE_HEADERS; i++) {
        if (name_len == MESSAGE_HEADERS[i].len && strcasecmp(name, MESSAGE_HEADERS[i].name) == 0)
            MESSAGE_HEADERS[i].read(marks, value);
    }
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

void http_tracker_read_header(struct http_request *request, const char *name, size_t name_len,
                              const char *value) {
    struct http_marks *marks = &request->marks;
    if (value == NULL)
        value = "";
    /* libmicrohttpd accepts whitespace around a name, as part of it; RFC 9112, 2.2 and 5.1 require
     * servers to reject it. */
    if (name_len > 0 && (is_blank(name[0]) || is_blank(name[name_len - 1])))
        marks->fault = "Whitespace around a header name.\n";
    read_message_header(marks, name, name_len, value);
    client_headers_read(&marks->client, name, name_len, value);
    if (request->kind == HTTP_ROUTE_OTHER)
        read_web_header(&request->web, name, name_len, value);
}

/* Method and headers for the web handler. */
static struct web_request web_request_of(const struct http_request *request, const char *method) {
    struct web_request web = request->web;
    web.method = strcmp(method, "HEAD") == 0 ? "GET" : method;
    web.client = request->client.endpoint;
    web.proxied = request->client.proxied;
    web.forwarded_secure = request->client.secure;
    web.client_uncertain = request->client.uncertain;
    web.secure = request->secure;
    web.body = (struct bytes){ request->body.data, request->body.len };
    web.body_too_large = request->body.too_large;
    web.body_over_budget = request->body.over_budget;
    return web;
}

/* Bytes of body that the request may have. */
static size_t allowed_body(const struct http_context *context, const char *method,
                           const struct http_request *request) {
    if (request->target_state != HTTP_TARGET_OK)
        return 0;
    const struct web_request web = web_request_of(request, method);
    return context->web.body_max(context->web.context, &web);
}

static void find_client(struct http_request *request) {
    request->client = client_address_find(&request->peer, &request->marks.client);
    request->marks.client.trusted = NULL;
    request->marks.client.client_header = NULL;
    if (request->kind != HTTP_ROUTE_ANNOUNCE)
        return;
    struct announce_request *announce = &request->announce.request;
    announce->peer = request->client.endpoint;
    endpoint_set_port(&announce->peer, request->announce.port);
    /* Behind a proxy, our end of the connection is not what the client reached. */
    announce->reached = request->local;
    if (request->client.proxied)
        announce->reached = (struct endpoint){ .family = FAMILY_NONE };
    announce->may_be_proxy = request->client.may_be_proxy;
}

enum http_body_plan http_tracker_end_headers(struct http_context *context, const char *method,
                                             struct http_request *request) {
    struct http_marks *marks = &request->marks;
    find_client(request);
    /* RFC 9112, 6.3. HTTP/1.0 has no chunked bodies. */
    if (marks->lengths + marks->codings > 1 || (marks->client.http10 && marks->codings > 0))
        marks->fault = AMBIGUOUS_LENGTH;
    if (marks->fault != NULL)
        return HTTP_BODY_REJECT;
    if (request->kind != HTTP_ROUTE_OTHER || marks->body_len == 0)
        return HTTP_BODY_READ;
    return http_body_begin(&request->body, marks->body_len, allowed_body(context, method, request),
                           marks->expects_continue, &context->bodies);
}

/* The response */

static void set_status(struct http_response *response, unsigned status, enum http_result result) {
    response->status = status;
    response->outcome.result = result;
}

/* Announce and scrape. Without X-Content-Type-Options: a header costs too much on this path, and no
 * browser shows these responses. */
static void set_tracker_body(struct http_response *response, const struct writer *body,
                             enum http_body_place place) {
    set_status(response, body->failed ? 0 : 200,
               body->failed ? HTTP_RESULT_FAILED : response->outcome.result);
    response->headers[0] = (struct http_header){ "Content-Type", "text/plain" };
    response->headers[1].name = NULL;
    response->place = place;
    response->body = (struct bytes){ body->data, body->len };
}

/* `name` may be NULL: no further header. */
static void set_error(struct http_response *response, unsigned status, const char *text,
                      const char *name, const char *value) {
    set_status(response, status, http_result_of(status));
    response->headers[0] = (struct http_header){ "X-Content-Type-Options", "nosniff" };
    response->headers[1] = (struct http_header){ "Content-Type", "text/plain" };
    response->headers[2] = (struct http_header){ name, value };
    response->headers[3].name = NULL;
    response->place = HTTP_BODY_CONSTANT;
    response->body = bytes_of(text);
}

static void set_failure(struct http_response *response, uint8_t *buffer, const char *reason,
                        uint32_t interval_s, uint32_t retry_min) {
    struct writer body = writer_on(buffer, HTTP_FAILURE_MAX);
    http_write_failure(&body, reason, interval_s, interval_s / 2, retry_min);
    set_tracker_body(response, &body, HTTP_BODY_BUFFERED);
}

static void set_refusal(struct http_response *response, uint8_t *buffer,
                        enum announce_result result, const char *detail, uint32_t interval_s) {
    char text[REFUSAL_TEXT_LEN];
    response->outcome.result = HTTP_RESULT_REFUSED;
    refusal_text(result, detail, text);
    set_failure(response, buffer, text, interval_s, refusal_retry_min(result, interval_s));
}

/* The client would repeat the same error, so it should not retry. */
static void set_malformed(struct http_response *response, uint8_t *buffer, const char *reason,
                          uint32_t interval_s) {
    response->outcome.result = HTTP_RESULT_MALFORMED;
    set_failure(response, buffer, reason, interval_s, RETRY_NEVER);
}

/* The client cannot correct its proxy, so it should retry later. */
static void set_invalid_proxy(struct http_response *response, uint8_t *buffer,
                              uint32_t interval_s) {
    response->outcome.result = HTTP_RESULT_MALFORMED;
    set_failure(response, buffer,
                "invalid client address in the headers of the proxy, such as Forwarded", interval_s,
                interval_s / 60 + 1);
}

static void reply_announce(const struct http_context *context, const struct http_request *request,
                           uint64_t now_ms, uint8_t *buffer, struct http_response *response) {
    const struct http_announce *announce = &request->announce;
    uint8_t peers[NUMWANT_LIMIT * ENDPOINT_MAX_LEN];
    uint8_t peer_ids[NUMWANT_LIMIT * PEER_ID_LEN];
    struct announce_response found = {
        .peers = peers,
        .peer_ids = announce->compact || announce->no_peer_id ? NULL : peer_ids,
        .peers_max = NUMWANT_LIMIT,
    };
    const enum announce_result result =
        tracker_announce(context->tracker, &announce->request, now_ms, &found);
    if (result != ANNOUNCE_OK) {
        set_refusal(response, buffer, result, found.detail, found.interval_s);
        return;
    }
    struct writer body = writer_on(buffer, HTTP_RESPONSE_BUFFER);
    http_write_announce(&body, announce, &found);
    set_tracker_body(response, &body, HTTP_BODY_BUFFERED);
}

static void reply_counts(const struct http_context *context, const struct http_request *request,
                         uint8_t *buffer, struct http_response *response) {
    const size_t size = HTTP_SCRAPE_FIXED_MAX + request->hash_count * HTTP_SCRAPE_ENTRY_MAX;
    const bool fits = size <= HTTP_RESPONSE_BUFFER;
    uint8_t *data = fits ? buffer : malloc(size);
    if (data == NULL) {
        set_status(response, 0, HTTP_RESULT_FAILED);
        return;
    }
    struct writer body = writer_on(data, size);
    http_write_scrape_open(&body);
    for (size_t i = 0; i < request->hash_count; i++) {
        const struct scrape_entry entry = tracker_scrape(context->tracker, request->hashes[i]);
        http_write_scrape_entry(&body, request->hashes[i], &entry);
    }
    http_write_scrape_close(&body, tracker_interval_s(context->tracker) / 2);
    set_tracker_body(response, &body, fits ? HTTP_BODY_BUFFERED : HTTP_BODY_OWNED);
}

static long read_full_scrape(void *scrape, uint8_t *buffer, size_t max) {
    const size_t len = full_scrape_read(scrape, buffer, max);
    return len > 0 ? (long)len : WEB_STREAM_END;
}

static void close_full_scrape(void *scrape) {
    full_scrape_delete(scrape);
}

static void reply_full_scrape(const struct http_context *context, uint64_t now_ms,
                              struct http_response *response) {
    const struct writer none = { 0 };
    struct full_scrape *scrape;
    switch (full_scrape_begin(context->full_scrapes, now_ms, &scrape)) {
    case FULL_SCRAPE_OK:
        response->stream = (struct web_stream){
            .read = read_full_scrape,
            .close = close_full_scrape,
            .subject = scrape,
        };
        set_tracker_body(response, &none, HTTP_BODY_STREAMED);
        break;
    case FULL_SCRAPE_BUSY:
        set_error(response, 503, "Too many full scrapes at the same time.\n", "Retry-After", "10");
        break;
    case FULL_SCRAPE_NO_MEMORY:
        set_status(response, 0, HTTP_RESULT_FAILED);
        break;
    }
}

static void reply_scrape(const struct http_context *context, const struct http_request *request,
                         uint64_t now_ms, uint8_t *buffer, struct http_response *response) {
    char detail[REFUSAL_DETAIL_LEN];
    const enum announce_result result = tracker_check_scrape(
        context->tracker, &request->client.endpoint, &request->passkey, now_ms, detail);
    const uint32_t interval_s = tracker_interval_s(context->tracker);
    if (result != ANNOUNCE_OK)
        set_refusal(response, buffer, result, detail, interval_s);
    else if (request->hash_count > 0)
        reply_counts(context, request, buffer, response);
    else if (atomic_load(&context->full_scrape))
        reply_full_scrape(context, now_ms, response);
    else
        set_malformed(response, buffer, "info_hash is missing", interval_s);
}

static void reply_malformed(const struct http_context *context, const struct http_request *request,
                            uint8_t *buffer, struct http_response *response) {
    if (request->kind == HTTP_ROUTE_ANNOUNCE && context->malformed != NULL)
        refused_families_count(context->malformed, request->announce.request.peer_id);
    set_malformed(response, buffer, request->error, tracker_interval_s(context->tracker));
}

/* HEAD is answered like GET but does nothing, since an announce changes the swarm. */
static void reply_tracker(const struct http_context *context, const char *method,
                          const struct http_request *request, uint64_t now_ms, uint8_t *buffer,
                          struct http_response *response) {
    const struct writer none = { 0 };
    if (strcmp(method, "HEAD") == 0) {
        set_tracker_body(response, &none, HTTP_BODY_STREAMED); /* of unknown length */
        return;
    }
    if (strcmp(method, "GET") != 0) {
        set_error(response, 405, "Method not allowed.\n", "Allow", "GET, HEAD");
        return;
    }
    const bool announce = request->kind == HTTP_ROUTE_ANNOUNCE;
    response->outcome.kind = announce ? HTTP_KIND_ANNOUNCE : HTTP_KIND_SCRAPE;
    if (request->error != NULL)
        reply_malformed(context, request, buffer, response);
    else if (request->client.endpoint.family == FAMILY_NONE)
        set_invalid_proxy(response, buffer, tracker_interval_s(context->tracker));
    else if (announce)
        reply_announce(context, request, now_ms, buffer, response);
    else
        reply_scrape(context, request, now_ms, buffer, response);
}

static void close_stream(struct web_stream *stream) {
    if (stream->subject != NULL)
        stream->close(stream->subject);
    stream->subject = NULL;
}

void http_tracker_finish(const char *method, struct http_response *response) {
    struct web_response *web = &response->web;
    if (strcmp(method, "HEAD") == 0)
        close_stream(&web->stream);
    const struct http_header headers[HTTP_RESPONSE_HEADERS_MAX + 1] = {
        { "Content-Type", web->content_type },
        { "Cache-Control", web->cache_control == NULL ? "no-store" : web->cache_control },
        { "ETag", web->etag },
        { "Content-Encoding", web->encoding },
        { "Vary", web->vary },
        { "Content-Disposition", web->disposition },
        { "Allow", web->allow },
        { "WWW-Authenticate", web->authenticate },
        { "Retry-After", web->retry_after },
        { "Location", web->location[0] == '\0' ? NULL : web->location },
        { "X-Accel-Buffering", web->stream.read == NULL ? NULL : "no" }, /* for nginx */
    };
    response->waits = false;
    response->stream = web->stream;
    response->status = web->status;
    response->outcome = (struct http_outcome){ web->kind, http_result_of(web->status) };
    memcpy(response->headers, headers, sizeof headers);
    response->more_headers = web->headers;
    response->place = web->stream.read != NULL ? HTTP_BODY_STREAMED
                      : web->owned             ? HTTP_BODY_OWNED
                                               : HTTP_BODY_CONSTANT;
    response->body = (struct bytes){ web->body, web->len };
}

static void reply_web(const struct http_context *context, const char *method,
                      const struct http_request *request, struct http_response *response) {
    switch (request->target_state) {
    case HTTP_TARGET_NO_MEMORY:
        set_status(response, 0, HTTP_RESULT_FAILED);
        return;
    case HTTP_TARGET_TOO_LONG:
        set_error(response, 414, "URI too long.\n", NULL, NULL);
        return;
    case HTTP_TARGET_OK:
        break;
    }
    const struct web_request web = web_request_of(request, method);
    response->web = (struct web_response){ 0 };
    context->web.handle(context->web.context, &web, &response->web);
    response->waits = response->web.pending.subject != NULL;
    if (!response->waits)
        http_tracker_finish(method, response);
}

void http_tracker_reply(const struct http_context *context, const char *method,
                        const struct http_request *request, uint64_t now_ms,
                        uint8_t buffer[static HTTP_RESPONSE_BUFFER],
                        struct http_response *response) {
    response->outcome = (struct http_outcome){ HTTP_KIND_OTHER, HTTP_RESULT_OK };
    response->waits = false;
    response->more_headers = NULL;
    response->stream = (struct web_stream){ 0 };
    /* libmicrohttpd closes the connection by itself only if it sees a body. */
    if (request->marks.fault != NULL)
        set_error(response, 400, request->marks.fault, "Connection", "close");
    else if (request->kind == HTTP_ROUTE_OTHER)
        reply_web(context, method, request, response);
    else
        reply_tracker(context, method, request, now_ms, buffer, response);
}
