/* Passkeys and bans. */
#include <string.h>

#include "base/random.h"
#include "store/registry.h"
#include "web/api/api_request.h"
#include "web/views/announce_urls.h"
#include "wire/passkey.h"

enum { PASSKEY_BYTES = 16, BAN_MAX_S = 10 * 366 * 24 * 60 * 60, NETWORK_LEN = 64 };

/* One page of the rows of a registry table. */
struct row_page {
    struct api_span span;
    json_t *items;
    size_t total;
    json_t *(*value_of)(const struct registry_row *row);
};

static void add_row(void *context, const struct registry_row *row) {
    struct row_page *page = context;
    const size_t number = page->total++;
    if (number >= page->span.offset && number - page->span.offset < page->span.limit)
        api_append(&page->items, page->value_of(row));
}

static void send_rows(const struct api_request *request, struct web_response *response,
                      bool (*visit)(struct registry *, registry_visitor, void *),
                      json_t *(*value_of)(const struct registry_row *row)) {
    struct row_page page = { .value_of = value_of };
    if (!api_query_span(request, response, &page.span))
        return;
    if (request->api->database == NULL) {
        api_send_list(response, json_array(), 0, page.span);
        return;
    }
    struct registry *registry = api_open_registry(request, response);
    if (registry == NULL)
        return;
    page.items = json_array();
    if (visit(registry, add_row, &page)) {
        api_send_list(response, page.items, page.total, page.span);
    } else {
        api_send_registry_error(response, registry);
        json_decref(page.items);
    }
    registry_close(registry);
}

static json_t *passkey_value(const struct registry_row *row) {
    return json_pack("{s:o, s:I}", "label", api_text(row->text), "created",
                     (json_int_t)row->since_s);
}

json_t *api_ban(const struct registry_row *row) {
    return json_pack("{s:o, s:o, s:o, s:I}", "network", api_text(row->text), "reason",
                     api_text(row->reason), "until",
                     row->until_s == 0 ? json_null() : json_integer(row->until_s), "since",
                     (json_int_t)row->since_s);
}

static void get_passkeys(const struct api_request *request, struct web_response *response) {
    send_rows(request, response, registry_visit_passkeys, passkey_value);
}

static void get_bans(const struct api_request *request, struct web_response *response) {
    send_rows(request, response, registry_visit_bans, api_ban);
}

static json_t *new_passkey_value(const struct api_request *request, const char *label,
                                 const char *key) {
    const struct tracker_settings settings = api_settings_of(request->api);
    struct announce_urls urls;
    announce_urls_find(&urls, &settings, request->http, key);
    json_t *list = json_array();
    for (size_t i = 0; i < urls.count; i++)
        api_append(&list, api_text(urls.list[i].text));
    return json_pack("{s:o, s:s, s:o}", "label", api_text(label), "passkey", key, "urls", list);
}

static void post_passkey(const struct api_request *request, struct web_response *response) {
    uint8_t secret[PASSKEY_BYTES];
    char key[2 * PASSKEY_BYTES + 1];
    char label[REGISTRY_TEXT_LEN];
    if (!api_read_text(request, response, "label", label, sizeof label))
        return;
    if (!random_secret(secret, sizeof secret)) {
        api_send_error(response, 503, "no_randomness", "getrandom failed.");
        return;
    }
    struct registry *registry = api_open_registry(request, response);
    if (registry == NULL)
        return;
    hex_encode(secret, sizeof secret, key);
    const struct passkey passkey = passkey_of(bytes_of(key));
    bool taken;
    const bool good =
        registry_add_passkey(registry, passkey.digest, label, request->unix_ms / 1000, &taken);
    if (!api_end_write(request, response, registry, good))
        return;
    if (taken)
        api_send_error(response, 409, "exists", "A passkey with this label already exists.");
    else
        api_send(response, 201, new_passkey_value(request, label, key));
}

static void delete_passkey(const struct api_request *request, struct web_response *response) {
    struct registry *registry = api_open_registry(request, response);
    if (registry == NULL)
        return;
    bool found = false;
    const bool good = registry_remove_passkey(registry, request->part, &found);
    if (api_end_write(request, response, registry, good))
        api_send_deleted(response, found, "Passkey");
}

