#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "web/api/api_request.h"
#include "wire/refusal.h"

enum {
    EVENTS_PER_RESPONSE_MAX = 200,
    STREAM_PERIOD_MS = 500,
    STREAM_PERIOD_EVENTS = 200, /* at most, since making them takes time of the server's threads */
    STREAM_PIECE_EVENTS = 32,
    STREAM_EVENT_MAX = 8192, /* bytes */
    STREAM_TEXT_MAX = 4 * STREAM_EVENT_MAX,
    STREAM_TEXT_FULL = STREAM_TEXT_MAX - 2 * STREAM_EVENT_MAX,
    STREAM_HEARTBEAT_MS = 5000, /* so that both ends notice that the other one is gone */
};

static const char STREAM_HELLO[] = "retry: 2000\n\n"; /* milliseconds */

static json_t *refused_value(const struct api_request *request, const struct recent_event *event) {
    const struct change *change = &event->change;
    char name[REGISTRY_TEXT_LEN];
    char reason[REFUSAL_TEXT_LEN];
    torrent_list_name(request->api->torrents, change->info_hash, name);
    refusal_text(event->result, event->detail, reason);
    return json_pack(
        "{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "id", api_count(event->id),
        "at", api_unix(event->at_ms), "since", api_unix(event->since_ms), "kind", "refused",
        "address", api_recorded_address(&change->peer), "machine",
        api_machine(request, &change->peer), "client", api_client(change->peer_id), "info_hash",
        api_hex(change->info_hash, INFO_HASH_LEN), "name", api_text_or_null(name), "count",
        api_count(event->count), "code", refusal_name(event->result), "reason", api_text(reason));
}

json_t *api_refused_clients(const struct api_request *request, const struct endpoint *address,
                            struct api_span span, size_t *total) {
    struct recent_events *events = request->api->events;
    struct recent_event *list = calloc(REFUSED_CLIENTS_KEPT, sizeof *list);
    json_t *items = list == NULL ? NULL : json_array();
    *total = 0;
    if (list != NULL && events != NULL)
        *total = recent_events_refused_clients(events, address, list, REFUSED_CLIENTS_KEPT);
    for (size_t i = span.offset; i < *total && i - span.offset < span.limit; i++)
        api_append(&items, refused_value(request, &list[i]));
    free(list);
    return items;
}

static void get_refused(const struct api_request *request, struct web_response *response) {
    struct api_span span;
    size_t total;
    if (!api_query_span(request, response, &span))
        return;
    json_t *items = api_refused_clients(request, NULL, span, &total);
    api_send_list(response, items, total, span);
}

static json_t *event_value(const struct api_request *request, const struct recent_event *event) {
    const struct change *change = &event->change;
    char name[REGISTRY_TEXT_LEN];
    if (event->refused)
        return refused_value(request, event);
    torrent_list_name(request->api->torrents, change->info_hash, name);
    return json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "id", api_count(event->id),
        "at", api_unix(event->at_ms), "kind", change_kind_name(change->kind), "address",
        api_recorded_address(&change->peer), "machine", api_machine(request, &change->peer), "port",
        api_count(endpoint_port(&change->peer)), "client", api_client(change->peer_id), "role",
        change_role_name(change), "info_hash", api_hex(change->info_hash, INFO_HASH_LEN), "name",
        api_text_or_null(name), "seeders", api_count(change->seeders), "leechers",
        api_count(change->leechers));
}

/* A client's stream of events: its position, and text that is not sent completely. */
struct event_stream {
    struct api_request request;             /* only `api` is set */
    struct recent_events_listener listener; /* `wake` NULL: not listed */
    uint32_t ended;                         /* api->streams_ended when it began */
    uint64_t after;                         /* id of the last event in the text */
    uint64_t sent_ms;                       /* when the text was made */
    uint64_t period_ms;                     /* when the period began */
    uint32_t period_events;                 /* in it */
    size_t len;
    size_t sent;
    char text[STREAM_TEXT_MAX];
};

/* Writes what follows "data: ", and the end of the event. */
static void write_data(struct writer *w, json_t *value) {
    char text[STREAM_EVENT_MAX];
    const size_t len = value == NULL ? 0 : json_dumpb(value, text, sizeof text, API_JSON_FLAGS);
    json_decref(value);
    if (len == 0 || len > sizeof text) {
        w->failed = true;
        return;
    }
    writer_put_text(w, "data: ");
    writer_put(w, text, len);
    writer_put_text(w, "\n\n");
}

static void write_event(struct event_stream *stream, const struct recent_event *event,
                        struct writer *w) {
    if (event->after_gap) {
        writer_put_text(w, "event: lost\n");
        write_data(w, json_pack("{s:o, s:o}", "after", api_count(stream->after), "before",
                                api_count(event->id)));
    }
    writer_put_text(w, "id: ");
    writer_put_number(w, event->id);
    writer_put_text(w, "\n");
    write_data(w, event_value(&stream->request, event));
    stream->after = event->id;
}

static size_t take_allowance(struct event_stream *stream, uint64_t now_ms) {
    if (now_ms - stream->period_ms >= STREAM_PERIOD_MS) {
        stream->period_ms = now_ms;
        stream->period_events = 0;
    }
    const uint32_t left = STREAM_PERIOD_EVENTS - stream->period_events;
    return left < STREAM_PIECE_EVENTS ? left : STREAM_PIECE_EVENTS;
}

