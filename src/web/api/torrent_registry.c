/* Torrents put on the list of the registered ones, renamed, taken off it, and handed out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/registry.h"
#include "torrent/announce_list.h"
#include "torrent/metainfo.h"
#include "web/api/api_call.h"
#include "web/views/announce_urls.h"
#include "wire/passkey.h"

enum { FILE_URLS_MAX = 6 };

/* What is to be registered, with the place for its name. */
struct registration {
    struct registry_torrent torrent;
    char name[REGISTRY_TEXT_LEN];
};

static bool read_hash_and_name(const struct api_call *call, struct web_response *response,
                               struct registration *registration) {
    char hash[2 * INFO_HASH_LEN + 1];
    json_t *body = api_read_body(call, response);
    if (body == NULL)
        return false;
    bool good =
        api_body_text(body, response, "info_hash", false, hash, sizeof hash) &&
        api_body_text(body, response, "name", true, registration->name, sizeof registration->name);
    json_decref(body);
    if (good && !hex_decode(bytes_of(hash), registration->torrent.info_hashes[0], INFO_HASH_LEN)) {
        api_fail(response, 400, "bad_info_hash", "An info_hash is %d hexadecimal digits.",
                 2 * INFO_HASH_LEN);
        good = false;
    }
    registration->torrent.hash_count = 1;
    return good;
}

static bool read_torrent_file(const struct api_call *call, struct web_response *response,
                              struct registration *registration) {
    struct metainfo metainfo;
    const char *error = metainfo_parse(call->http->body, &metainfo);
    if (error != NULL) {
        api_fail(response, 400, "bad_torrent", "That is no .torrent file: %s.", error);
        return false;
    }
    struct registry_torrent *torrent = &registration->torrent;
    torrent->hash_count = metainfo.hash_count;
    memcpy(torrent->info_hashes, metainfo.info_hashes, sizeof torrent->info_hashes);
    torrent->size = metainfo.size;
    torrent->file = call->http->body;
    registry_copy_name(metainfo.name, registration->name);
    return true;
}

/* Whether there is nothing new in it: all of it is there, and its file, too, if this has one. */
static bool is_known(struct registry *registry, const struct registry_torrent *torrent) {
    for (size_t i = 0; i < torrent->hash_count; i++) {
        struct registry_row row;
        bool found = false;
        if (!registry_find_torrent(registry, torrent->info_hashes[i], &row, &found) || !found ||
            (torrent->file.len > 0 && !row.has_file))
            return false;
    }
    return true;
}

static json_t *registered_items(const struct registry_torrent *torrent) {
    json_t *items = json_array();
    for (size_t i = 0; i < torrent->hash_count; i++) {
        json_t *item = json_object();
        api_put(&item, "info_hash", api_hex(torrent->info_hashes[i], INFO_HASH_LEN));
        api_put(&item, "name", api_text_or_null(torrent->name));
        api_put(&item, "size", api_count_or_null(torrent->size, 0));
        api_append(&items, item);
    }
    return items;
}

void api_post_torrents(const struct api_call *call, struct web_response *response) {
    struct registration registration = { .name = "" };
    registration.torrent.name = registration.name;
    const bool read = api_body_is_json(call) ? read_hash_and_name(call, response, &registration)
                                             : read_torrent_file(call, response, &registration);
    struct registry *registry = read ? api_open_registry(call, response) : NULL;
    if (registry == NULL)
        return;
    if (is_known(registry, &registration.torrent)) {
        registry_close(registry);
        api_fail(response, 409, "already_there", "That torrent is registered already.");
        return;
    }
    const bool good = registry_add_torrent(registry, &registration.torrent, call->unix_ms / 1000);
    if (!api_registry_done(call, response, registry, good))
        return;
    json_t *body = json_object();
    api_put(&body, "items", registered_items(&registration.torrent));
    api_send(response, 201, body);
}

static void say_not_registered(struct web_response *response) {
    api_fail(response, 404, "not_found", "That torrent is not registered.");
}

static bool read_new_name(const struct api_call *call, struct web_response *response,
                          char name[static REGISTRY_TEXT_LEN]) {
    json_t *body = api_read_body(call, response);
    const bool good =
        body != NULL && api_body_text(body, response, "name", false, name, REGISTRY_TEXT_LEN);
    json_decref(body);
    return good;
}

