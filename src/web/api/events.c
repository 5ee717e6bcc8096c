/* What just happened. */
#include <stdlib.h>

#include "web/api/api_call.h"

enum { EVENTS_IN_ANSWER_MAX = 200 };

static json_t *event_item(const struct api_call *call, const struct recent_event *event) {
    const struct change *change = &event->change;
    char name[REGISTRY_TEXT_LEN];
    torrent_list_name(call->api->catalog, change->info_hash, name);
    json_t *item = json_object();
    api_put(&item, "id", api_count(event->id));
    api_put(&item, "at", api_unix(event->at_ms));
    api_put(&item, "kind", json_string(change_kind_name(change->kind)));
    api_put(&item, "address", api_address(&change->peer));
    api_put(&item, "port", api_count(endpoint_port(&change->peer)));
    api_put(&item, "client", api_client(change->peer_id));
    api_put(&item, "role", json_string(change_role_name(change)));
    api_put(&item, "info_hash", api_hex(change->info_hash, INFO_HASH_LEN));
    api_put(&item, "name", api_text_or_null(name));
    api_put(&item, "seeders", api_count(change->seeders));
    api_put(&item, "leechers", api_count(change->leechers));
    return item;
}

void api_get_events(const struct api_call *call, struct web_response *response) {
    uint64_t after;
    if (!api_query_number(call, response, "after", 0, INT64_MAX, &after))
        return;
    struct recent_event *list = calloc(EVENTS_IN_ANSWER_MAX, sizeof *list);
    struct recent_events *events = call->api->parts.events;
    const size_t count = list == NULL || events == NULL
                             ? 0
                             : recent_events_read(events, after, list, EVENTS_IN_ANSWER_MAX);
    json_t *items = list == NULL ? NULL : json_array();
    for (size_t i = 0; i < count; i++)
        api_append(&items, event_item(call, &list[i]));
    json_t *body = json_object();
    api_put(&body, "items", items);
    api_put(&body, "next", api_count(count > 0 ? list[count - 1].id : after));
    free(list);
    api_send(response, 200, body);
}
