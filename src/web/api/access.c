/* Passkeys, bans, blocked torrents and names of machines. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "web/api/api_request.h"
#include "web/views/announce_urls.h"
#include "wire/passkey.h"

enum { BAN_MAX_S = 10 * 366 * 24 * 60 * 60, NETWORK_LEN = 64 };

/* An entry as JSON. */
typedef json_t *(*row_value)(const struct api_request *request, const struct registry_row *row);

/* The rows of a registry table, to be sorted. */
struct row_list {
    struct registry_row *rows;
    size_t count;
    size_t capacity;
    int64_t ended_at_s; /* rows that ended before are left out; 0: none */
    bool failed;
};

static void add_row(void *context, const struct registry_row *row) {
    struct row_list *list = context;
    if (list->failed || (row->until_s != 0 && row->until_s <= list->ended_at_s))
        return;
    struct registry_row *rows =
        array_grow(list->rows, &list->capacity, list->count + 1, sizeof *rows);
    list->failed = rows == NULL;
    if (list->failed)
        return;
    list->rows = rows;
    rows[list->count++] = *row;
}

/* By text, or by info_hash if there is none. */
static int compare_rows(const void *a, const void *b) {
    const struct registry_row *one = a;
    const struct registry_row *other = b;
    const int order = strcmp(one->text, other->text);
    return order != 0 ? order : memcmp(one->info_hash, other->info_hash, INFO_HASH_LEN);
}

static void send_rows(const struct api_request *request, struct web_response *response,
                      enum registry_kind kind, int64_t ended_at_s, row_value value_of) {
    struct row_list list = { .ended_at_s = ended_at_s };
    struct api_span span;
    if (!api_query_span(request, response, &span))
        return;
    registry_visit(api_registry(request), kind, add_row, &list);
    if (list.count > 1)
        qsort(list.rows, list.count, sizeof *list.rows, compare_rows);
    json_t *items = list.failed ? NULL : json_array();
    for (size_t i = span.offset; i < list.count && i - span.offset < span.limit; i++)
        api_append(&items, value_of(request, &list.rows[i]));
    api_send_list(response, items, list.count, span);
    free(list.rows);
}

static json_t *passkey_value(const struct api_request *request, const struct registry_row *row) {
    (void)request;
    return json_pack("{s:o, s:I}", "label", api_text(row->text), "created",
                     (json_int_t)row->since_s);
}

/* The name of the machine that is the whole network, or null. */
static json_t *network_machine(const struct api_request *request, const struct network *network) {
    struct registry_row machine = { .kind = REGISTRY_MACHINE, .network = *network };
    return registry_find(api_registry(request), &machine) ? api_text(machine.text) : json_null();
}

json_t *api_ban(const struct api_request *request, const struct registry_row *row) {
    return json_pack("{s:o, s:o, s:o, s:o, s:I}", "network", api_text(row->text), "machine",
                     network_machine(request, &row->network), "reason", api_text(row->reason),
                     "until", row->until_s == 0 ? json_null() : json_integer(row->until_s), "since",
                     (json_int_t)row->since_s);
}

static json_t *block_value(const struct api_request *request, const struct registry_row *row) {
    (void)request;
    return json_pack("{s:o, s:o, s:I}", "info_hash", api_hex(row->info_hash, INFO_HASH_LEN),
                     "reason", api_text(row->reason), "since", (json_int_t)row->since_s);
}

static void send_row(const struct api_request *request, const struct registry_row *row, bool found,
                     const char *what, row_value value_of, struct web_response *response) {
    if (found)
        api_send(response, 200, value_of(request, row));
    else
        api_send_error(response, 404, "not_found", "%s not found.", what);
}

static void get_passkeys(const struct api_request *request, struct web_response *response) {
    send_rows(request, response, REGISTRY_PASSKEY, 0, passkey_value);
}

/* Bans that have ended are left out, unless `ended=1`. */
static void get_bans(const struct api_request *request, struct web_response *response) {
    uint64_t ended;
    if (api_query_number(request, response, "ended", 0, 1, &ended))
        send_rows(request, response, REGISTRY_BAN, ended ? 0 : request->unix_ms / 1000, api_ban);
}