/* Makes the next text, if there is any to send. Returns false if out of memory. */
static bool make_text(struct event_stream *stream, uint64_t now_ms) {
    struct recent_event list[STREAM_PIECE_EVENTS];
    struct writer w = writer_on((uint8_t *)stream->text, sizeof stream->text);
    const size_t max = take_allowance(stream, now_ms);
    const size_t count = recent_events_read(stream->request.api->events, stream->after, list, max);
    for (size_t i = 0; i < count && w.len <= STREAM_TEXT_FULL; i++) {
        write_event(stream, &list[i], &w);
        stream->period_events++;
    }
    if (w.len == 0 && now_ms - stream->sent_ms >= STREAM_HEARTBEAT_MS)
        writer_put_text(&w, ":\n\n");
    if (w.len > 0)
        stream->sent_ms = now_ms;
    stream->len = w.len;
    stream->sent = 0;
    return !w.failed;
}

static long read_stream(void *subject, uint8_t *buffer, size_t max) {
    struct event_stream *stream = subject;
    const bool ended = atomic_load(&stream->request.api->streams_ended) != stream->ended;
    if (ended || (stream->sent == stream->len && !make_text(stream, clock_now_ms())))
        return WEB_STREAM_END;
    const size_t left = stream->len - stream->sent;
    const size_t len = left < max ? left : max;
    if (len == 0)
        return WEB_STREAM_WAIT;
    memcpy(buffer, stream->text + stream->sent, len);
    stream->sent += len;
    return (long)len;
}

static void listen_to_events(void *subject, void (*wake)(void *context), void *context) {
    struct event_stream *stream = subject;
    stream->listener.wake = wake;
    stream->listener.context = context;
    recent_events_listen(stream->request.api->events, &stream->listener);
}

static void close_stream(void *subject) {
    struct event_stream *stream = subject;
    if (stream->listener.wake != NULL)
        recent_events_unlisten(stream->request.api->events, &stream->listener);
    atomic_fetch_sub(&stream->request.api->streams, 1);
    free(stream);
}

static struct event_stream *open_stream(struct api *api, uint64_t after) {
    struct event_stream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return NULL;
    *stream = (struct event_stream){
        .request.api = api,
        .ended = atomic_load(&api->streams_ended),
        .after = after > 0 ? after : recent_events_before(api->events, EVENTS_PER_RESPONSE_MAX),
        .sent_ms = clock_now_ms(),
        .len = sizeof STREAM_HELLO - 1,
    };
    memcpy(stream->text, STREAM_HELLO, sizeof STREAM_HELLO - 1);
    return stream;
}

static void send_stream(const struct api_request *request, uint64_t after,
                        struct web_response *response) {
    struct api *api = request->api;
    const char *last_id = request->http->last_event_id;
    const uint32_t max = atomic_load(&api->streams_max);
    if (last_id != NULL && (!bytes_to_u64(bytes_of(last_id), &after) || after > INT64_MAX)) {
        api_send_error(response, 400, "invalid_header",
                       "Invalid Last-Event-ID: expected a number.");
        return;
    }
    struct event_stream *stream = NULL;
    const bool busy = atomic_fetch_add(&api->streams, 1) >= max || api->events == NULL;
    if (!busy)
        stream = open_stream(api, after);
    if (stream == NULL)
        atomic_fetch_sub(&api->streams, 1);
    if (busy) {
        api_send_error(
            response, 503, "busy",
            "Too many event streams (http.event_streams_max = %u). Ask without \"stream\", "
            "or try again later.",
            max);
        response->retry_after = "10";
    } else if (stream == NULL) {
        api_send_out_of_memory(response);
    } else {
        response->status = 200;
        response->content_type = "text/event-stream";
        response->stream =
            (struct web_stream){ read_stream, listen_to_events, close_stream, stream };
    }
}

static void send_events(const struct api_request *request, uint64_t after,
                        struct web_response *response) {
    struct recent_event *list = calloc(EVENTS_PER_RESPONSE_MAX, sizeof *list);
    struct recent_events *events = request->api->events;
    const size_t count = list == NULL || events == NULL
                             ? 0
                             : recent_events_read(events, after, list, EVENTS_PER_RESPONSE_MAX);
    json_t *items = list == NULL ? NULL : json_array();
    for (size_t i = 0; i < count; i++)
        api_append(&items, event_value(request, &list[i]));
    const uint64_t next = count > 0 ? list[count - 1].id : after;
    free(list);
    api_send(response, 200, json_pack("{s:o, s:o}", "items", items, "next", api_count(next)));
}

static void get_events(const struct api_request *request, struct web_response *response) {
    uint64_t after;
    if (!api_query_number(request, response, "after", 0, INT64_MAX, &after))
        return;
    if (api_query_has(request, "stream"))
        send_stream(request, after, response);
    else
        send_events(request, after, response);
}

const struct api_route events_routes[] = {
    { "GET", "events", ROLE_ADMIN, get_events },
    { "GET", "refused", ROLE_ADMIN, get_refused },
    { .method = NULL },
};