static bool parse_network(const char *text, struct web_response *response,
                          struct network *network) {
    if (network_parse(text, network))
        return true;
    api_send_error(response, 400, "invalid_network",
                   "Invalid network: expected an IP address, or a prefix such as 192.0.2.0/24 "
                   "without host bits.");
    return false;
}

static bool read_duration(json_t *body, struct web_response *response, int64_t *for_s) {
    const json_t *value = json_object_get(body, "for_s");
    *for_s = 0;
    if (value == NULL || json_is_null(value))
        return true;
    *for_s = json_integer_value(value);
    if (json_is_integer(value) && *for_s > 0 && *for_s <= BAN_MAX_S)
        return true;
    api_send_error(response, 400, "invalid_body",
                   "Invalid for_s: expected a number of seconds from 1 to %d.", BAN_MAX_S);
    return false;
}

/* A ban as the body describes it: the network, and the registry's row for it. */
static bool read_ban(const struct api_request *request, struct web_response *response,
                     struct network *network, struct registry_row *row) {
    char text[NETWORK_LEN];
    int64_t for_s;
    json_t *body = api_read_body(request, response);
    const bool good =
        body != NULL && api_body_text(body, response, "network", false, text, sizeof text) &&
        api_body_text(body, response, "reason", true, row->reason, sizeof row->reason) &&
        read_duration(body, response, &for_s) && parse_network(text, response, network);
    json_decref(body);
    if (!good)
        return false;
    row->since_s = request->unix_ms / 1000;
    row->until_s = for_s == 0 ? 0 : row->since_s + for_s;
    network_text(network, row->text);
    return true;
}

/* Shows how many peers a ban of the network would hit, and whether it would hit the caller. */
static void get_network(const struct api_request *request, struct web_response *response) {
    struct networks networks = { .count = 1 };
    const struct network *network = &networks.list[0];
    char text[NETWORK_TEXT_LEN];
    size_t peers;
    size_t addresses;
    if (!parse_network(request->part, response, &networks.list[0]))
        return;
    if (!address_list_count(request->api->addresses, network, request->now_ms, &peers,
                            &addresses)) {
        api_send_out_of_memory(response);
        return;
    }
    network_text(network, text);
    api_send(response, 200,
             json_pack("{s:s, s:o, s:o, s:b}", "network", text, "addresses", api_count(addresses),
                       "peers", api_count(peers), "own",
                       networks_contain(&networks, &request->http->client)));
}

static void post_ban(const struct api_request *request, struct web_response *response) {
    struct network network;
    struct registry_row row = { .since_s = 0 };
    if (!read_ban(request, response, &network, &row))
        return;
    struct registry *registry = api_open_registry(request, response);
    if (registry == NULL)
        return;
    const bool good = registry_add_ban(registry, &network, row.reason, row.until_s, row.since_s);
    if (api_end_write(request, response, registry, good))
        api_send(response, 201, api_ban(&row));
}

static void delete_ban(const struct api_request *request, struct web_response *response) {
    struct network network;
    if (!parse_network(request->part, response, &network))
        return;
    struct registry *registry = api_open_registry(request, response);
    if (registry == NULL)
        return;
    bool found = false;
    const bool good = registry_remove_ban(registry, &network, &found);
    if (api_end_write(request, response, registry, good))
        api_send_deleted(response, found, "Ban");
}

const struct api_route access_routes[] = {
    { "GET", "networks/*", ROLE_ADMIN, get_network },
    { "GET", "passkeys", ROLE_ADMIN, get_passkeys },
    { "POST", "passkeys", ROLE_ADMIN, post_passkey },
    { "DELETE", "passkeys/*", ROLE_ADMIN, delete_passkey },
    { "GET", "bans", ROLE_ADMIN, get_bans },
    { "POST", "bans", ROLE_ADMIN, post_ban },
    { "DELETE", "bans/*", ROLE_ADMIN, delete_ban },
    { .method = NULL },
};
