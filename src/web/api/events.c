#include <stdlib.h>

#include "web/api/api_request.h"
#include "wire/refusal.h"

enum { EVENTS_PER_RESPONSE_MAX = 200 };

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

static void get_events(const struct api_request *request, struct web_response *response) {
    uint64_t after;
    if (!api_query_number(request, response, "after", 0, INT64_MAX, &after))
        return;
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

const struct api_route events_routes[] = {
    { "GET", "events", ROLE_ADMIN, get_events },
    { "GET", "refused", ROLE_ADMIN, get_refused },
    { .method = NULL },
};
