/* Registered torrents: add, rename, remove, and download the .torrent file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "store/registry_rows.h"
#include "torrent/announce_list.h"
#include "web/api/api_request.h"
#include "web/views/announce_urls.h"
#include "wire/passkey.h"

enum { FILE_URLS_MAX = 6, SHOWN_PATH_LEN = 320 };

/* A torrent to register. A hybrid torrent (BEP 52) has two info_hashes. */
struct registration {
    size_t hash_count;
    uint8_t info_hashes[REGISTRY_HASHES_MAX][INFO_HASH_LEN];
    char name[REGISTRY_TEXT_LEN];
    uint64_t size;
    struct bytes file; /* empty: none */
    enum registry_privacy privacy;
};

static void take_metainfo(struct registration *registration, const struct metainfo *metainfo) {
    registration->hash_count = metainfo->hash_count;
    memcpy(registration->info_hashes, metainfo->info_hashes, sizeof registration->info_hashes);
    registration->size = metainfo->size;
    if (registration->name[0] == '\0')
        registry_copy_name(bytes_of(metainfo->name), registration->name);
}

static bool read_hash_and_name(const struct api_request *request, struct web_response *response,
                               struct registration *registration) {
    static const char *const fields[] = { "info_hash", "magnet", "name", NULL };
    struct metainfo torrent;
    json_t *body = api_read_body(request, response, fields);
    const bool good = body != NULL &&
                      api_body_text(body, response, "name", true, registration->name,
                                    sizeof registration->name) &&
                      api_body_torrent(body, response, &torrent);
    if (good)
        take_metainfo(registration, &torrent);
    json_decref(body);
    return good;
}

static bool read_torrent_file(const struct api_request *request, struct web_response *response,
                              struct registration *registration) {
    struct metainfo metainfo;
    char error[ERROR_LEN];
    if (!metainfo_parse(request->http->body, &metainfo, error)) {
        api_send_error(response, 400, "invalid_torrent", "Invalid .torrent file: %s.", error);
        return false;
    }
    take_metainfo(registration, &metainfo);
    registration->file = request->http->body;
    registration->privacy = metainfo.is_private ? PRIVACY_PRIVATE : PRIVACY_PUBLIC;
    return true;
}

static struct registry_row torrent_key(const uint8_t info_hash[static INFO_HASH_LEN]) {
    struct registry_row row = { .kind = REGISTRY_TORRENT };
    memcpy(row.info_hash, info_hash, INFO_HASH_LEN);
    return row;
}

/* Whether all info_hashes are registered, with a file if this registration has one. */
static bool is_registered(struct registry *registry, const struct registration *torrent) {
    for (size_t i = 0; i < torrent->hash_count; i++) {
        struct registry_row row = torrent_key(torrent->info_hashes[i]);
        if (!registry_find(registry, &row))
            return false;
        if (torrent->file.len > 0 && (row.file_id == 0 || row.file_node != 0))
            return false;
    }
    return true;
}

static json_t *registered_value(const struct registration *torrent) {
    json_t *items = json_array();
    for (size_t i = 0; i < torrent->hash_count; i++)
        api_append(&items, json_pack("{s:o, s:o, s:o}", "info_hash",
                                     api_hex(torrent->info_hashes[i], INFO_HASH_LEN), "name",
                                     api_text_or_null(torrent->name), "size",
                                     api_count_or_null(torrent->size, 0)));
    return json_pack("{s:o}", "items", items);
}

/* A torrent that is registered already gets the new name, and and what its file tells if there is
 * one.
 */
static bool put_torrents(struct registry *registry, struct registry_edit *edit,
                         const struct registration *torrent, int64_t now_s) {
    const int64_t file_id = torrent->file.len > 0 ? registry_file_id(torrent->file) : 0;
    bool good = torrent->file.len == 0 || registry_edit_attach(edit, torrent->file);
    for (size_t i = 0; good && i < torrent->hash_count; i++) {
        struct registry_row row = torrent_key(torrent->info_hashes[i]);
        (void)registry_find(registry, &row);
        row.since_s = now_s;
        row.size = torrent->size > 0 ? torrent->size : row.size;
        row.file_id = file_id != 0 ? file_id : row.file_id;
        row.file_node = file_id != 0 ? 0 : row.file_node;
        row.privacy = file_id != 0 ? torrent->privacy : row.privacy;
        memcpy(row.text, torrent->name, sizeof row.text);
        good = registry_edit_put(edit, &row);
    }
    return good;
}