static void get_blocks(const struct api_request *request, struct web_response *response) {
    send_rows(request, response, REGISTRY_BLOCK, 0, block_value);
}

static void get_passkey(const struct api_request *request, struct web_response *response) {
    struct registry_row row;
    const bool found = registry_find_label(api_registry(request), request->part, &row);
    send_row(request, &row, found, "Passkey", passkey_value, response);
}

static void get_block(const struct api_request *request, struct web_response *response) {
    struct registry_row row = { .kind = REGISTRY_BLOCK };
    if (!api_path_hash(request, response, row.info_hash))
        return;
    const bool found = registry_find(api_registry(request), &row);
    send_row(request, &row, found, "Blocked torrent", block_value, response);
}

/* Puts `row`, and sends the response in `response` once it is saved. */
static void put_row(struct registry_edit *edit, const struct registry_row *row,
                    struct web_response *response) {
    if (registry_edit_put(edit, row))
        api_submit_edit(edit, response);
    else
        api_abort_edit(edit, response);
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

static bool make_key(struct web_response *response, char key[static PASSKEY_TEXT_MAX + 1]) {
    if (passkey_generate(key))
        return true;
    api_send_error(response, 503, "no_randomness", "getrandom failed.");
    return false;
}

/* Reads the label, and the passkey or makes one. */
static bool read_passkey(const struct api_request *request, struct web_response *response,
                         char label[static REGISTRY_TEXT_LEN],
                         char key[static PASSKEY_TEXT_MAX + 1]) {
    static const char *const fields[] = { "label", "passkey", NULL };
    json_t *body = api_read_body(request, response, fields);
    const bool good = body != NULL &&
                      api_body_text(body, response, "label", false, label, REGISTRY_TEXT_LEN) &&
                      api_body_text(body, response, "passkey", true, key, PASSKEY_TEXT_MAX + 1);
    json_decref(body);
    if (!good)
        return false;
    if (key[0] == '\0')
        return make_key(response, key);
    if (passkey_is_allowed(bytes_of(key)))
        return true;
    api_send_error(response, 400, "invalid_passkey",
                   "Invalid passkey: expected %d to %d letters, digits, - and _.", PASSKEY_TEXT_MIN,
                   PASSKEY_TEXT_MAX);
    return false;
}

static const char *find_taken(struct registry *registry, const struct registry_row *row) {
    struct registry_row present;
    if (registry_find_label(registry, row->text, &present))
        return "A passkey with this label already exists.";
    return registry_has_passkey(registry, row->digest) ? "This passkey already exists." : NULL;
}

static void post_passkey(const struct api_request *request, struct web_response *response) {
    char key[PASSKEY_TEXT_MAX + 1];
    struct registry_row row = { .kind = REGISTRY_PASSKEY, .since_s = request->unix_ms / 1000 };
    if (!read_passkey(request, response, row.text, key))
        return;
    const struct passkey passkey = passkey_of(bytes_of(key));
    memcpy(row.digest, passkey.digest, sizeof row.digest);
    struct registry_edit *edit = api_begin_edit(request, response);
    if (edit == NULL)
        return;
    const char *taken = find_taken(api_registry(request), &row);
    if (taken != NULL) {
        registry_edit_abort(edit);
        api_send_error(response, 409, "exists", "%s", taken);
        return;
    }
    api_send_created(response, new_passkey_value(request, row.text, key), "passkeys", row.text);
    put_row(edit, &row, response);
}

static void delete_passkey(const struct api_request *request, struct web_response *response) {
    struct registry_row row;
    struct registry_edit *edit = api_begin_edit(request, response);
    if (edit == NULL)
        return;
    if (registry_find_label(api_registry(request), request->part, &row)) {
        api_remove_row(edit, &row, "Passkey", response);
        return;
    }
    registry_edit_abort(edit);
    api_send_deleted(response, false, "Passkey");
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

static void get_ban(const struct api_request *request, struct web_response *response) {
    struct registry_row row = { .kind = REGISTRY_BAN };
    if (!parse_network(request->part, response, &row.network))
        return;
    const bool found = registry_find(api_registry(request), &row);
    send_row(request, &row, found, "Ban", api_ban, response);
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

/* A ban that shuts out the caller, everybody or a proxy is usually a mistake. */
static const char *find_danger(const struct api_request *request, const struct network *network) {
    const struct networks ban = { .count = 1, .list = { *network } };
    const struct tracker_settings settings = api_settings_of(request->api);
    if (network->bits == 0)
        return "every address";
    if (networks_contain(&ban, &request->http->client))
        return "your own address";
    for (size_t i = 0; i < settings.proxies.count; i++) {
        const struct endpoint address = network_first_address(&settings.proxies.list[i]);
        if (networks_contain(&ban, &address))
            return "a trusted proxy";
    }
    return NULL;
}

/* Reads a ban from the body. */
static bool read_ban(const struct api_request *request, struct web_response *response,
                     struct registry_row *row, bool *forced) {
    static const char *const fields[] = { "network", "reason", "for_s", "force", NULL };
    char text[NETWORK_LEN];
    int64_t for_s = 0;
    json_t *body = api_read_body(request, response, fields);
    const bool good =
        body != NULL && api_body_text(body, response, "network", false, text, sizeof text) &&
        api_body_text(body, response, "reason", true, row->reason, sizeof row->reason) &&
        read_duration(body, response, &for_s) && parse_network(text, response, &row->network);
    *forced = json_is_true(json_object_get(body, "force"));
    json_decref(body);
    if (!good)
        return false;
    row->since_s = request->unix_ms / 1000;
    row->until_s = for_s == 0 ? 0 : row->since_s + for_s;
    network_text(&row->network, row->text);
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
    struct registry_row row = { .kind = REGISTRY_BAN };
    bool forced;
    if (!read_ban(request, response, &row, &forced))
        return;
    const char *danger = forced ? NULL : find_danger(request, &row.network);
    if (danger != NULL) {
        api_send_error(response, 409, "needs_force",
                       "This ban covers %s. Set \"force\" to true to ban it anyway.", danger);
        return;
    }
    struct registry_edit *edit = api_begin_edit(request, response);
    if (edit == NULL)
        return;
    struct registry_row replaced = row;
    const bool existed = registry_find(api_registry(request), &replaced);
    json_t *body = api_ban(request, &row);
    api_put(&body, "replaced", existed ? api_ban(request, &replaced) : json_null());
    api_send_created(response, body, "bans", row.text);
    put_row(edit, &row, response);
}

static void delete_ban(const struct api_request *request, struct web_response *response) {
    struct registry_row row = { .kind = REGISTRY_BAN };
    if (!parse_network(request->part, response, &row.network))
        return;
    struct registry_edit *edit = api_begin_edit(request, response);
    if (edit != NULL)
        api_remove_row(edit, &row, "Ban", response);
}

static bool read_block(const struct api_request *request, struct web_response *response,
                       struct metainfo *torrent, char reason[static REFUSAL_DETAIL_LEN]) {
    static const char *const fields[] = { "info_hash", "magnet", "reason", NULL };
    json_t *body = api_read_body(request, response, fields);
    const bool good = body != NULL && api_body_torrent(body, response, torrent) &&
                      api_body_text(body, response, "reason", true, reason, REFUSAL_DETAIL_LEN);
    json_decref(body);
    return good;
}

/* Blocks both info_hashes of a hybrid torrent. */
static void post_block(const struct api_request *request, struct web_response *response) {
    struct registry_row row = { .kind = REGISTRY_BLOCK, .since_s = request->unix_ms / 1000 };
    struct metainfo torrent;
    char hash[2 * INFO_HASH_LEN + 1];
    if (!read_block(request, response, &torrent, row.reason))
        return;
    struct registry_edit *edit = api_begin_edit(request, response);
    if (edit == NULL)
        return;
    bool good = true;
    for (size_t i = torrent.hash_count; good && i > 0; i--) {
        memcpy(row.info_hash, torrent.info_hashes[i - 1], INFO_HASH_LEN);
        good = registry_edit_put(edit, &row);
    }
    if (!good) {
        api_abort_edit(edit, response);
        return;
    }
    hex_encode(row.info_hash, INFO_HASH_LEN, hash);
    api_send_created(response, block_value(request, &row), "blocks", hash);
    api_submit_edit(edit, response);
}

static void delete_block(const struct api_request *request, struct web_response *response) {
    struct registry_row row = { .kind = REGISTRY_BLOCK };
    if (!api_path_hash(request, response, row.info_hash))
        return;
    struct registry_edit *edit = api_begin_edit(request, response);
    if (edit != NULL)
        api_remove_row(edit, &row, "Blocked torrent", response);
}

static json_t *machine_value(const struct api_request *request, const struct registry_row *row) {
    (void)request;
    const struct endpoint address = network_first_address(&row->network);
    return json_pack("{s:o, s:o, s:I}", "address", api_address(&address), "name",
                     api_text(row->text), "since", (json_int_t)row->since_s);
}

static void get_machines(const struct api_request *request, struct web_response *response) {
    send_rows(request, response, REGISTRY_MACHINE, 0, machine_value);
}

/* Reads an address, the key of a machine. */
static bool parse_machine(const char *text, struct web_response *response,
                          struct registry_row *row) {
    struct endpoint address;
    if (!endpoint_parse_address(text, &address)) {
        api_send_error(response, 400, "invalid_address", "Invalid IP address.");
        return false;
    }
    *row = registry_machine(&address);
    return true;
}

static void get_machine(const struct api_request *request, struct web_response *response) {
    struct registry_row row;
    if (!parse_machine(request->part, response, &row))
        return;
    const bool found = registry_find(api_registry(request), &row);
    send_row(request, &row, found, "Named machine", machine_value, response);
}

static void post_machine(const struct api_request *request, struct web_response *response) {
    static const char *const fields[] = { "address", "name", NULL };
    struct registry_row row;
    char text[ENDPOINT_TEXT_LEN];
    char name[REGISTRY_TEXT_LEN];
    json_t *body = api_read_body(request, response, fields);
    const bool good = body != NULL &&
                      api_body_text(body, response, "address", false, text, sizeof text) &&
                      api_body_text(body, response, "name", false, name, sizeof name) &&
                      parse_machine(text, response, &row);
    json_decref(body);
    struct registry_edit *edit = good ? api_begin_edit(request, response) : NULL;
    if (edit == NULL)
        return;
    const struct endpoint address = network_first_address(&row.network);
    row.since_s = request->unix_ms / 1000;
    memcpy(row.text, name, sizeof row.text);
    endpoint_address_text(&address, text);
    api_send_created(response, machine_value(request, &row), "machines", text);
    put_row(edit, &row, response);
}

static void delete_machine(const struct api_request *request, struct web_response *response) {
    struct registry_row row;
    if (!parse_machine(request->part, response, &row))
        return;
    struct registry_edit *edit = api_begin_edit(request, response);
    if (edit != NULL)
        api_remove_row(edit, &row, "Named machine", response);
}

const struct api_route access_routes[] = {
    { "GET", "networks/*", ROLE_ADMIN, get_network },
    { "GET", "passkeys", ROLE_ADMIN, get_passkeys },
    { "POST", "passkeys", ROLE_ADMIN, post_passkey },
    { "GET", "passkeys/*", ROLE_ADMIN, get_passkey },
    { "DELETE", "passkeys/*", ROLE_ADMIN, delete_passkey },
    { "GET", "bans", ROLE_ADMIN, get_bans },
    { "POST", "bans", ROLE_ADMIN, post_ban },
    { "GET", "bans/*", ROLE_ADMIN, get_ban },
    { "DELETE", "bans/*", ROLE_ADMIN, delete_ban },
    { "GET", "blocks", ROLE_ADMIN, get_blocks },
    { "POST", "blocks", ROLE_ADMIN, post_block },
    { "GET", "blocks/*", ROLE_ADMIN, get_block },
    { "DELETE", "blocks/*", ROLE_ADMIN, delete_block },
    { "GET", "machines", ROLE_ADMIN, get_machines },
    { "POST", "machines", ROLE_ADMIN, post_machine },
    { "GET", "machines/*", ROLE_ADMIN, get_machine },
    { "DELETE", "machines/*", ROLE_ADMIN, delete_machine },
    { .method = NULL },
};
