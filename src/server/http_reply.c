#include "server/http_reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/full_scrape.h"
#include "server/web_request.h"
#include "server/web_response.h"
#include "wire/refusal.h"

/* Queues `response`, which may be NULL, and lets go of it. */
static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status,
                             struct MHD_Response *response) {
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_body(struct MHD_Connection *connection, const struct writer *body) {
    if (body->failed)
        return MHD_NO;
    return queue(connection, MHD_HTTP_OK,
                 MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_COPY));
}

/* Announces do without the header: each would cost more than a browser that looks at one is worth.
 */
static struct MHD_Response *text_response(const char *text) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response != NULL)
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    return response;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, const char *reason,
                              uint32_t interval_s, uint32_t retry_in_min) {
    uint8_t buffer[HTTP_FAILURE_MAX];
    struct writer body = writer_on(buffer, sizeof buffer);
    http_write_failure(&body, reason, interval_s, interval_s / 2, retry_in_min);
    return send_body(connection, &body);
}

static enum MHD_Result refuse_result(struct MHD_Connection *connection, enum announce_result result,
                                     const char *detail, uint32_t interval_s,
                                     struct http_outcome *outcome) {
    char text[REFUSAL_TEXT_LEN];
    outcome->result = HTTP_RESULT_REFUSED;
    refusal_text(result, detail, text);
    return refuse(connection, text, interval_s, refusal_retry_min(result, interval_s));
}

/* What a client sends wrong, it will send wrong again. */
static enum MHD_Result refuse_broken(const struct http_context *context,
                                     struct MHD_Connection *connection, const char *reason,
                                     struct http_outcome *outcome) {
    outcome->result = HTTP_RESULT_MALFORMED;
    return refuse(connection, reason, tracker_interval_s(context->tracker), RETRY_NEVER);
}

/* The client can do nothing about its proxy but wait. */
static enum MHD_Result refuse_proxy(const struct http_context *context,
                                    struct MHD_Connection *connection,
                                    struct http_outcome *outcome) {
    outcome->result = HTTP_RESULT_MALFORMED;
    const uint32_t interval_s = tracker_interval_s(context->tracker);
    return refuse(connection,
                  "the proxy before this tracker does not tell who you are: its Forwarded or "
                  "X-Forwarded-For header makes no sense",
                  interval_s, interval_s / 60 + 1);
}

/* Whether the announce came by a proxy that nobody told us of. An old client may speak HTTP/1.0,
 * but on this machine a proxy is likelier, see server/http_headers.c. */
static bool may_be_proxy(const struct http_request *request, const struct endpoint *peer) {
    const bool own = endpoint_equal(peer, &request->announce.request.peer);
    return own && (request->headers.marked || (request->outdated && endpoint_is_loopback(peer)));
}

static enum MHD_Result reply_announce(struct http_context *context,
                                      struct MHD_Connection *connection,
                                      const struct http_request *request,
                                      struct http_outcome *outcome) {
    if (request->error != NULL)
        return refuse_broken(context, connection, request->error, outcome);
    const struct http_announce *announce = &request->announce;
    struct announce_request asked = announce->request;
    if (!proxies_find_client(&context->proxies, connection, &asked.peer))
        return refuse_proxy(context, connection, outcome);
    asked.borrowed = may_be_proxy(request, &asked.peer);
    uint8_t peers[NUMWANT_LIMIT * ENDPOINT_MAX_LEN];
    uint8_t peer_ids[NUMWANT_LIMIT * PEER_ID_LEN];
    struct announce_response response = {
        .peers = peers,
        .peer_ids = announce->compact || announce->no_peer_id ? NULL : peer_ids,
        .peers_max = NUMWANT_LIMIT,
    };
    const enum announce_result result =
        tracker_announce(context->tracker, &asked, clock_now_ms(), &response);
    if (result != ANNOUNCE_OK)
        return refuse_result(connection, result, response.detail, response.interval_s, outcome);
    uint8_t buffer[HTTP_ANNOUNCE_MAX];
    struct writer body = writer_on(buffer, sizeof buffer);
    http_write_announce(&body, announce, &response);
    return send_body(connection, &body);
}

static enum MHD_Result reply_full_scrape(struct http_context *context,
                                         struct MHD_Connection *connection,
                                         struct http_outcome *outcome) {
    if (!atomic_load(&context->full_scrape))
        return refuse_broken(context, connection, "a scrape must name at least one info_hash",
                             outcome);
    return queue(connection, MHD_HTTP_OK, full_scrape_response(context->tracker));
}