static void post_torrent(const struct api_request *request, struct web_response *response) {
    struct registration registration = { .hash_count = 0 };
    char hash[2 * INFO_HASH_LEN + 1];
    const bool good = api_body_is_json(request)
                          ? read_hash_and_name(request, response, &registration)
                          : read_torrent_file(request, response, &registration);
    struct registry_edit *edit = good ? api_begin_edit(request, response) : NULL;
    if (edit == NULL)
        return;
    if (is_registered(api_registry(request), &registration)) {
        registry_edit_abort(edit);
        api_send_error(response, 409, "exists", "Already registered.");
        return;
    }
    if (!put_torrents(api_registry(request), edit, &registration, request->unix_ms / 1000)) {
        api_abort_edit(edit, response);
        return;
    }
    hex_encode(registration.info_hashes[0], INFO_HASH_LEN, hash);
    api_send_created(response, registered_value(&registration), "torrents", hash);
    api_submit_edit(edit, response);
}

/* Sends an error that says which file to remove or change instead. */
static void send_from_file(const char *path, const char *what, struct web_response *response) {
    char line[SHOWN_PATH_LEN];
    utf8_copy_line(bytes_of(path), line, sizeof line);
    api_send_error(response, 409, "from_file",
                   "The torrent is registered by the file %s in access.torrent_dir. %s", line,
                   what);
}

/* Renames a torrent and its sibling with the same file. False if out of memory. */
static bool rename_torrents(struct registry *registry, struct registry_edit *edit,
                            const struct registry_row *torrent, const char *name) {
    struct registry_row row = *torrent;
    struct registry_row sibling;
    const bool has_sibling = registry_find_sibling(registry, torrent, &sibling);
    snprintf(row.text, sizeof row.text, "%s", name);
    snprintf(sibling.text, sizeof sibling.text, "%s", name);
    return registry_edit_put(edit, &row) && (!has_sibling || registry_edit_put(edit, &sibling));
}

static void patch_torrent(const struct api_request *request, struct web_response *response) {
    uint8_t info_hash[INFO_HASH_LEN];
    char name[REGISTRY_TEXT_LEN];
    char path[TORRENT_DIR_PATH_LEN];
    struct torrent_row shown;
    if (!api_path_hash(request, response, info_hash) ||
        !api_read_text(request, response, "name", name, sizeof name))
        return;
    struct registry_edit *edit = api_begin_edit(request, response);
    if (edit == NULL)
        return;
    struct registry_row row = torrent_key(info_hash);
    if (!registry_find(api_registry(request), &row)) {
        registry_edit_abort(edit);
        if (torrent_dir_find(request->api->torrent_dir, info_hash, path))
            send_from_file(path, "Register it by hand to give it another name.", response);
        else
            api_send_error(response, 404, "not_found", "Torrent not registered.");
        return;
    }
    if (!rename_torrents(api_registry(request), edit, &row, name)) {
        api_abort_edit(edit, response);
        return;
    }
    (void)torrent_list_find(request->api->torrents, info_hash, request->now_ms, &shown);
    api_send(response, 200, api_torrent(request, &shown));
    api_submit_edit(edit, response);
}

/* Removes a torrent and, before it, its sibling with the same file. */
static void delete_torrent(const struct api_request *request, struct web_response *response) {
    uint8_t info_hash[INFO_HASH_LEN];
    bool removed;
    char path[TORRENT_DIR_PATH_LEN];
    if (!api_path_hash(request, response, info_hash))
        return;
    if (torrent_dir_find(request->api->torrent_dir, info_hash, path)) {
        send_from_file(path, "Remove the file first.", response);
        return;
    }
    struct registry_edit *edit = api_begin_edit(request, response);
    if (edit == NULL)
        return;
    struct registry_row row = torrent_key(info_hash);
    struct registry_row sibling;
    if (registry_find(api_registry(request), &row) &&
        registry_find_sibling(api_registry(request), &row, &sibling) &&
        !registry_edit_remove(edit, &sibling, &removed))
        api_abort_edit(edit, response);
    else
        api_remove_row(edit, &row, "Registered torrent", response);
}

