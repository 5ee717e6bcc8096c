#include "store/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/random.h"
#include "store/connection.h"
#include "store/registry_query.h"
#include "store/schema.h"

static bool open_registry(struct registry *registry, const char *path, int patience_ms,
                          char error[static ERROR_LEN]) {
    if (sqlite3_open_v2(path, &registry->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return error_set(error, "%s", sqlite3_errmsg(registry->db));

    sqlite3_busy_timeout(registry->db, patience_ms);
    if (schema_migrate(registry->db, schema_steps, schema_version, error) != SCHEMA_GOOD)
        return false;
    if (sqlite3_prepare_v2(registry->db, "SELECT version FROM registry_version", -1,
                           &registry->version, NULL) == SQLITE_OK)
        return true;
    return error_set(error, "%s", sqlite3_errmsg(registry->db));
}

bool registry_exists(const char *path) {
    struct stat file;
    return stat(path, &file) == 0 && file.st_size > 0;
}

struct registry *registry_open(const char *path, int patience_ms, char error[static ERROR_LEN]) {
    struct registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    char why[ERROR_LEN];
    if (open_registry(registry, path, patience_ms, why))
        return registry;
    error_set(error, "cannot use the database %.200s: %.250s", path, why);
    registry_close(registry);
    return NULL;
}

void registry_close(struct registry *registry) {
    if (registry == NULL)
        return;
    sqlite3_finalize(registry->version);
    sqlite3_close(registry->db);
    free(registry);
}

const char *registry_failure(const struct registry *registry) {
    return registry->failure;
}

bool registry_is_busy(const struct registry *registry) {
    return registry->busy;
}

bool registry_version(struct registry *registry, int64_t *version) {
    const bool good = registry_check(registry, sqlite3_step(registry->version) == SQLITE_ROW);
    if (good)
        *version = sqlite3_column_int64(registry->version, 0);
    sqlite3_reset(registry->version);
    return good;
}

bool registry_add_passkey(struct registry *registry, const uint8_t digest[static SHA256_LEN],
                          const char *label, int64_t now_s, bool *taken) {
    const struct bytes key = { .data = digest, .len = SHA256_LEN };
    bool added = false;
    const bool good = registry_finish_change(
        registry,
        registry_prepare(registry,
                         "INSERT INTO passkey (digest, label, created_s)"
                         " VALUES (?1, ?2, ?3) ON CONFLICT (label) DO NOTHING",
                         "bti", key, label, now_s),
        &added);
    *taken = good && !added;
    return good;
}

bool registry_create_passkey(struct registry *registry, const char *label, int64_t now_s,
                             char key[static REGISTRY_PASSKEY_LEN], bool *taken) {
    uint8_t secret[REGISTRY_PASSKEY_LEN / 2];
    uint8_t digest[SHA256_LEN];
    *taken = false;
    if (!random_secret(secret, sizeof secret))
        return error_set(registry->failure, "getrandom failed");
    hex_encode(secret, sizeof secret, key);
    digest_sha256(key, strlen(key), digest);
    return registry_add_passkey(registry, digest, label, now_s, taken);
}

bool registry_add_ban(struct registry *registry, const struct network *network, const char *reason,
                      int64_t until_s, int64_t now_s) {
    char text[NETWORK_TEXT_LEN];
    network_text(network, text);
    return registry_finish(
        registry,
        registry_prepare(registry,
                         "INSERT OR REPLACE INTO ban (network, reason, until_s, created_s)"
                         " VALUES (?1, ?2, ?3, ?4)",
                         "ttii", text, reason, until_s, now_s));
}

bool registry_remove_passkey(struct registry *registry, const char *label, bool *found) {
    return registry_finish_change(
        registry, registry_prepare(registry, "DELETE FROM passkey WHERE label = ?1", "t", label),
        found);
}

bool registry_remove_ban(struct registry *registry, const struct network *network, bool *found) {
    char text[NETWORK_TEXT_LEN];
    network_text(network, text);
    return registry_finish_change(
        registry, registry_prepare(registry, "DELETE FROM ban WHERE network = ?1", "t", text),
        found);
}

static bool visit_rows(struct registry *registry, const char *sql,
                       bool (*read)(void *context, sqlite3_stmt *row), void *context) {
    return registry_each_row(registry, registry_prepare(registry, sql, ""), read, context);
}

static bool load_torrent(void *context, sqlite3_stmt *row) {
    uint8_t info_hash[INFO_HASH_LEN];
    return !connection_copy_blob(row, 0, info_hash, sizeof info_hash) ||
           access_add_torrent(context, info_hash);
}

static bool load_passkey(void *context, sqlite3_stmt *row) {
    uint8_t digest[SHA256_LEN];
    return !connection_copy_blob(row, 0, digest, sizeof digest) ||
           access_add_passkey(context, digest);
}

struct ban_loading {
    struct access *access;
    int64_t now_s;
    int64_t next_end_s;
};

static bool load_ban(void *context, sqlite3_stmt *row) {
    struct ban_loading *loading = context;
    const int64_t until_s = sqlite3_column_int64(row, 2);
    char network[NETWORK_TEXT_LEN];
    struct ban ban;
    registry_copy_text(row, 0, network, sizeof network);
    registry_copy_text(row, 1, ban.reason, sizeof ban.reason);
    if ((until_s != 0 && until_s <= loading->now_s) || !network_parse(network, &ban.network))
        return true;
    if (until_s != 0 && (loading->next_end_s == 0 || until_s < loading->next_end_s))
        loading->next_end_s = until_s;
    return access_add_ban(loading->access, &ban);
}

bool registry_load(struct registry *registry, int64_t now_s, struct access *access,
                   int64_t *next_end_s) {
    struct ban_loading bans = { .access = access, .now_s = now_s };
    if (!visit_rows(registry, "SELECT info_hash FROM listed", load_torrent, access) ||
        !visit_rows(registry, "SELECT digest FROM passkey", load_passkey, access) ||
        !visit_rows(registry, "SELECT network, reason, until_s FROM ban", load_ban, &bans))
        return false;
    *next_end_s = bans.next_end_s;
    return true;
}

static bool visit_passkey(void *context, sqlite3_stmt *row) {
    const struct registry_visit *visit = context;
    struct registry_row found = { .since_s = sqlite3_column_int64(row, 1) };
    registry_copy_text(row, 0, found.text, sizeof found.text);
    visit->visit(visit->context, &found);
    return true;
}

static bool visit_ban(void *context, sqlite3_stmt *row) {
    const struct registry_visit *visit = context;
    struct registry_row found = {
        .until_s = sqlite3_column_int64(row, 2),
        .since_s = sqlite3_column_int64(row, 3),
    };
    registry_copy_text(row, 0, found.text, sizeof found.text);
    registry_copy_text(row, 1, found.reason, sizeof found.reason);
    visit->visit(visit->context, &found);
    return true;
}

bool registry_visit_passkeys(struct registry *registry, registry_visitor visit, void *context) {
    struct registry_visit all = { .visit = visit, .context = context };
    return visit_rows(registry, "SELECT label, created_s FROM passkey ORDER BY label",
                      visit_passkey, &all);
}

bool registry_visit_bans(struct registry *registry, registry_visitor visit, void *context) {
    struct registry_visit all = { .visit = visit, .context = context };
    return visit_rows(registry,
                      "SELECT network, reason, until_s, created_s FROM ban ORDER BY network",
                      visit_ban, &all);
}
