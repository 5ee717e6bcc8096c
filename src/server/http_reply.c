#include "server/http_reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/full_scrape.h"
#include "server/web_request.h"
#include "server/web_response.h"
#include "wire/refusal.h"

void http_reply_init(struct http_context *context, struct tracker *tracker,
                     const struct web_handler *web, struct http_counters *counters) {
    context->tracker = tracker;
    context->web = *web;
    context->counters = counters;
    pthread_mutex_init(&context->lock, NULL);
}

void http_reply_trust(struct http_context *context, const struct networks *trusted) {
    pthread_mutex_lock(&context->lock);
    context->trusted = *trusted;
    pthread_mutex_unlock(&context->lock);
    atomic_store(&context->has_trusted, trusted->count > 0);
}

/* The trusted proxies, copied into `copy`, if `peer` is one of them; else NULL. */
static const struct networks *find_trusted(struct http_context *context,
                                           const struct endpoint *peer, struct networks *copy) {
    if (!atomic_load(&context->has_trusted))
        return NULL;
    pthread_mutex_lock(&context->lock);
    *copy = context->trusted;
    pthread_mutex_unlock(&context->lock);
    return networks_contain(copy, peer) ? copy : NULL;
}

/* Bytes of body that the request may have. */
static size_t allowed_body(struct http_context *context, struct MHD_Connection *connection,
                           const char *method, const struct http_request *request) {
    if (request->target_state != HTTP_TARGET_OK)
        return 0;
    const struct web_request web_request = web_request_of(connection, method, request);
    return context->web.body_max(context->web.context, &web_request);
}

bool http_reply_begin(struct http_context *context, struct MHD_Connection *connection,
                      const char *method, bool http10, struct http_request *request) {
    struct networks copy;
    http_request_read_headers(request, connection, http10,
                              find_trusted(context, &request->peer, &copy));
    if (request->ambiguous_length)
        return false;
    const uint64_t announced =
        request->kind == HTTP_ROUTE_OTHER ? web_request_body_len(connection) : 0;
    if (announced == 0)
        return true;
    const size_t allowed = allowed_body(context, connection, method, request);
    const bool waits = web_request_expects_continue(connection);
    return http_body_begin(&request->body, announced, allowed, waits, &context->bodies) ==
           HTTP_BODY_READ;
}

/* Queues `response`, which may be NULL, and releases it. */
static enum MHD_Result queue_response(struct MHD_Connection *connection, unsigned status,
                                      struct MHD_Response *response) {
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* Announce and scrape. Without X-Content-Type-Options: a header costs too much on this path, and no
 * browser shows these responses. */
static enum MHD_Result send_body(struct MHD_Connection *connection, const struct writer *body) {
    if (body->failed)
        return MHD_NO;
    return queue_response(
        connection, MHD_HTTP_OK,
        MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_COPY));
}

/* `header` may be NULL. */
static enum MHD_Result send_error(struct MHD_Connection *connection, unsigned status,
                                  const char *text, const char *header, const char *value) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response != NULL) {
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        if (header != NULL)
            MHD_add_response_header(response, header, value);
    }
    return queue_response(connection, status, response);
}

static enum MHD_Result send_failure(struct MHD_Connection *connection, const char *reason,
                                    uint32_t interval_s, uint32_t retry_min) {
    uint8_t buffer[HTTP_FAILURE_MAX];
    struct writer body = writer_on(buffer, sizeof buffer);
    http_write_failure(&body, reason, interval_s, interval_s / 2, retry_min);
    return send_body(connection, &body);
}

static enum MHD_Result send_refusal(struct MHD_Connection *connection, enum announce_result result,
                                    const char *detail, uint32_t interval_s,
                                    struct http_outcome *outcome) {
    char text[REFUSAL_TEXT_LEN];
    outcome->result = HTTP_RESULT_REFUSED;
    refusal_text(result, detail, text);
    return send_failure(connection, text, interval_s, refusal_retry_min(result, interval_s));
}

/* The client would repeat the same error, so it should not retry. */
static enum MHD_Result send_malformed(const struct http_context *context,
                                      struct MHD_Connection *connection, const char *reason,
                                      struct http_outcome *outcome) {
    outcome->result = HTTP_RESULT_MALFORMED;
    return send_failure(connection, reason, tracker_interval_s(context->tracker), RETRY_NEVER);
}

/* The client cannot correct its proxy, so it should retry later. */
static enum MHD_Result send_invalid_proxy(const struct http_context *context,
                                          struct MHD_Connection *connection,
                                          struct http_outcome *outcome) {
    outcome->result = HTTP_RESULT_MALFORMED;
    const uint32_t interval_s = tracker_interval_s(context->tracker);
    return send_failure(connection, "invalid Forwarded or X-Forwarded-For header from proxy",
                        interval_s, interval_s / 60 + 1);
}

