#include "ctl/registry_client.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "ctl/api_registry.h"
#include "ctl/local_registry.h"
#include "wire/passkey.h"

enum { WORDS_LEN = 1024 };

/* One of the two is set. */
struct registry_client {
    struct registry *registry;
    struct api_client *remote;
};

/* Opening */

static enum status open_database(struct registry_client *registrar, const char *path) {
    registrar->registry = local_registry_open(path, false);
    return registrar->registry == NULL ? STATUS_FAULT : STATUS_GOOD;
}

/* No skepd answers. The local database is used only if the URL is on this machine. */
static enum status fall_back(struct registry_client *registrar, const struct api_client *remote) {
    char words[WORDS_LEN];
    const char *path = api_client_is_local(remote) ? local_registry_guess() : NULL;
    if (path != NULL) {
        output_note("no skepd at %s; using database %s", api_client_url(remote), path);
        return open_database(registrar, path);
    }
    snprintf(words, sizeof words,
             "%s; start skepd, or give its URL with --url or its database with "
             "--database",
             api_client_failure(remote));
    return output_fail(STATUS_UNREACHABLE, words, NULL);
}

/* Checks for administrator permission; prints why not, unless skepd does not answer. */
static enum status ask_who_we_are(struct api_client *remote) {
    json_t *session;
    const enum status status = api_client_get(remote, "session", &session);
    const bool admin = strcmp(api_client_text(session, "role", ""), "admin") == 0;
    json_decref(session);
    if (status == STATUS_UNREACHABLE || (status == STATUS_GOOD && admin))
        return status;
    if (status != STATUS_GOOD)
        return output_fail(status, api_client_failure(remote), NULL);
    return output_fail(STATUS_REFUSED,
                       "permission denied by skepd; pass "
                       "--token-file or --database",
                       api_client_url(remote));
}

static enum status open_remote(struct registry_client *registrar, const struct command_line *line) {
    struct api_client *remote = api_client_open(line);
    if (remote == NULL)
        return STATUS_FAULT;
    enum status status = ask_who_we_are(remote);
    if (status == STATUS_GOOD) {
        registrar->remote = remote;
        return status;
    }
    if (status == STATUS_UNREACHABLE)
        status = fall_back(registrar, remote);
    api_client_close(remote);
    return status;
}

enum status registry_client_open(const struct command_line *line,
                                 struct registry_client **registrar) {
    *registrar = calloc(1, sizeof **registrar);
    if (*registrar == NULL)
        return output_fail(STATUS_FAULT, "out of memory", NULL);
    const enum status status = command_line_has(line, OPTION_DATABASE)
                                   ? open_database(*registrar, line->values[OPTION_DATABASE])
                                   : open_remote(*registrar, line);
    if (status == STATUS_GOOD)
        return status;
    registry_client_close(*registrar);
    *registrar = NULL;
    return status;
}

void registry_client_close(struct registry_client *registrar) {
    if (registrar == NULL)
        return;
    registry_close(registrar->registry);
    api_client_close(registrar->remote);
    free(registrar);
}

/* Changes */

static enum status report(const struct registry_client *registrar, bool good) {
    return good
               ? STATUS_GOOD
               : output_fail(STATUS_FAULT, "database error", registry_failure(registrar->registry));
}

enum status registry_client_add_torrent(struct registry_client *registrar,
                                        const struct registry_torrent *torrent) {
    if (registrar->remote != NULL)
        return api_registry_add_torrent(registrar->remote, torrent);
    return report(registrar, registry_add_torrent(registrar->registry, torrent, clock_unix_s()));
}

static enum status make_passkey(struct registry_client *registrar, const char *label,
                                char key[static REGISTRY_PASSKEY_LEN]) {
    bool taken;
    if (!registry_create_passkey(registrar->registry, label, clock_unix_s(), key, &taken))
        return report(registrar, false);
    return taken ? output_fail(STATUS_FAULT, "a passkey with this label already exists", label)
                 : STATUS_GOOD;
}

enum status registry_client_add_passkey(struct registry_client *registrar, const char *label,
                                        char key[static REGISTRY_PASSKEY_LEN], json_t **urls) {
    json_t *answer;
    *urls = NULL;
    if (registrar->remote == NULL)
        return make_passkey(registrar, label, key);
    const enum status status = api_registry_add_passkey(registrar->remote, label, &answer);
    if (status == STATUS_GOOD) {
        snprintf(key, REGISTRY_PASSKEY_LEN, "%s", api_client_text(answer, "passkey", ""));
        *urls = json_incref(json_object_get(answer, "urls"));
    }
    json_decref(answer);
    return status;
}

