#include "store/registry_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "store/connection.h"
#include "store/database_file.h"
#include "store/registry_query.h"
#include "store/row_value.h"
#include "store/schema.h"

static bool open_database(struct registry_rows *rows, const char *path, int timeout_ms,
                          char error[static ERROR_LEN]) {
    /* Before SQLite opens the file: closing any descriptor of it drops SQLite's locks. */
    const bool older = database_file_is_of_older(path);
    if (sqlite3_open_v2(path, &rows->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return error_set(error, "%s", sqlite3_errmsg(rows->db));
    sqlite3_busy_timeout(rows->db, timeout_ms);
    /* SQLite treats an empty file, or one shorter than a header, as a new database. */
    int64_t tables = 0;
    if (registry_read_number(rows, "SELECT count(*) FROM sqlite_master", &tables) && tables == 0)
        return error_set(error, "the file is empty or not a database of skepd");
    int64_t version = 0;
    if (older && registry_read_number(rows, "PRAGMA user_version", &version) &&
        version < schema_version)
        return error_set(error, "an older skepd is using it; restart skepd first");
    return schema_migrate(rows->db, schema_steps, schema_version, error) == SCHEMA_GOOD;
}

struct registry_rows *registry_rows_open(const char *path, int timeout_ms,
                                         char error[static ERROR_LEN]) {
    struct registry_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    char why[ERROR_LEN];
    if (open_database(rows, path, timeout_ms, why))
        return rows;
    error_set(error, "cannot use the database %.200s: %.250s", path, why);
    registry_rows_close(rows);
    return NULL;
}

bool registry_rows_is_of_cluster(const char *path) {
    return database_file_is_of_cluster(path);
}

void registry_rows_close(struct registry_rows *rows) {
    if (rows == NULL)
        return;
    sqlite3_close(rows->db);
    free(rows);
}

const char *registry_rows_failure(const struct registry_rows *rows) {
    return rows->failure;
}

bool registry_rows_busy(const struct registry_rows *rows) {
    return rows->busy;
}

void registry_copy_name(struct bytes name, char text[static REGISTRY_TEXT_LEN]) {
    utf8_copy_line(name, text, REGISTRY_TEXT_LEN);
}

static bool execute_sql(struct registry_rows *rows, const char *sql) {
    return registry_check(rows, sqlite3_exec(rows->db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

bool registry_rows_begin(struct registry_rows *rows) {
    return execute_sql(rows, "BEGIN IMMEDIATE");
}

bool registry_rows_commit(struct registry_rows *rows) {
    return execute_sql(rows, "COMMIT");
}

/* Keeps the failure that led here. */
void registry_rows_roll_back(struct registry_rows *rows) {
    sqlite3_exec(rows->db, "ROLLBACK", NULL, NULL, NULL);
}

static struct bytes info_hash_bytes(const uint8_t info_hash[static INFO_HASH_LEN]) {
    return (struct bytes){ .data = info_hash, .len = INFO_HASH_LEN };
}

static struct bytes digest_bytes(const uint8_t digest[static SHA256_LEN]) {
    return (struct bytes){ .data = digest, .len = SHA256_LEN };
}

/* The id is that of the file in memory, unless an earlier version of skepd stored the file. */
static bool put_file(struct registry_rows *rows, struct bytes digest, struct bytes file) {
    return registry_finish(rows, registry_prepare(rows,
                                                  "INSERT INTO torrent_file (id, digest, content)"
                                                  " VALUES (?1, ?2, ?3)"
                                                  " ON CONFLICT (digest) DO NOTHING",
                                                  "ibb", registry_file_id(file), digest, file));
}

/* Not REPLACE: that would not run the trigger that deletes the earlier file. */
static const char PUT_TORRENT[] =
    "INSERT INTO listed (info_hash, name, added_s, size, privacy, file_id, file_node)"
    " VALUES (?1, ?2, ?3, nullif(?4, 0), nullif(?6, 0),"
    " coalesce((SELECT id FROM torrent_file WHERE digest = ?5), nullif(?7, 0)), nullif(?8, 0))"
    " ON CONFLICT (info_hash) DO UPDATE SET name = excluded.name, added_s = excluded.added_s,"
    " size = coalesce(excluded.size, size), privacy = coalesce(excluded.privacy, privacy),"
    " file_node = CASE WHEN EXISTS (SELECT 1 FROM torrent_file"
    " WHERE id = coalesce(excluded.file_id, file_id)) THEN NULL ELSE excluded.file_node END,"
    " file_id = coalesce(excluded.file_id, file_id)";

static bool put_torrent(struct registry_rows *rows, const struct registry_row *row,
                        struct bytes file) {
    uint8_t sha256[SHA256_LEN];
    struct bytes digest = { .len = 0 };
    if (file.len > REGISTRY_FILE_MAX || row->size > INT64_MAX)
        return error_set(rows->failure, "the torrent is too large");
    if (file.len > 0) {
        digest_sha256(file.data, file.len, sha256);
        digest = digest_bytes(sha256);
        if (!put_file(rows, digest, file))
            return false;
    }
    return registry_finish(
        rows,
        registry_prepare(rows, PUT_TORRENT, "btiibiii", info_hash_bytes(row->info_hash), row->text,
                         row->since_s, (int64_t)row->size, digest, (int64_t)row->privacy,
                         row->file_node == 0 ? (int64_t)0 : row->file_id, (int64_t)row->file_node));
}

static bool merge_passkey(struct registry_rows *rows, const struct registry_row *row) {
    return registry_finish(
        rows, registry_prepare(rows,
                               "INSERT OR REPLACE INTO passkey (digest, label, created_s)"
                               " VALUES (?1, ?2, ?3)",
                               "bti", digest_bytes(row->digest), row->text, row->since_s));
}

static bool put_passkey(struct registry_rows *rows, const struct registry_row *row) {
    bool added = false;
    if (!registry_finish_change(rows,
                                registry_prepare(rows,
                                                 "INSERT INTO passkey (digest, label, created_s)"
                                                 " SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
                                                 " (SELECT 1 FROM passkey WHERE label = ?2)"
                                                 " ON CONFLICT DO NOTHING",
                                                 "bti", digest_bytes(row->digest), row->text,
                                                 row->since_s),
                                &added))
        return false;
    return added || error_set(rows->failure, "a passkey with this label already exists");
}

static bool put_ban(struct registry_rows *rows, const struct registry_row *row) {
    char text[NETWORK_TEXT_LEN];
    network_text(&row->network, text);
    return registry_finish(
        rows, registry_prepare(rows,
                               "INSERT OR REPLACE INTO ban (network, reason, until_s, created_s)"
                               " VALUES (?1, ?2, ?3, ?4)",
                               "ttii", text, row->reason, row->until_s, row->since_s));
}

static bool put_block(struct registry_rows *rows, const struct registry_row *row) {
    return registry_finish(
        rows, registry_prepare(rows,
                               "INSERT OR REPLACE INTO blocked (info_hash, reason, created_s)"
                               " VALUES (?1, ?2, ?3)",
                               "bti", info_hash_bytes(row->info_hash), row->reason, row->since_s));
}

static void machine_text(const struct registry_row *row, char text[static ENDPOINT_TEXT_LEN]) {
    const struct endpoint address = network_first_address(&row->network);
    endpoint_address_text(&address, text);
}

static bool put_machine(struct registry_rows *rows, const struct registry_row *row) {
    char address[ENDPOINT_TEXT_LEN];
    machine_text(row, address);
    return registry_finish(
        rows, registry_prepare(rows,
                               "INSERT OR REPLACE INTO machine (address, name, created_s)"
                               " VALUES (?1, ?2, ?3)",
                               "tti", address, row->text, row->since_s));
}

bool registry_rows_put(struct registry_rows *rows, const struct registry_row *row,
                       struct bytes file) {
    rows->busy = false;
    switch (row->kind) {
    case REGISTRY_TORRENT:
        return put_torrent(rows, row, file);
    case REGISTRY_BLOCK:
        return put_block(rows, row);
    case REGISTRY_PASSKEY:
        return put_passkey(rows, row);
    case REGISTRY_BAN:
        return put_ban(rows, row);
    case REGISTRY_MACHINE:
        return put_machine(rows, row);
    case REGISTRY_TORRENT_FILE:
    case REGISTRY_KINDS:
        break;
    }
    return false;
}

bool registry_rows_merge(struct registry_rows *rows, const struct registry_row *row,
                         struct bytes file) {
    rows->busy = false;
    return row->kind == REGISTRY_PASSKEY ? merge_passkey(rows, row)
                                         : registry_rows_put(rows, row, file);
}

/* Prepares a statement whose first parameter is the key of `row`. */
static sqlite3_stmt *prepare_by_key(struct registry_rows *rows, const struct registry_row *row,
                                    const char *sql) {
    char text[NETWORK_TEXT_LEN];
    char address[ENDPOINT_TEXT_LEN];
    switch (row->kind) {
    case REGISTRY_TORRENT:
    case REGISTRY_BLOCK:
        return registry_prepare(rows, sql, "b", info_hash_bytes(row->info_hash));
    case REGISTRY_PASSKEY:
        return registry_prepare(rows, sql, "b", digest_bytes(row->digest));
    case REGISTRY_BAN:
        network_text(&row->network, text);
        return registry_prepare(rows, sql, "t", text);
    case REGISTRY_MACHINE:
        machine_text(row, address);
        return registry_prepare(rows, sql, "t", address);
    case REGISTRY_TORRENT_FILE:
    case REGISTRY_KINDS:
        break;
    }
    return NULL;
}

bool registry_rows_remove(struct registry_rows *rows, const struct registry_row *row, bool *found) {
    static const char *const sql[REGISTRY_STORED_KINDS] = {
        "DELETE FROM listed WHERE info_hash = ?1", "DELETE FROM blocked WHERE info_hash = ?1",
        "DELETE FROM passkey WHERE digest = ?1",   "DELETE FROM ban WHERE network = ?1",
        "DELETE FROM machine WHERE address = ?1",
    };
    return registry_finish_change(rows, prepare_by_key(rows, row, sql[row->kind]), found);
}

bool registry_rows_remove_label(struct registry_rows *rows, const char *label, bool *found) {
    return registry_finish_change(
        rows, registry_prepare(rows, "DELETE FROM passkey WHERE label = ?1", "t", label), found);
}

/* Not a change of this node: the others remove them, too. So their marks go first. */
bool registry_rows_remove_ended(struct registry_rows *rows, int64_t now_s) {
    return registry_finish(
               rows,
               registry_prepare(rows,
                                "DELETE FROM registry_mark WHERE kind = 3 AND key IN"
                                " (SELECT network FROM ban WHERE until_s != 0 AND until_s <= ?1)",
                                "i", now_s)) &&
           registry_finish(
               rows, registry_prepare(rows, "DELETE FROM ban WHERE until_s != 0 AND until_s <= ?1",
                                      "i", now_s));
}

/* 0, unknown, if the time in the row is none. */
static int64_t read_time(sqlite3_stmt *row, int column) {
    int64_t unix_s = 0;
    (void)row_value_integer(row, column, 0, ROW_VALUE_TIME_MAX, &unix_s);
    return unix_s;
}

/* 0, unknown, if the size in the row is none. */
static uint64_t read_size(sqlite3_stmt *row, int column) {
    int64_t size = 0;
    (void)row_value_integer(row, column, 0, INT64_MAX, &size);
    return (uint64_t)size;
}

static void copy_name(sqlite3_stmt *row, int column, char text[static REGISTRY_TEXT_LEN]) {
    const struct bytes name = {
        sqlite3_column_blob(row, column),
        (size_t)sqlite3_column_bytes(row, column),
    };
    registry_copy_name(name, text);
}

static enum registry_privacy read_privacy(sqlite3_stmt *row, int column) {
    int64_t privacy = PRIVACY_UNKNOWN;
    (void)row_value_integer(row, column, PRIVACY_UNKNOWN, PRIVACY_PRIVATE, &privacy);
    return (enum registry_privacy)privacy;
}

/* False for an invalid row. */
static bool read_torrent(sqlite3_stmt *row, struct registry_row *found) {
    *found = (struct registry_row){
        .kind = REGISTRY_TORRENT,
        .since_s = read_time(row, 2),
        .size = read_size(row, 3),
        .file_id = sqlite3_column_int64(row, 4),
        .privacy = read_privacy(row, 5),
        .file_node = (uint64_t)sqlite3_column_int64(row, 6),
    };
    copy_name(row, 1, found->text);
    return row_value_blob(row, 0, found->info_hash, sizeof found->info_hash);
}

static bool read_block(sqlite3_stmt *row, struct registry_row *found) {
    *found = (struct registry_row){
        .kind = REGISTRY_BLOCK,
        .since_s = read_time(row, 2),
    };
    registry_copy_text(row, 1, found->reason, sizeof found->reason);
    return row_value_blob(row, 0, found->info_hash, sizeof found->info_hash);
}

static bool read_passkey(sqlite3_stmt *row, struct registry_row *found) {
    *found = (struct registry_row){
        .kind = REGISTRY_PASSKEY,
        .since_s = read_time(row, 2),
    };
    registry_copy_text(row, 1, found->text, sizeof found->text);
    return row_value_blob(row, 0, found->digest, sizeof found->digest);
}

static bool read_ban(sqlite3_stmt *row, struct registry_row *found) {
    *found = (struct registry_row){
        .kind = REGISTRY_BAN,
        .since_s = read_time(row, 3),
    };
    registry_copy_text(row, 0, found->text, sizeof found->text);
    registry_copy_text(row, 1, found->reason, sizeof found->reason);
    return row_value_integer(row, 2, 0, ROW_VALUE_TIME_MAX, &found->until_s) &&
           network_parse(found->text, &found->network);
}

static bool read_machine(sqlite3_stmt *row, struct registry_row *found) {
    const char *text = (const char *)sqlite3_column_text(row, 0);
    struct endpoint address;
    if (text == NULL || !endpoint_parse_address(text, &address))
        return false;
    *found = registry_machine(&address);
    found->since_s = read_time(row, 2);
    copy_name(row, 1, found->text);
    return true;
}

static const struct {
    const char *columns;
    const char *where;
    const char *order;
    bool (*read)(sqlite3_stmt *row, struct registry_row *found);
} tables[REGISTRY_STORED_KINDS] = {
    [REGISTRY_TORRENT] = { "SELECT info_hash, name, added_s, size, file_id, privacy, file_node"
                           " FROM listed",
                           " WHERE info_hash = ?1", " ORDER BY name, info_hash", read_torrent },
    [REGISTRY_BLOCK] = { "SELECT info_hash, reason, created_s FROM blocked",
                         " WHERE info_hash = ?1", " ORDER BY info_hash", read_block },
    [REGISTRY_PASSKEY] = { "SELECT digest, label, created_s FROM passkey", " WHERE digest = ?1",
                           " ORDER BY label", read_passkey },
    [REGISTRY_BAN] = { "SELECT network, reason, until_s, created_s FROM ban", " WHERE network = ?1",
                       " ORDER BY network", read_ban },
    [REGISTRY_MACHINE] = { "SELECT address, name, created_s FROM machine", " WHERE address = ?1",
                           " ORDER BY name, address", read_machine },
};

struct row_visit {
    enum registry_kind kind;
    registry_visitor visit;
    void *context;
};

static bool visit_row(void *context, sqlite3_stmt *row) {
    const struct row_visit *visit = context;
    struct registry_row found;
    if (tables[visit->kind].read(row, &found))
        visit->visit(visit->context, &found);
    return true;
}

enum { SQL_LEN = 192 };

bool registry_rows_visit(struct registry_rows *rows, enum registry_kind kind,
                         registry_visitor visit, void *context) {
    struct row_visit all = { .kind = kind, .visit = visit, .context = context };
    char sql[SQL_LEN];
    snprintf(sql, sizeof sql, "%s%s", tables[kind].columns, tables[kind].order);
    return registry_each_row(rows, registry_prepare(rows, sql, ""), visit_row, &all);
}

struct row_search {
    struct registry_row *row;
    bool found;
};

static void keep_row(void *context, const struct registry_row *row) {
    struct row_search *search = context;
    *search->row = *row;
    search->found = true;
}

bool registry_rows_find(struct registry_rows *rows, struct registry_row *row, bool *found) {
    const enum registry_kind kind = row->kind;
    struct row_search search = { .row = row };
    struct row_visit visit = { .kind = kind, .visit = keep_row, .context = &search };
    char sql[SQL_LEN];
    snprintf(sql, sizeof sql, "%s%s", tables[kind].columns, tables[kind].where);
    if (!registry_each_row(rows, prepare_by_key(rows, row, sql), visit_row, &visit))
        return false;
    *found = search.found;
    return true;
}

static bool note_row(void *context, sqlite3_stmt *row) {
    (void)row;
    *(bool *)context = true;
    return true;
}

bool registry_rows_has_label(struct registry_rows *rows, const char *label, bool *found) {
    *found = false;
    return registry_each_row(
        rows, registry_prepare(rows, "SELECT 1 FROM passkey WHERE label = ?1", "t", label),
        note_row, found);
}

/* Marks. */

bool registry_rows_put_mark(struct registry_rows *rows, const struct registry_row *key,
                            const struct registry_mark *mark) {
    sqlite3_stmt *statement =
        prepare_by_key(rows, key,
                       "INSERT OR REPLACE INTO registry_mark"
                       " (key, kind, stamp, restriction, restricts, removed, aside)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    if (statement == NULL)
        return false;
    sqlite3_bind_int(statement, 2, (int)key->kind);
    sqlite3_bind_int64(statement, 3, (int64_t)mark->stamp);
    sqlite3_bind_int64(statement, 4, (int64_t)mark->restriction);
    sqlite3_bind_int(statement, 5, mark->restricts);
    sqlite3_bind_int(statement, 6, mark->removed);
    sqlite3_bind_int(statement, 7, mark->aside);
    return registry_finish(rows, statement);
}

/* False for an invalid row. */
static bool read_key(sqlite3_stmt *row, struct registry_row *key) {
    const int kind = sqlite3_column_int(row, 1);
    const char *text;
    struct endpoint address;
    *key = (struct registry_row){ .kind = (enum registry_kind)kind };
    switch (kind) {
    case REGISTRY_TORRENT:
    case REGISTRY_BLOCK:
        return row_value_blob(row, 0, key->info_hash, sizeof key->info_hash);
    case REGISTRY_PASSKEY:
        return row_value_blob(row, 0, key->digest, sizeof key->digest);
    case REGISTRY_BAN:
        text = (const char *)sqlite3_column_text(row, 0);
        return text != NULL && network_parse(text, &key->network);
    case REGISTRY_MACHINE:
        text = (const char *)sqlite3_column_text(row, 0);
        if (text == NULL || !endpoint_parse_address(text, &address))
            return false;
        *key = registry_machine(&address);
        return true;
    default:
        return false;
    }
}

struct mark_visit {
    registry_rows_mark_visitor visit;
    void *context;
};

static bool visit_mark(void *context, sqlite3_stmt *row) {
    const struct mark_visit *visit = context;
    struct registry_row key;
    const struct registry_mark mark = {
        .stamp = (uint64_t)sqlite3_column_int64(row, 2),
        .restriction = (uint64_t)sqlite3_column_int64(row, 3),
        .restricts = sqlite3_column_int(row, 4) != 0,
        .removed = sqlite3_column_int(row, 5) != 0,
        .aside = sqlite3_column_int(row, 6) != 0,
    };
    if (read_key(row, &key))
        visit->visit(visit->context, &key, &mark);
    return true;
}

bool registry_rows_visit_marks(struct registry_rows *rows, registry_rows_mark_visitor visit,
                               void *context) {
    struct mark_visit all = { .visit = visit, .context = context };
    return registry_each_row(
        rows,
        registry_prepare(rows,
                         "SELECT key, kind, stamp, restriction, restricts, removed, aside"
                         " FROM registry_mark",
                         ""),
        visit_mark, &all);
}

bool registry_rows_forget_removed(struct registry_rows *rows, uint64_t before) {
    return registry_finish(
        rows, registry_prepare(rows, "DELETE FROM registry_mark WHERE removed AND stamp < ?1", "i",
                               (int64_t)before));
}

bool registry_rows_forget_marks(struct registry_rows *rows) {
    return execute_sql(rows, "DELETE FROM registry_mark WHERE NOT aside");
}

struct file_copy {
    uint8_t *data;
    size_t len;
};

static bool copy_file_row(void *context, sqlite3_stmt *row) {
    struct file_copy *copy = context;
    if (sqlite3_column_type(row, 0) != SQLITE_BLOB ||
        sqlite3_column_bytes(row, 0) > REGISTRY_FILE_MAX)
        return true;
    copy->len = (size_t)sqlite3_column_bytes(row, 0);
    copy->data = malloc(copy->len + 1);
    if (copy->data != NULL && copy->len > 0)
        memcpy(copy->data, sqlite3_column_blob(row, 0), copy->len);
    return copy->data != NULL;
}

bool registry_rows_read_file(struct registry_rows *rows,
                             const uint8_t info_hash[static INFO_HASH_LEN], uint8_t **file,
                             size_t *len) {
    struct file_copy copy = { 0 };
    sqlite3_stmt *statement =
        registry_prepare(rows,
                         "SELECT content FROM torrent_file"
                         " WHERE id = (SELECT file_id FROM listed WHERE info_hash = ?1)",
                         "b", info_hash_bytes(info_hash));
    if (!registry_each_row(rows, statement, copy_file_row, &copy)) {
        free(copy.data);
        return false;
    }
    *file = copy.data;
    *len = copy.len;
    return true;
}