static enum MHD_Result reply_announce(struct http_context *context,
                                      struct MHD_Connection *connection,
                                      const struct http_request *request,
                                      struct http_outcome *outcome) {
    const struct http_announce *announce = &request->announce;
    uint8_t peers[NUMWANT_LIMIT * ENDPOINT_MAX_LEN];
    uint8_t peer_ids[NUMWANT_LIMIT * PEER_ID_LEN];
    struct announce_response response = {
        .peers = peers,
        .peer_ids = announce->compact || announce->no_peer_id ? NULL : peer_ids,
        .peers_max = NUMWANT_LIMIT,
    };
    const enum announce_result result =
        tracker_announce(context->tracker, &announce->request, clock_now_ms(), &response);
    if (result != ANNOUNCE_OK)
        return send_refusal(connection, result, response.detail, response.interval_s, outcome);
    uint8_t buffer[HTTP_ANNOUNCE_MAX];
    struct writer body = writer_on(buffer, sizeof buffer);
    http_write_announce(&body, announce, &response);
    return send_body(connection, &body);
}

static enum MHD_Result send_scrape(struct http_context *context, struct MHD_Connection *connection,
                                   const struct http_request *request) {
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

static enum MHD_Result reply_scrape(struct http_context *context, struct MHD_Connection *connection,
                                    const struct http_request *request,
                                    struct http_outcome *outcome) {
    char detail[REFUSAL_DETAIL_LEN];
    const enum announce_result result = tracker_check_scrape(
        context->tracker, &request->client.endpoint, &request->passkey, clock_now_ms(), detail);
    if (result != ANNOUNCE_OK)
        return send_refusal(connection, result, detail, tracker_interval_s(context->tracker),
                            outcome);
    if (request->hash_count > 0)
        return send_scrape(context, connection, request);
    if (!atomic_load(&context->full_scrape))
        return send_malformed(context, connection, "missing info_hash", outcome);
    return queue_response(connection, MHD_HTTP_OK, full_scrape_response(context->tracker));
}

/* Only GET: an announce changes the swarm, so HEAD is not allowed either. */
static enum MHD_Result reply_tracker(struct http_context *context,
                                     struct MHD_Connection *connection, const char *method,
                                     const struct http_request *request,
                                     struct http_outcome *outcome) {
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0) {
        outcome->result = HTTP_RESULT_MALFORMED;
        return send_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Method not allowed.\n",
                          MHD_HTTP_HEADER_ALLOW, "GET");
    }
    const bool announce = request->kind == HTTP_ROUTE_ANNOUNCE;
    outcome->kind = announce ? HTTP_KIND_ANNOUNCE : HTTP_KIND_SCRAPE;
    if (request->error != NULL)
        return send_malformed(context, connection, request->error, outcome);
    if (request->client.endpoint.family == FAMILY_NONE)
        return send_invalid_proxy(context, connection, outcome);
    return announce ? reply_announce(context, connection, request, outcome)
                    : reply_scrape(context, connection, request, outcome);
}

static enum MHD_Result reply_web(struct http_context *context, struct MHD_Connection *connection,
                                 const char *method, const struct http_request *request,
                                 struct http_outcome *outcome) {
    switch (request->target_state) {
    case HTTP_TARGET_NO_MEMORY:
        return MHD_NO;
    case HTTP_TARGET_TOO_LONG:
        outcome->result = HTTP_RESULT_MALFORMED;
        return send_error(connection, MHD_HTTP_URI_TOO_LONG, "URI too long.\n", NULL, NULL);
    case HTTP_TARGET_OK:
        break;
    }
    struct web_request web_request = web_request_of(connection, method, request);
    web_request.body = (struct bytes){ request->body.data, request->body.len };
    struct web_response response = { 0 };
    context->web.handle(context->web.context, &web_request, &response);
    *outcome = (struct http_outcome){ response.kind, http_result_of(response.status) };
    return web_response_queue(connection, &response);
}

enum MHD_Result http_reply(struct http_context *context, struct MHD_Connection *connection,
                           const char *method, const struct http_request *request) {
    struct http_outcome outcome = { HTTP_KIND_OTHER, HTTP_RESULT_OK };
    enum MHD_Result result;
    if (request->ambiguous_length) {
        outcome.result = HTTP_RESULT_MALFORMED;
        /* libmicrohttpd closes the connection by itself only if it sees a body. */
        result = send_error(connection, MHD_HTTP_BAD_REQUEST,
                            "Ambiguous Content-Length or Transfer-Encoding.\n",
                            MHD_HTTP_HEADER_CONNECTION, "close");
    } else if (request->kind == HTTP_ROUTE_OTHER) {
        result = reply_web(context, connection, method, request, &outcome);
    } else {
        result = reply_tracker(context, connection, method, request, &outcome);
    }
    if (result != MHD_YES)
        outcome.result = HTTP_RESULT_FAILED;
    http_counters_add(context->counters, outcome, clock_now_ns() - request->began_ns);
    return result;
}