static enum MHD_Result reply_scrape(struct http_context *context, struct MHD_Connection *connection,
                                    const struct http_request *request,
                                    struct http_outcome *outcome) {
    if (request->error != NULL)
        return refuse_broken(context, connection, request->error, outcome);
    struct endpoint client = request->client;
    if (!proxies_find_client(&context->proxies, connection, &client))
        return refuse_proxy(context, connection, outcome);
    char detail[REFUSAL_DETAIL_LEN];
    const enum announce_result admission =
        tracker_check_scrape(context->tracker, &client, &request->passkey, clock_now_ms(), detail);
    if (admission != ANNOUNCE_OK)
        return refuse_result(connection, admission, detail, tracker_interval_s(context->tracker),
                             outcome);
    if (request->hash_count == 0)
        return reply_full_scrape(context, connection, outcome);
    const size_t size = HTTP_SCRAPE_FIXED_MAX + request->hash_count * HTTP_SCRAPE_ENTRY_MAX;
    uint8_t *buffer = malloc(size);
    if (buffer == NULL)
        return MHD_NO;
    struct writer body = writer_on(buffer, size);
    http_write_scrape_open(&body);
    for (size_t i = 0; i < request->hash_count; i++) {
        const struct scrape_entry entry = tracker_scrape(context->tracker, request->hashes[i]);
        http_write_scrape_entry(&body, request->hashes[i], &entry);
    }
    http_write_scrape_close(&body, tracker_interval_s(context->tracker) / 2);
    const enum MHD_Result result = send_body(connection, &body);
    free(buffer);
    return result;
}

static enum MHD_Result reply_wrong_method(struct MHD_Connection *connection, const char *allowed,
                                          struct http_outcome *outcome) {
    outcome->result = HTTP_RESULT_MALFORMED;
    struct MHD_Response *response = text_response("This address does not take that method.\n");
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allowed);
    return queue(connection, MHD_HTTP_METHOD_NOT_ALLOWED, response);
}

static enum MHD_Result reply_web(struct http_context *context, struct MHD_Connection *connection,
                                 const char *method, const struct http_request *request,
                                 struct http_outcome *outcome) {
    struct web_request web_request = web_request_of(&context->proxies, connection, method, request);
    web_request.body = (struct bytes){ request->body.data, request->body.len };
    struct web_response response = { 0 };
    context->web.handle(context->web.context, &web_request, &response);
    *outcome = (struct http_outcome){ response.kind, http_result_of(response.status) };
    return web_response_queue(connection, &response);
}

static enum MHD_Result reply_other(struct http_context *context, struct MHD_Connection *connection,
                                   const char *method, const struct http_request *request,
                                   struct http_outcome *outcome) {
    switch (request->target_state) {
    case HTTP_TARGET_NO_MEMORY:
        return MHD_NO;
    case HTTP_TARGET_TOO_LONG:
        outcome->result = HTTP_RESULT_MALFORMED;
        return queue(connection, MHD_HTTP_URI_TOO_LONG,
                     text_response("There is nothing here that has so long an address.\n"));
    case HTTP_TARGET_GOOD:
        break;
    }
    return reply_web(context, connection, method, request, outcome);
}

/* libmicrohttpd ends the connection by itself only where it sees a body. */
static enum MHD_Result reply_ambiguous(struct MHD_Connection *connection,
                                       struct http_outcome *outcome) {
    outcome->result = HTTP_RESULT_MALFORMED;
    struct MHD_Response *response =
        text_response("The headers do not say clearly where this request ends.\n");
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return queue(connection, MHD_HTTP_BAD_REQUEST, response);
}

static enum MHD_Result reply(struct http_context *context, struct MHD_Connection *connection,
                             const char *method, const struct http_request *request,
                             struct http_outcome *outcome) {
    if (request->headers.ambiguous)
        return reply_ambiguous(connection, outcome);
    if (request->kind == HTTP_ROUTE_OTHER)
        return reply_other(context, connection, method, request, outcome);
    /* An announce has effects, so that not even HEAD may stand for it. */
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return reply_wrong_method(connection, "GET", outcome);
    if (request->kind == HTTP_ROUTE_ANNOUNCE) {
        outcome->kind = HTTP_KIND_ANNOUNCE;
        return reply_announce(context, connection, request, outcome);
    }
    outcome->kind = HTTP_KIND_SCRAPE;
    return reply_scrape(context, connection, request, outcome);
}

enum MHD_Result http_reply(struct http_context *context, struct MHD_Connection *connection,
                           const char *method, const struct http_request *request) {
    struct http_outcome outcome = { HTTP_KIND_OTHER, HTTP_RESULT_OK };
    const enum MHD_Result result = reply(context, connection, method, request, &outcome);
    if (result != MHD_YES)
        outcome.result = HTTP_RESULT_FAILED;
    http_counters_add(context->counters, outcome, clock_now_ns() - request->began_ns);
    return result;
}

static size_t grant(struct http_context *context, struct MHD_Connection *connection,
                    const char *method, const struct http_request *request) {
    if (request->target_state != HTTP_TARGET_GOOD)
        return 0;
    const struct web_request web_request =
        web_request_of(&context->proxies, connection, method, request);
    return context->web.body_max(context->web.context, &web_request);
}

bool http_reply_wants_body(struct http_context *context, struct MHD_Connection *connection,
                           const char *method, struct http_request *request) {
    if (request->headers.ambiguous)
        return false;
    const uint64_t announced =
        request->kind == HTTP_ROUTE_OTHER ? web_request_body_len(connection) : 0;
    if (announced == 0)
        return true;
    const size_t granted = grant(context, connection, method, request);
    const bool waits = web_request_waits(connection);
    return http_body_begin(&request->body, announced, granted, waits, &context->bodies) ==
           HTTP_BODY_READ;
}
