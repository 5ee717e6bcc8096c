#include "ctl/api_registry.h"

#include <stdio.h>

#include "base/percent.h"

enum { PATH_LEN = 1024, LIST_LEN = PATH_LEN - 64, PAGE_LEN = 500, CONFLICT = 409, NOT_FOUND = 404 };

static enum status report_failure(const struct api_client *client, enum status status) {
    return status == STATUS_GOOD ? status : api_client_fail(client, status);
}

static bool already_exists(const struct api_client *client, enum status status) {
    return status == STATUS_REFUSED && api_client_http_status(client) == CONFLICT;
}

/* The API reads hashes and name from the file. */
static enum status add_file(struct api_client *client, struct bytes file) {
    const struct api_client_request request = {
        .method = "POST",
        .path = "torrents",
        .content_type = "application/x-bittorrent",
        .body = file,
    };
    json_t *value;
    const enum status status = api_client_send(client, &request, &value);
    json_decref(value);
    return already_exists(client, status) ? STATUS_GOOD : status;
}

static enum status rename_torrent(struct api_client *client,
                                  const uint8_t info_hash[static INFO_HASH_LEN], const char *name) {
    char path[PATH_LEN] = "torrents/";
    json_t *value;
    hex_encode(info_hash, INFO_HASH_LEN, path + strlen(path));
    const enum status status = api_client_send_json(
        client, "PATCH", path, json_pack("{s:o}", "name", output_json_string(name)), &value);
    json_decref(value);
    return status;
}

/* As in the database, only a name that the user gave replaces the name of an existing torrent. */
static enum status add_hash(struct api_client *client,
                            const uint8_t info_hash[static INFO_HASH_LEN], const char *name) {
    json_t *value;
    const enum status status = api_client_send_json(
        client, "POST", "torrents",
        json_pack("{s:o, s:o}", "info_hash", output_json_hex(info_hash, INFO_HASH_LEN), "name",
                  output_json_string(name)),
        &value);
    json_decref(value);
    if (!already_exists(client, status))
        return status;
    return name[0] == '\0' ? STATUS_GOOD : rename_torrent(client, info_hash, name);
}

enum status api_registry_add_torrent(struct api_client *client,
                                     const struct registry_torrent *torrent) {
    enum status status = STATUS_GOOD;
    if (torrent->file.len > 0)
        return report_failure(client, add_file(client, torrent->file));
    for (size_t i = 0; i < torrent->hash_count && status == STATUS_GOOD; i++)
        status = add_hash(client, torrent->info_hashes[i], torrent->name);
    return report_failure(client, status);
}

enum status api_registry_add_passkey(struct api_client *client, const char *label, const char *key,
                                     json_t **response) {
    const enum status status =
        api_client_send_json(client, "POST", "passkeys",
                             json_pack("{s:o, s:o*}", "label", output_json_string(label), "passkey",
                                       key[0] == '\0' ? NULL : output_json_string(key)),
                             response);
    if (status == STATUS_REFUSED && api_client_http_status(client) == CONFLICT)
        return output_fail(STATUS_FAULT, "a passkey with the label \"%s\"%s already exists", label,
                           key[0] == '\0' ? "" : ", or the passkey,");
    return report_failure(client, status);
}

enum status api_registry_add_ban(struct api_client *client, const struct network *network,
                                 const char *reason, int64_t for_s, bool force, bool *replaced) {
    char text[NETWORK_TEXT_LEN];
    json_t *value;
    network_text(network, text);
    json_t *body =
        json_pack("{s:s, s:o, s:o, s:b}", "network", text, "reason", output_json_string(reason),
                  "for_s", for_s == 0 ? json_null() : json_integer(for_s), "force", force);
    const enum status status = api_client_send_json(client, "POST", "bans", body, &value);
    *replaced = json_is_object(json_object_get(value, "replaced"));
    json_decref(value);
    return report_failure(client, status);
}

enum status api_registry_add_block(struct api_client *client,
                                   const uint8_t info_hash[static INFO_HASH_LEN],
                                   const char *reason) {
    json_t *value;
    const enum status status = api_client_send_json(
        client, "POST", "blocks",
        json_pack("{s:o, s:o}", "info_hash", output_json_hex(info_hash, INFO_HASH_LEN), "reason",
                  output_json_string(reason)),
        &value);
    json_decref(value);
    return report_failure(client, status);
}

enum status api_registry_add_machine(struct api_client *client, const struct endpoint *address,
                                     const char *name) {
    char text[ENDPOINT_TEXT_LEN];
    json_t *value;
    endpoint_address_text(address, text);
    const enum status status = api_client_send_json(
        client, "POST", "machines",
        json_pack("{s:s, s:o}", "address", text, "name", output_json_string(name)), &value);
    json_decref(value);
    return report_failure(client, status);
}