enum status registry_client_add_ban(struct registry_client *registrar,
                                    const struct network *network, const char *reason,
                                    int64_t until_s, int64_t now_s) {
    if (registrar->remote != NULL)
        return api_registry_add_ban(registrar->remote, network, reason,
                                    until_s == 0 ? 0 : until_s - now_s);
    return report(registrar,
                  registry_add_ban(registrar->registry, network, reason, until_s, now_s));
}

enum status registry_client_remove_torrent(struct registry_client *registrar,
                                           const uint8_t info_hash[static INFO_HASH_LEN],
                                           bool *found) {
    char hash[2 * INFO_HASH_LEN + 1];
    if (registrar->remote == NULL)
        return report(registrar, registry_remove_torrent(registrar->registry, info_hash, found));
    hex_encode(info_hash, INFO_HASH_LEN, hash);
    return api_registry_remove(registrar->remote, "torrents", hash, found);
}

enum status registry_client_remove_passkey(struct registry_client *registrar, const char *label,
                                           bool *found) {
    if (registrar->remote != NULL)
        return api_registry_remove(registrar->remote, "passkeys", label, found);
    return report(registrar, registry_remove_passkey(registrar->registry, label, found));
}

enum status registry_client_remove_ban(struct registry_client *registrar,
                                       const struct network *network, bool *found) {
    char text[NETWORK_TEXT_LEN];
    if (registrar->remote == NULL)
        return report(registrar, registry_remove_ban(registrar->registry, network, found));
    network_text(network, text);
    return api_registry_remove(registrar->remote, "bans", text, found);
}

enum status registry_client_report_removal(enum status status, bool found, const char *what) {
    if (status != STATUS_GOOD || found)
        return status;
    return output_fail(STATUS_FAULT, "not found", what);
}

/* Lists */

enum status registrar_visit_torrents(struct registry_client *registrar, registry_visitor visit,
                                     void *context) {
    if (registrar->remote != NULL)
        return api_registry_visit(registrar->remote,
                                  "torrents?show=registered&sort=name&order=asc&", visit, context);
    return report(registrar, registry_visit_torrents(registrar->registry, visit, context));
}

enum status registrar_search_torrents(struct registry_client *registrar, const char *word,
                                      registry_visitor visit, void *context) {
    if (registrar->remote == NULL)
        return registrar_visit_torrents(registrar, visit, context);
    const enum status status = api_registry_search(registrar->remote, false, word, visit, context);
    return status == STATUS_UNREACHABLE
               ? output_fail(status, api_client_failure(registrar->remote), NULL)
               : status;
}

enum status registrar_visit_passkeys(struct registry_client *registrar, registry_visitor visit,
                                     void *context) {
    if (registrar->remote != NULL)
        return api_registry_visit(registrar->remote, "passkeys?", visit, context);
    return report(registrar, registry_visit_passkeys(registrar->registry, visit, context));
}

enum status registrar_visit_bans(struct registry_client *registrar, registry_visitor visit,
                                 void *context) {
    if (registrar->remote != NULL)
        return api_registry_visit(registrar->remote, "bans?", visit, context);
    return report(registrar, registry_visit_bans(registrar->registry, visit, context));
}

struct rows {
    registry_row_json make;
    json_t *items;
    bool good;
};

static void add_row(void *context, const struct registry_row *row) {
    struct rows *rows = context;
    rows->good = json_array_append_new(rows->items, rows->make(row)) == 0 && rows->good;
}

enum status registry_client_print_json(struct registry_client *registrar, registrar_lister list,
                                       registry_row_json make) {
    struct rows rows = { .make = make, .items = json_array(), .good = true };
    enum status status = list(registrar, add_row, &rows);
    if (status == STATUS_GOOD)
        status = output_json(rows.good ? json_pack("{s:O}", "items", rows.items) : NULL);
    json_decref(rows.items);
    return status;
}

enum status registry_client_put_torrent(struct registry_client *client,
                                        const struct metainfo *metainfo, struct bytes file) {
    char name[REGISTRY_TEXT_LEN];
    registry_copy_name(metainfo->name, name);
    struct registry_torrent torrent = {
        .hash_count = metainfo->hash_count,
        .name = name,
        .size = metainfo->size,
        .file = file,
    };
    memcpy(torrent.info_hashes, metainfo->info_hashes, sizeof torrent.info_hashes);
    return registry_client_add_torrent(client, &torrent);
}
