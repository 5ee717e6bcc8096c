/* Passkeys and bans. */
#include <string.h>

#include "base/random.h"
#include "store/registry.h"
#include "web/api/api_call.h"
#include "web/views/announce_urls.h"
#include "wire/passkey.h"

enum { PASSKEY_BYTES = 16, BAN_MAX_S = 10 * 366 * 24 * 60 * 60, NETWORK_LEN = 64 };

/* The rows that are asked for, of which only a page is wanted. */
struct collecting {
    struct api_span span;
    json_t *items;
    size_t total;
    json_t *(*make)(const struct registry_row *row);
};

static void collect(void *context, const struct registry_row *row) {
    struct collecting *collecting = context;
    const size_t number = collecting->total++;
    if (number >= collecting->span.offset &&
        number - collecting->span.offset < collecting->span.limit)
        api_append(&collecting->items, collecting->make(row));
}

static void list_rows(const struct api_call *call, struct web_response *response,
                      bool (*visit)(struct registry *, registry_visitor, void *),
                      json_t *(*make)(const struct registry_row *row)) {
    struct collecting collecting = { .make = make };
    if (!api_query_span(call, response, &collecting.span))
        return;
    collecting.items = json_array();
    if (call->api->parts.database == NULL) {
        api_send_list(response, collecting.items, 0, collecting.span);
        return;
    }
    struct registry *registry = api_open_registry(call, response);
    if (registry == NULL) {
        json_decref(collecting.items);
        return;
    }
    if (visit(registry, collect, &collecting)) {
        api_send_list(response, collecting.items, collecting.total, collecting.span);
    } else {
        api_fail_registry(response, registry);
        json_decref(collecting.items);
    }
    registry_close(registry);
}

static json_t *passkey_item(const struct registry_row *row) {
    json_t *item = json_object();
    api_put(&item, "label", api_text(row->text));
    api_put(&item, "created", json_integer(row->since_s));
    return item;
}

json_t *api_ban(const struct registry_row *row) {
    json_t *item = json_object();
    api_put(&item, "network", api_text(row->text));
    api_put(&item, "reason", api_text(row->reason));
    api_put(&item, "until", row->until_s == 0 ? json_null() : json_integer(row->until_s));
    api_put(&item, "since", json_integer(row->since_s));
    return item;
}

void api_get_passkeys(const struct api_call *call, struct web_response *response) {
    list_rows(call, response, registry_visit_passkeys, passkey_item);
}

void api_get_bans(const struct api_call *call, struct web_response *response) {
    list_rows(call, response, registry_visit_bans, api_ban);
}

static json_t *new_passkey(const struct api_call *call, const char *label, const char *key) {
    const struct api_settings settings = api_settings_of(call->api);
    struct announce_urls urls;
    announce_urls_find(&urls, &settings, call->http, key);
    json_t *list = json_array();
    for (size_t i = 0; i < urls.count; i++)
        api_append(&list, api_text(urls.list[i].text));
    json_t *body = json_object();
    api_put(&body, "label", api_text(label));
    api_put(&body, "passkey", json_string(key));
    api_put(&body, "urls", list);
    return body;
}

static bool read_label(const struct api_call *call, struct web_response *response,
                       char label[static REGISTRY_TEXT_LEN]) {
    json_t *body = api_read_body(call, response);
    const bool good =
        body != NULL && api_body_text(body, response, "label", false, label, REGISTRY_TEXT_LEN);
    json_decref(body);
    return good;
}

void api_post_passkeys(const struct api_call *call, struct web_response *response) {
    uint8_t secret[PASSKEY_BYTES];
    char key[2 * PASSKEY_BYTES + 1];
    char label[REGISTRY_TEXT_LEN];
    if (!read_label(call, response, label))
        return;
    if (!random_secret(secret, sizeof secret)) {
        api_fail(response, 503, "no_randomness", "The system has no randomness to give.");
        return;
    }
    struct registry *registry = api_open_registry(call, response);
    if (registry == NULL)
        return;
    hex_encode(secret, sizeof secret, key);
    const struct passkey passkey = passkey_of(bytes_of(key));
    bool taken;
    const bool good =
        registry_add_passkey(registry, passkey.digest, label, call->unix_ms / 1000, &taken);
    if (!api_registry_done(call, response, registry, good))
        return;
    if (taken)
        api_fail(response, 409, "already_there", "There is a passkey of that label already.");
    else
        api_send(response, 201, new_passkey(call, label, key));
}