enum status api_registry_remove(struct api_client *client, const char *kind, const char *name,
                                bool *found) {
    char path[PATH_LEN];
    struct writer w = writer_on((uint8_t *)path, sizeof path);
    writer_put_text(&w, kind);
    writer_put_text(&w, "/");
    percent_encode(&w, bytes_of(name));
    writer_put(&w, "", 1);
    *found = false;
    /* No entry has a name that is too long for a path. */
    if (w.failed)
        return STATUS_GOOD;
    const struct api_client_request request = { .method = "DELETE", .path = path };
    json_t *value;
    const enum status status = api_client_send(client, &request, &value);
    json_decref(value);
    if (status == STATUS_REFUSED && api_client_http_status(client) == NOT_FOUND)
        return STATUS_GOOD;
    *found = status == STATUS_GOOD;
    return report_failure(client, status);
}

/* Reads an entry of the registry; its fields tell the kind. False if it is of no kind. */
static bool read_row(const json_t *item, struct registry_row *row) {
    const char *hash = api_client_text(item, "info_hash", NULL);
    const char *network = api_client_text(item, "network", NULL);
    const char *address = api_client_text(item, "address", NULL);
    struct endpoint endpoint;
    const bool has_since = json_object_get(item, "since") != NULL;
    *row = (struct registry_row){
        .size = api_client_number(item, "size"),
        .since_s = (int64_t)api_client_number(item, has_since ? "since" : "created"),
        .until_s = (int64_t)api_client_number(item, "until"),
    };
    snprintf(row->reason, sizeof row->reason, "%s", api_client_text(item, "reason", ""));
    if (hash != NULL) {
        const bool of_file = api_client_text(item, "path", NULL) != NULL;
        row->kind = of_file ? REGISTRY_TORRENT_FILE : REGISTRY_TORRENT;
        registry_copy_name(bytes_of(api_client_text(item, "name", "")), row->text);
        return hex_decode(bytes_of(hash), row->info_hash, INFO_HASH_LEN);
    }
    if (address != NULL) {
        if (!endpoint_parse_address(address, &endpoint))
            return false;
        row->network = network_of_address(&endpoint);
        registry_copy_name(bytes_of(api_client_text(item, "name", "")), row->text);
        return true;
    }
    if (network != NULL && !network_parse(network, &row->network))
        return false;
    snprintf(row->text, sizeof row->text, "%s",
             api_client_text(item, network != NULL ? "network" : "label", ""));
    return row->text[0] != '\0';
}

/* Visits the other info_hashes of a torrent, too, if `versions`. */
static void visit_item(const json_t *item, bool versions, registry_visitor visit, void *context) {
    struct registry_row row;
    size_t i;
    const json_t *hash;
    if (!read_row(item, &row))
        return;
    visit(context, &row);
    json_array_foreach(versions ? json_object_get(item, "versions") : NULL, i, hash) {
        const char *text = json_string_value(hash);
        if (text != NULL && hex_decode(bytes_of(text), row.info_hash, INFO_HASH_LEN))
            visit(context, &row);
    }
}

/* Prints no errors. */
static enum status visit_pages(struct api_client *client, const char *list, bool versions,
                               registry_visitor visit, void *context) {
    size_t offset = 0;
    for (;;) {
        char path[PATH_LEN];
        json_t *page;
        snprintf(path, sizeof path, "%soffset=%zu&limit=%d", list, offset, PAGE_LEN);
        const enum status status = api_client_get(client, path, &page);
        if (status != STATUS_GOOD)
            return status;
        const json_t *items = json_object_get(page, "items");
        const size_t count = json_array_size(items);
        size_t i;
        const json_t *item;
        json_array_foreach(items, i, item) {
            visit_item(item, versions, visit, context);
        }
        offset += count;
        const bool is_last = count == 0 || offset >= api_client_number(page, "total");
        json_decref(page);
        if (is_last)
            return STATUS_GOOD;
    }
}

enum status api_registry_visit(struct api_client *client, const char *list, registry_visitor visit,
                               void *context) {
    return report_failure(client, visit_pages(client, list, true, visit, context));
}

enum status api_registry_search(struct api_client *client, bool all, const char *text,
                                registry_visitor visit, void *context) {
    char list[LIST_LEN];
    struct writer w = writer_on((uint8_t *)list, sizeof list);
    writer_put_text(&w, "torrents?sort=name&order=asc&show=");
    writer_put_text(&w, all ? "all" : "registered");
    writer_put_text(&w, "&search=");
    percent_encode(&w, bytes_of(text));
    writer_put(&w, "&", 2);
    if (w.failed)
        return output_fail(STATUS_FAULT, "search text too long");
    const enum status status = visit_pages(client, list, false, visit, context);
    return status == STATUS_UNREACHABLE ? status : report_failure(client, status);
}