/* Replaces what a header or a file name may not contain. */
static void put_file_name(struct web_response *response, const char *name, const char *hash) {
    char safe[REGISTRY_TEXT_LEN];
    snprintf(safe, sizeof safe, "%s", name[0] != '\0' ? name : hash);
    for (char *c = safe; *c != '\0'; c++) {
        if (*c < ' ' || *c >= 0x7f || strchr("\"\\/:*?<>|%", *c) != NULL)
            *c = '_';
    }
    snprintf(response->text, sizeof response->text, "attachment; filename=\"%.220s.torrent\"",
             safe);
    response->disposition = response->text;
}

/* Sends the file with our announce URLs in place of its own. */
static void send_file(const struct api_request *request, struct web_response *response,
                      struct bytes file, const char *passkey) {
    const struct tracker_settings settings = api_settings_of(request->api);
    const char *texts[FILE_URLS_MAX];
    struct announce_urls urls;
    announce_urls_find(&urls, &settings, request->http, passkey);
    const size_t count = announce_urls_for_torrent(&urls, texts, FILE_URLS_MAX);
    const size_t size = announce_list_len_max(file, texts, count);
    uint8_t *body = malloc(size);
    struct writer w = writer_on(body, body == NULL ? 0 : size);
    if (!announce_list_write(&w, file, texts, count)) {
        free(body);
        body = NULL;
    }
    api_send_data(response, "application/x-bittorrent", body, w.len);
}

static bool read_passkey(const struct api_request *request, struct web_response *response,
                         char passkey[static PASSKEY_TEXT_MAX + 1]) {
    if (!api_query_text(request, response, "passkey", passkey, PASSKEY_TEXT_MAX + 1))
        return false;
    if (passkey_has_allowed_characters(bytes_of(passkey)))
        return true;
    api_send_error(response, 400, "invalid_query",
                   "Invalid parameter passkey: expected letters, digits, - and _.");
    return false;
}

/* It may be at another node of the cluster. */
static void send_no_file(const struct api_request *request, struct web_response *response,
                         const uint8_t info_hash[static INFO_HASH_LEN]) {
    char node[CLUSTER_NAME_LEN];
    switch (api_find_file_node(request, info_hash, node)) {
    case API_FILE_HERE:
        api_send_error(response, 404, "no_file", "No .torrent file for this torrent.");
        break;
    case API_FILE_AT_ALIVE_NODE:
        api_send_error(response, 404, "no_file",
                       "Download the .torrent file from the node %s of the cluster.", node);
        break;
    case API_FILE_AT_AWAY_NODE:
        api_send_error(response, 404, "no_file",
                       "The .torrent file is on the node %s of the cluster, which is not heard. "
                       "Start that node, or upload the file again.",
                       node);
        break;
    case API_FILE_AT_UNKNOWN_NODE:
        api_send_error(response, 404, "no_file",
                       "The .torrent file is on a node that is not heard, or was removed from the "
                       "cluster. Upload the file again.");
        break;
    }
}

static void get_file(const struct api_request *request, struct web_response *response) {
    uint8_t info_hash[INFO_HASH_LEN];
    char name[REGISTRY_TEXT_LEN];
    char passkey[PASSKEY_TEXT_MAX + 1];
    if (!api_path_hash(request, response, info_hash) || !read_passkey(request, response, passkey))
        return;
    size_t len = 0;
    uint8_t *file = api_read_file(request, info_hash, &len);
    if (file != NULL) {
        torrent_list_name(request->api->torrents, info_hash, name);
        send_file(request, response, (struct bytes){ file, len },
                  passkey[0] == '\0' ? NULL : passkey);
        put_file_name(response, name, request->part);
    } else {
        send_no_file(request, response, info_hash);
    }
    free(file);
}

const struct api_route torrent_registry_routes[] = {
    { "POST", "torrents", ROLE_ADMIN, post_torrent },
    { "PATCH", "torrents/*", ROLE_ADMIN, patch_torrent },
    { "DELETE", "torrents/*", ROLE_ADMIN, delete_torrent },
    { "GET", "torrents/*/file", ROLE_ADMIN, get_file },
    { .method = NULL },
};
