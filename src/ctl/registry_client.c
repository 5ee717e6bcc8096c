#include "ctl/registry_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "ctl/api_registry.h"
#include "wire/passkey.h"

/* One of the two is set. */
struct registry_client {
    struct registry_rows *database;
    struct api_client *api;
};

/* Whether a file or directory is the caller's own, and no symbolic link. */
static bool is_own(const char *path, mode_t type) {
    struct stat found;
    return lstat(path, &found) == 0 && (found.st_mode & S_IFMT) == type &&
           found.st_uid == geteuid();
}

/* The database of the service or, if there is none, that of a skepd run in this directory: if it is
 * the caller's own, because anyone may prepare a directory. NULL if there is neither. */
static const char *find_database(void) {
    static const char service[] = "/var/lib/skep/skep.db";
    /* A database without permission is found as well, so that opening it prints the reason. */
    if (access(service, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
        return service;
    return is_own("./var", S_IFDIR) && is_own("./var/skep.db", S_IFREG) ? "./var/skep.db" : NULL;
}

static void report_inaccessible(const char *path, int error) {
    output_fail(
        STATUS_FAULT, "database %s: %s; %s", path, strerror(error),
        error == ENOENT || error == ENOTDIR
            ? "omit --database to use the running skepd"
            : "run as the user of skepd or root, or omit --database to use the running skepd");
}

static struct registry_rows *open_database(const char *path, bool quiet) {
    char error[ERROR_LEN];
    if (access(path, R_OK | W_OK) != 0) {
        if (!quiet)
            report_inaccessible(path, errno);
        return NULL;
    }
    if (!quiet && registry_rows_is_of_cluster(path)) {
        output_fail(STATUS_FAULT,
                    "the database %s is that of a running node of a cluster; omit --database and "
                    "pass the --url of the node",
                    path);
        return NULL;
    }
    struct registry_rows *database = registry_rows_open(path, REGISTRY_TIMEOUT_MS, error);
    if (database == NULL && !quiet)
        output_fail(STATUS_FAULT, "%s", error);
    return database;
}

const char *registry_client_database_path(const struct command_line *line) {
    const char *given = command_line_value(line, &option_database);
    return given != NULL ? given : find_database();
}

struct registry_rows *registry_client_open_default(const struct command_line *line) {
    const char *path = registry_client_database_path(line);
    return path == NULL ? NULL : open_database(path, true);
}

/* Checks that skepd grants admin access. Prints the error, except STATUS_UNREACHABLE. */
static enum status check_admin(struct api_client *api) {
    json_t *session;
    const enum status status = api_client_get(api, "session", &session);
    const bool admin = strcmp(api_client_text(session, "role", ""), "admin") == 0;
    const bool wrong_token = strcmp(api_client_text(session, "why", ""), "token") == 0;
    json_decref(session);
    if (status == STATUS_UNREACHABLE || (status == STATUS_GOOD && admin))
        return status;
    if (status != STATUS_GOOD)
        return api_client_fail(api, status);
    if (wrong_token)
        return output_fail(STATUS_REFUSED, "%s: Invalid token.", api_client_url(api));
    return output_fail(STATUS_REFUSED, "%s: Permission denied; pass --token-file or --database",
                       api_client_url(api));
}

/* No skepd runs at the URL. The databases of this machine are not those of another one. */
static enum status fall_back_to_database(struct registry_client *client,
                                         const struct api_client *api) {
    const char *path = api_client_is_local(api) ? find_database() : NULL;
    if (path != NULL) {
        output_note("no skepd at %s; using database %s", api_client_url(api), path);
        client->database = open_database(path, false);
        return client->database == NULL ? STATUS_FAULT : STATUS_GOOD;
    }
    return output_fail(STATUS_UNREACHABLE, "%s; start skepd, or pass --url or --database",
                       api_client_failure(api));
}

static enum status connect_api(struct registry_client *client, const struct command_line *line) {
    struct api_client *api = api_client_open(line);
    if (api == NULL)
        return STATUS_FAULT;
    enum status status = check_admin(api);
    if (status == STATUS_GOOD) {
        client->api = api;
        return status;
    }
    if (status == STATUS_UNREACHABLE)
        status = fall_back_to_database(client, api);
    api_client_close(api);
    return status;
}

enum status registry_client_open(const struct command_line *line, struct registry_client **client) {
    struct registry_client *opened = calloc(1, sizeof *opened);
    enum status status = STATUS_GOOD;
    *client = NULL;
    if (opened == NULL)
        return output_out_of_memory();
    if (command_line_has(line, &option_database)) {
        opened->database = open_database(command_line_value(line, &option_database), false);
        status = opened->database == NULL ? STATUS_FAULT : STATUS_GOOD;
    } else {
        status = connect_api(opened, line);
    }
    if (status == STATUS_GOOD)
        *client = opened;
    else
        registry_client_close(opened);
    return status;
}

void registry_client_close(struct registry_client *client) {
    if (client == NULL)
        return;
    registry_rows_close(client->database);
    api_client_close(client->api);
    free(client);
}

static enum status check_database(const struct registry_client *client, bool good) {
    return good ? STATUS_GOOD
                : output_fail(STATUS_FAULT, "database error: %s",
                              registry_rows_failure(client->database));
}

static bool put_torrents(struct registry_rows *database, const struct registry_torrent *torrent) {
    struct registry_row row = {
        .kind = REGISTRY_TORRENT,
        .since_s = clock_unix_s(),
        .size = torrent->size,
    };
    snprintf(row.text, sizeof row.text, "%s", torrent->name);
    bool good = true;
    for (size_t i = 0; good && i < torrent->hash_count; i++) {
        memcpy(row.info_hash, torrent->info_hashes[i], INFO_HASH_LEN);
        good = registry_rows_put(database, &row, torrent->file);
    }
    return good;
}

enum status registry_client_add_torrent(struct registry_client *client,
                                        const struct registry_torrent *torrent) {
    if (client->api != NULL)
        return api_registry_add_torrent(client->api, torrent);
    const bool good = registry_rows_begin(client->database) &&
                      put_torrents(client->database, torrent) &&
                      registry_rows_commit(client->database);
    if (!good)
        registry_rows_roll_back(client->database);
    return check_database(client, good);
}

enum status registry_client_add_file(struct registry_client *client,
                                     const struct metainfo *metainfo, struct bytes file) {
    char name[REGISTRY_TEXT_LEN];
    registry_copy_name(bytes_of(metainfo->name), name);
    struct registry_torrent torrent = {
        .hash_count = metainfo->hash_count,
        .name = name,
        .size = metainfo->size,
        .file = file,
    };
    memcpy(torrent.info_hashes, metainfo->info_hashes, sizeof torrent.info_hashes);
    return registry_client_add_torrent(client, &torrent);
}

static enum status create_passkey(struct registry_client *client, const char *label,
                                  char key[static PASSKEY_TEXT_MAX + 1]) {
    struct registry_row row = { .kind = REGISTRY_PASSKEY, .since_s = clock_unix_s() };
    struct registry_row present;
    bool taken;
    bool known;
    if (key[0] == '\0' && !passkey_generate(key))
        return output_fail(STATUS_FAULT, "getrandom failed");
    digest_sha256(key, strlen(key), row.digest);
    utf8_copy(utf8_trim(bytes_of(label)), row.text, sizeof row.text);
    if (row.text[0] == '\0')
        return output_fail(STATUS_FAULT, "the label is empty");
    present = row;
    if (!registry_rows_has_label(client->database, row.text, &taken) ||
        !registry_rows_find(client->database, &present, &known))
        return check_database(client, false);
    if (taken)
        return output_fail(STATUS_FAULT, "a passkey with the label \"%s\" already exists", label);
    if (known)
        return output_fail(STATUS_FAULT, "this passkey already exists");
    return check_database(client,
                          registry_rows_put(client->database, &row, (struct bytes){ .len = 0 }));
}

enum status registry_client_add_passkey(struct registry_client *client, const char *label,
                                        char key[static PASSKEY_TEXT_MAX + 1], json_t **urls) {
    json_t *response;
    *urls = NULL;
    if (client->api == NULL)
        return create_passkey(client, label, key);
    const enum status status = api_registry_add_passkey(client->api, label, key, &response);
    if (status == STATUS_GOOD) {
        snprintf(key, PASSKEY_TEXT_MAX + 1, "%s", api_client_text(response, "passkey", ""));
        *urls = json_incref(json_object_get(response, "urls"));
    }
    json_decref(response);
    return status;
}

enum status registry_client_add_ban(struct registry_client *client, const struct network *network,
                                    const char *reason, int64_t until_s, int64_t now_s, bool force,
                                    bool *replaced) {
    if (client->api != NULL)
        return api_registry_add_ban(client->api, network, reason,
                                    until_s == 0 ? 0 : until_s - now_s, force, replaced);
    struct registry_row row = {
        .kind = REGISTRY_BAN,
        .network = *network,
        .since_s = now_s,
        .until_s = until_s,
    };
    utf8_copy(utf8_trim(bytes_of(reason)), row.reason, sizeof row.reason);
    struct registry_row earlier = row;
    return check_database(
        client, registry_rows_find(client->database, &earlier, replaced) &&
                    registry_rows_put(client->database, &row, (struct bytes){ .len = 0 }));
}

static struct registry_row make_key(enum registry_kind kind,
                                    const uint8_t info_hash[static INFO_HASH_LEN]) {
    struct registry_row row = { .kind = kind };
    memcpy(row.info_hash, info_hash, INFO_HASH_LEN);
    return row;
}

enum status registry_client_add_block(struct registry_client *client,
                                      const uint8_t info_hash[static INFO_HASH_LEN],
                                      const char *reason) {
    if (client->api != NULL)
        return api_registry_add_block(client->api, info_hash, reason);
    struct registry_row row = make_key(REGISTRY_BLOCK, info_hash);
    row.since_s = clock_unix_s();
    utf8_copy(utf8_trim(bytes_of(reason)), row.reason, sizeof row.reason);
    return check_database(client,
                          registry_rows_put(client->database, &row, (struct bytes){ .len = 0 }));
}

enum status registry_client_add_machine(struct registry_client *client,
                                        const struct endpoint *address, const char *name) {
    if (client->api != NULL)
        return api_registry_add_machine(client->api, address, name);
    struct registry_row row = registry_machine(address);
    row.since_s = clock_unix_s();
    snprintf(row.text, sizeof row.text, "%s", name);
    return check_database(client,
                          registry_rows_put(client->database, &row, (struct bytes){ .len = 0 }));
}

/* The other info_hash of a hybrid torrent, which shares its file. */
struct sibling_search {
    const struct registry_row *torrent;
    struct registry_row sibling;
    bool found;
};

static void compare_sibling(void *context, const struct registry_row *row) {
    struct sibling_search *search = context;
    const struct registry_row *torrent = search->torrent;
    if (row->file_id != torrent->file_id ||
        memcmp(row->info_hash, torrent->info_hash, INFO_HASH_LEN) == 0)
        return;
    search->sibling = *row;
    search->found = true;
}

static bool find_sibling(struct registry_rows *database, struct registry_row *torrent,
                         struct sibling_search *search) {
    bool found;
    *search = (struct sibling_search){ .torrent = torrent };
    if (!registry_rows_find(database, torrent, &found))
        return false;
    return !found || torrent->file_id == 0 ||
           registry_rows_visit(database, REGISTRY_TORRENT, compare_sibling, search);
}

/* Removes both info_hashes of a hybrid torrent, as the API does. */
static bool remove_row(struct registry_rows *database, struct registry_row *row, bool *found) {
    struct sibling_search search = { .found = false };
    bool also;
    if (row->kind == REGISTRY_TORRENT && !find_sibling(database, row, &search))
        return false;
    return registry_rows_begin(database) && registry_rows_remove(database, row, found) &&
           (!search.found || registry_rows_remove(database, &search.sibling, &also)) &&
           registry_rows_commit(database);
}

/* `list` is that of the API. */
static enum status remove_info_hash(struct registry_client *client, enum registry_kind kind,
                                    const char *list, const uint8_t info_hash[static INFO_HASH_LEN],
                                    bool *found) {
    char hash[2 * INFO_HASH_LEN + 1];
    if (client->api == NULL) {
        struct registry_row row = make_key(kind, info_hash);
        const bool removed = remove_row(client->database, &row, found);
        if (!removed)
            registry_rows_roll_back(client->database);
        return check_database(client, removed);
    }
    hex_encode(info_hash, INFO_HASH_LEN, hash);
    return api_registry_remove(client->api, list, hash, found);
}

enum status registry_client_remove_block(struct registry_client *client,
                                         const uint8_t info_hash[static INFO_HASH_LEN],
                                         bool *found) {
    return remove_info_hash(client, REGISTRY_BLOCK, "blocks", info_hash, found);
}

enum status registry_client_remove_torrent(struct registry_client *client,
                                           const uint8_t info_hash[static INFO_HASH_LEN],
                                           bool *found) {
    return remove_info_hash(client, REGISTRY_TORRENT, "torrents", info_hash, found);
}

enum status registry_client_remove_passkey(struct registry_client *client, const char *label,
                                           bool *found) {
    if (client->api != NULL)
        return api_registry_remove(client->api, "passkeys", label, found);
    return check_database(client, registry_rows_remove_label(client->database, label, found));
}

enum status registry_client_remove_ban(struct registry_client *client,
                                       const struct network *network, bool *found) {
    char text[NETWORK_TEXT_LEN];
    if (client->api == NULL) {
        const struct registry_row row = { .kind = REGISTRY_BAN, .network = *network };
        return check_database(client, registry_rows_remove(client->database, &row, found));
    }
    network_text(network, text);
    return api_registry_remove(client->api, "bans", text, found);
}

enum status registry_client_remove_machine(struct registry_client *client,
                                           const struct endpoint *address, bool *found) {
    char text[ENDPOINT_TEXT_LEN];
    if (client->api == NULL) {
        const struct registry_row row = registry_machine(address);
        return check_database(client, registry_rows_remove(client->database, &row, found));
    }
    endpoint_address_text(address, text);
    return api_registry_remove(client->api, "machines", text, found);
}

enum status registry_client_check_removal(enum status status, bool found, const char *kind,
                                          const char *name) {
    if (status != STATUS_GOOD || found)
        return status;
    return output_fail(STATUS_FAULT, "%s \"%s\" not found", kind, name);
}

enum status registry_client_visit_torrents(struct registry_client *client, registry_visitor visit,
                                           void *context) {
    if (client->api != NULL)
        return api_registry_visit(client->api, "torrents?show=registered&sort=name&order=asc&",
                                  visit, context);
    return check_database(client,
                          registry_rows_visit(client->database, REGISTRY_TORRENT, visit, context));
}

enum status registry_client_search_torrents(struct registry_client *client, const char *text,
                                            registry_visitor visit, void *context) {
    if (client->api == NULL)
        return registry_client_visit_torrents(client, visit, context);
    const enum status status = api_registry_search(client->api, false, text, visit, context);
    return status == STATUS_UNREACHABLE ? api_client_fail(client->api, status) : status;
}

enum status registry_client_visit_passkeys(struct registry_client *client, registry_visitor visit,
                                           void *context) {
    if (client->api != NULL)
        return api_registry_visit(client->api, "passkeys?", visit, context);
    return check_database(client,
                          registry_rows_visit(client->database, REGISTRY_PASSKEY, visit, context));
}

enum status registry_client_visit_blocks(struct registry_client *client, registry_visitor visit,
                                         void *context) {
    if (client->api != NULL)
        return api_registry_visit(client->api, "blocks?", visit, context);
    return check_database(client,
                          registry_rows_visit(client->database, REGISTRY_BLOCK, visit, context));
}

enum status registry_client_visit_machines(struct registry_client *client, registry_visitor visit,
                                           void *context) {
    if (client->api != NULL)
        return api_registry_visit(client->api, "machines?", visit, context);
    return check_database(client,
                          registry_rows_visit(client->database, REGISTRY_MACHINE, visit, context));
}

enum status registry_client_visit_all_bans(struct registry_client *client, registry_visitor visit,
                                           void *context) {
    if (client->api != NULL)
        return api_registry_visit(client->api, "bans?ended=1&", visit, context);
    return check_database(client,
                          registry_rows_visit(client->database, REGISTRY_BAN, visit, context));
}

struct ban_filter {
    registry_visitor visit;
    void *context;
    int64_t now_s;
};

static void visit_ban_in_force(void *context, const struct registry_row *row) {
    const struct ban_filter *filter = context;
    if (row->until_s == 0 || row->until_s > filter->now_s)
        filter->visit(filter->context, row);
}

enum status registry_client_visit_bans(struct registry_client *client, registry_visitor visit,
                                       void *context) {
    struct ban_filter filter = { visit, context, clock_unix_s() };
    if (client->api != NULL)
        return api_registry_visit(client->api, "bans?", visit, context);
    return registry_client_visit_all_bans(client, visit_ban_in_force, &filter);
}

struct rows {
    registry_row_json convert;
    json_t *items;
    bool good;
};

static void add_row(void *context, const struct registry_row *row) {
    struct rows *rows = context;
    rows->good = json_array_append_new(rows->items, rows->convert(row)) == 0 && rows->good;
}

struct printed_list {
    const char *header;
    registry_row_printer print;
    size_t count;
    bool terminal;
};

static void print_row(void *context, const struct registry_row *row) {
    struct printed_list *list = context;
    if (list->count++ == 0 && list->terminal)
        puts(list->header);
    list->print(row);
}

enum status registry_client_print(struct registry_client *client, registry_client_lister list,
                                  registry_row_printer print, const char *header,
                                  const char *empty) {
    struct printed_list printed = { .header = header, .print = print };
    printed.terminal = isatty(STDOUT_FILENO) == 1;
    const enum status status = list(client, print_row, &printed);
    if (status == STATUS_GOOD && printed.count == 0 && printed.terminal)
        puts(empty);
    return status;
}

enum status registry_client_print_json(struct registry_client *client, registry_client_lister list,
                                       registry_row_json convert) {
    struct rows rows = { .convert = convert, .items = json_array(), .good = true };
    enum status status = list(client, add_row, &rows);
    if (status == STATUS_GOOD)
        status = output_json(rows.good ? json_pack("{s:O}", "items", rows.items) : NULL);
    json_decref(rows.items);
    return status;
}