void api_patch_torrent(const struct api_call *call, struct web_response *response) {
    uint8_t info_hash[INFO_HASH_LEN];
    char name[REGISTRY_TEXT_LEN];
    if (!api_path_hash(call, response, info_hash) || !read_new_name(call, response, name))
        return;
    struct registry *registry = api_open_registry(call, response);
    if (registry == NULL)
        return;
    bool found = false;
    const bool good = registry_rename_torrent(registry, info_hash, name, &found);
    if (!api_registry_done(call, response, registry, good))
        return;
    struct torrent_row row;
    if (found && torrent_list_find(call->api->catalog, info_hash, call->now_ms, &row))
        api_send(response, 200, api_torrent(call, &row));
    else
        say_not_registered(response);
}

void api_delete_torrent(const struct api_call *call, struct web_response *response) {
    uint8_t info_hash[INFO_HASH_LEN];
    if (!api_path_hash(call, response, info_hash))
        return;
    struct registry *registry = api_open_registry(call, response);
    if (registry == NULL)
        return;
    bool found = false;
    const bool good = registry_remove_torrent(registry, info_hash, &found);
    if (!api_registry_done(call, response, registry, good))
        return;
    if (found)
        api_send_nothing(response);
    else
        say_not_registered(response);
}

/* A header may not hold every character that a name may. */
static void name_attachment(struct web_response *response, const char *name, const char *hash) {
    char safe[REGISTRY_TEXT_LEN];
    snprintf(safe, sizeof safe, "%s", name[0] != '\0' ? name : hash);
    for (char *c = safe; *c != '\0'; c++) {
        if (*c < ' ' || *c >= 0x7f || strchr("\"\\/:*?<>|%", *c) != NULL)
            *c = '_';
    }
    snprintf(response->text, sizeof response->text, "attachment; filename=\"%.128s.torrent\"",
             safe);
    response->disposition = response->text;
}

static void send_file(const struct api_call *call, struct web_response *response, struct bytes file,
                      const char *passkey) {
    const struct api_settings settings = api_settings_of(call->api);
    const char *texts[FILE_URLS_MAX];
    struct announce_urls urls;
    announce_urls_find(&urls, &settings, call->http, passkey);
    const size_t count = announce_urls_for_torrent(&urls, texts, FILE_URLS_MAX);
    const size_t size = announce_list_len_max(file, texts, count);
    uint8_t *body = malloc(size);
    struct writer w = writer_on(body, body == NULL ? 0 : size);
    if (body == NULL || !announce_list_write(&w, file, texts, count)) {
        free(body);
        api_fail_memory(response);
        return;
    }
    response->status = 200;
    response->content_type = "application/x-bittorrent";
    response->body = body;
    response->len = w.len;
    response->owned = true;
}

static bool read_passkey(const struct api_call *call, struct web_response *response,
                         char passkey[static PASSKEY_TEXT_MAX + 1]) {
    if (!api_query_text(call, response, "passkey", passkey, PASSKEY_TEXT_MAX + 1))
        return false;
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (passkey[strspn(passkey, allowed)] == '\0')
        return true;
    api_fail(response, 400, "bad_query", "passkey must be letters, digits, - and _.");
    return false;
}

void api_get_torrent_file(const struct api_call *call, struct web_response *response) {
    uint8_t info_hash[INFO_HASH_LEN];
    char passkey[PASSKEY_TEXT_MAX + 1];
    if (!api_path_hash(call, response, info_hash) || !read_passkey(call, response, passkey))
        return;
    struct registry *registry = api_open_registry(call, response);
    if (registry == NULL)
        return;
    struct registry_row row;
    bool found = false;
    uint8_t *file = NULL;
    size_t len = 0;
    if (registry_find_torrent(registry, info_hash, &row, &found) && found && row.has_file &&
        registry_read_file(registry, info_hash, &file, &len) && file != NULL) {
        send_file(call, response, (struct bytes){ file, len }, passkey[0] == '\0' ? NULL : passkey);
        name_attachment(response, row.text, call->part);
    } else {
        api_fail(response, 404, "no_file", "The .torrent file of that torrent is not here.");
    }
    free(file);
    registry_close(registry);
}