static void answer_removal(struct web_response *response, bool found, const char *what) {
    if (found)
        api_send_nothing(response);
    else
        api_fail(response, 404, "not_found", "There is no such %s.", what);
}

void api_delete_passkey(const struct api_call *call, struct web_response *response) {
    struct registry *registry = api_open_registry(call, response);
    if (registry == NULL)
        return;
    bool found = false;
    const bool good = registry_remove_passkey(registry, call->part, &found);
    if (api_registry_done(call, response, registry, good))
        answer_removal(response, found, "passkey");
}

/* A ban, as the body describes it. */
struct ban_order {
    struct network network;
    char reason[REFUSAL_DETAIL_LEN];
    int64_t for_s; /* 0: for good */
};

static bool read_duration(json_t *body, struct web_response *response, int64_t *for_s) {
    const json_t *value = json_object_get(body, "for_s");
    *for_s = 0;
    if (value == NULL || json_is_null(value))
        return true;
    *for_s = json_integer_value(value);
    if (json_is_integer(value) && *for_s > 0 && *for_s <= BAN_MAX_S)
        return true;
    api_fail(response, 400, "bad_body", "The body's for_s must be a number of seconds, 1 to %d.",
             BAN_MAX_S);
    return false;
}

static bool read_network(const char *text, struct web_response *response, struct network *network) {
    if (network_parse(text, network))
        return true;
    api_fail(response, 400, "bad_network",
             "A network is an IP address, or one such as 192.0.2.0/24 whose bits behind the prefix "
             "are zero.");
    return false;
}

static bool read_ban(const struct api_call *call, struct web_response *response,
                     struct ban_order *order) {
    char network[NETWORK_LEN];
    json_t *body = api_read_body(call, response);
    const bool good =
        body != NULL && api_body_text(body, response, "network", false, network, sizeof network) &&
        api_body_text(body, response, "reason", true, order->reason, sizeof order->reason) &&
        read_duration(body, response, &order->for_s) &&
        read_network(network, response, &order->network);
    json_decref(body);
    return good;
}

static struct registry_row ban_row(const struct ban_order *order, int64_t now_s) {
    struct registry_row row = { .since_s = now_s };
    row.until_s = order->for_s == 0 ? 0 : now_s + order->for_s;
    memcpy(row.reason, order->reason, sizeof row.reason);
    network_text(&order->network, row.text);
    return row;
}

void api_get_network(const struct api_call *call, struct web_response *response) {
    struct networks networks = { .count = 1 };
    const struct network *network = &networks.list[0];
    char text[NETWORK_TEXT_LEN];
    size_t peers;
    size_t addresses;
    if (!read_network(call->part, response, &networks.list[0]))
        return;
    if (!address_list_count(call->api->addresses, network, call->now_ms, &peers, &addresses)) {
        api_fail_memory(response);
        return;
    }
    network_text(network, text);
    json_t *body = json_object();
    api_put(&body, "network", json_string(text));
    api_put(&body, "addresses", api_count(addresses));
    api_put(&body, "peers", api_count(peers));
    api_put(&body, "own", json_boolean(networks_contain(&networks, &call->http->client)));
    api_send(response, 200, body);
}

void api_post_bans(const struct api_call *call, struct web_response *response) {
    struct ban_order order;
    if (!read_ban(call, response, &order))
        return;
    struct registry *registry = api_open_registry(call, response);
    if (registry == NULL)
        return;
    const struct registry_row row = ban_row(&order, call->unix_ms / 1000);
    const bool good =
        registry_add_ban(registry, &order.network, row.reason, row.until_s, row.since_s);
    if (api_registry_done(call, response, registry, good))
        api_send(response, 201, api_ban(&row));
}

void api_delete_ban(const struct api_call *call, struct web_response *response) {
    struct network network;
    if (!read_network(call->part, response, &network))
        return;
    struct registry *registry = api_open_registry(call, response);
    if (registry == NULL)
        return;
    bool found = false;
    const bool good = registry_remove_ban(registry, &network, &found);
    if (api_registry_done(call, response, registry, good))
        answer_removal(response, found, "ban");
}
