/* Registered torrents and their .torrent files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/utf8.h"
#include "store/connection.h"
#include "store/registry.h"
#include "store/registry_query.h"

static struct bytes hash_bytes(const uint8_t info_hash[static INFO_HASH_LEN]) {
    return (struct bytes){ .data = info_hash, .len = INFO_HASH_LEN };
}

static bool execute_sql(struct registry *registry, const char *sql) {
    return registry_check(registry, sqlite3_exec(registry->db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

void registry_copy_name(struct bytes name, char text[static REGISTRY_TEXT_LEN]) {
    utf8_copy_line(name, text, REGISTRY_TEXT_LEN);
}

static bool put_file(struct registry *registry, struct bytes digest, struct bytes file) {
    return registry_finish(registry,
                           registry_prepare(registry,
                                            "INSERT INTO torrent_file (digest, content)"
                                            " VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING",
                                            "bb", digest, file));
}

/* Not REPLACE: that would not run the trigger that deletes the earlier file. */
static const char PUT_TORRENT[] =
    "INSERT INTO listed (info_hash, name, added_s, size, file_id)"
    " VALUES (?1, ?2, ?3, nullif(?4, 0), (SELECT id FROM torrent_file WHERE digest = ?5))"
    " ON CONFLICT (info_hash) DO UPDATE SET name = excluded.name, added_s = excluded.added_s,"
    " size = coalesce(excluded.size, size), file_id = coalesce(excluded.file_id, file_id)";

static bool put_torrent_rows(struct registry *registry, const struct registry_torrent *torrent,
                             struct bytes digest, int64_t now_s) {
    bool good = true;
    for (size_t i = 0; i < torrent->hash_count && good; i++)
        good = registry_finish(registry,
                               registry_prepare(registry, PUT_TORRENT, "btiib",
                                                hash_bytes(torrent->info_hashes[i]), torrent->name,
                                                now_s, (int64_t)torrent->size, digest));
    return good;
}

static bool put_torrent(struct registry *registry, const struct registry_torrent *torrent,
                        int64_t now_s) {
    uint8_t sha256[SHA256_LEN];
    struct bytes digest = { 0 };
    if (torrent->file.len > 0) {
        digest_sha256(torrent->file.data, torrent->file.len, sha256);
        digest = (struct bytes){ .data = sha256, .len = sizeof sha256 };
        if (!put_file(registry, digest, torrent->file))
            return false;
    }
    return put_torrent_rows(registry, torrent, digest, now_s);
}

bool registry_add_torrent(struct registry *registry, const struct registry_torrent *torrent,
                          int64_t now_s) {
    if (torrent->file.len > REGISTRY_FILE_MAX || torrent->size > INT64_MAX) {
        snprintf(registry->failure, sizeof registry->failure, "the torrent is too large");
        return false;
    }
    if (!execute_sql(registry, "BEGIN IMMEDIATE"))
        return false;
    if (put_torrent(registry, torrent, now_s) && execute_sql(registry, "COMMIT"))
        return true;
    sqlite3_exec(registry->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

bool registry_rename_torrent(struct registry *registry,
                             const uint8_t info_hash[static INFO_HASH_LEN], const char *name,
                             bool *found) {
    return registry_finish_change(
        registry,
        registry_prepare(registry,
                         "UPDATE listed SET name = ?2 WHERE info_hash = ?1"
                         " OR file_id = (SELECT file_id FROM listed WHERE info_hash = ?1)",
                         "bt", hash_bytes(info_hash), name),
        found);
}

bool registry_remove_torrent(struct registry *registry,
                             const uint8_t info_hash[static INFO_HASH_LEN], bool *found) {
    return registry_finish_change(registry,
                                  registry_prepare(registry,
                                                   "DELETE FROM listed WHERE info_hash = ?1", "b",
                                                   hash_bytes(info_hash)),
                                  found);
}

struct file_copy {
    uint8_t *data;
    size_t len;
};

static bool copy_file_row(void *context, sqlite3_stmt *row) {
    struct file_copy *copy = context;
    copy->len = (size_t)sqlite3_column_bytes(row, 0);
    copy->data = malloc(copy->len + 1);
    if (copy->data != NULL && copy->len > 0)
        memcpy(copy->data, sqlite3_column_blob(row, 0), copy->len);
    return copy->data != NULL;
}

bool registry_read_file(struct registry *registry, const uint8_t info_hash[static INFO_HASH_LEN],
                        uint8_t **file, size_t *len) {
    struct file_copy copy = { 0 };
    sqlite3_stmt *rows =
        registry_prepare(registry,
                         "SELECT content FROM torrent_file"
                         " WHERE id = (SELECT file_id FROM listed WHERE info_hash = ?1)",
                         "b", hash_bytes(info_hash));
    if (!registry_each_row(registry, rows, copy_file_row, &copy)) {
        free(copy.data);
        return false;
    }
    *file = copy.data;
    *len = copy.len;
    return true;
}

#define TORRENT_COLUMNS "info_hash, name, added_s, size, file_id"

/* False for an invalid row. */
static bool read_torrent(sqlite3_stmt *row, struct registry_row *found) {
    *found = (struct registry_row){
        .since_s = sqlite3_column_int64(row, 2),
        .size = (uint64_t)sqlite3_column_int64(row, 3),
        .file_id = sqlite3_column_int64(row, 4),
        .has_file = sqlite3_column_int64(row, 4) != 0,
    };
    const struct bytes name = { sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1) };
    registry_copy_name(name, found->text);
    return connection_copy_blob(row, 0, found->info_hash, sizeof found->info_hash);
}

struct torrent_search {
    struct registry_row *row;
    bool found;
};

static bool keep_torrent(void *context, sqlite3_stmt *row) {
    struct torrent_search *search = context;
    search->found = read_torrent(row, search->row);
    return true;
}

bool registry_find_torrent(struct registry *registry, const uint8_t info_hash[static INFO_HASH_LEN],
                           struct registry_row *row, bool *found) {
    struct torrent_search search = { .row = row };
    sqlite3_stmt *rows =
        registry_prepare(registry, "SELECT " TORRENT_COLUMNS " FROM listed WHERE info_hash = ?1",
                         "b", hash_bytes(info_hash));
    if (!registry_each_row(registry, rows, keep_torrent, &search))
        return false;
    *found = search.found;
    return true;
}

static bool visit_torrent(void *context, sqlite3_stmt *row) {
    const struct registry_visit *visit = context;
    struct registry_row found;
    if (read_torrent(row, &found))
        visit->visit(visit->context, &found);
    return true;
}

bool registry_visit_torrents(struct registry *registry, registry_visitor visit, void *context) {
    struct registry_visit all = { .visit = visit, .context = context };
    return registry_each_row(
        registry,
        registry_prepare(registry,
                         "SELECT " TORRENT_COLUMNS " FROM listed ORDER BY name, info_hash", ""),
        visit_torrent, &all);
}
