#include "store/schema.h"

#include <stdio.h>
#include <string.h>

#include "store/swarm_packing.h"

enum { SQL_LEN = 256 };

#define COUNT_CHANGE(table, event)                                                                 \
    "CREATE TRIGGER " table "_" event " AFTER " event " ON " table                                 \
    " BEGIN UPDATE registry_version SET version = version + 1; END;"
#define COUNT_CHANGES(table)                                                                       \
    COUNT_CHANGE(table, "INSERT") COUNT_CHANGE(table, "UPDATE") COUNT_CHANGE(table, "DELETE")
/* A change of an entry outside of a cluster: its mark has no stamp, unless one is written after it.
 * A restriction that is known stays known. */
#define CLEAR_STAMP(table, kind, column, event, row)                                               \
    "CREATE TRIGGER " table "_mark_" event " AFTER " event " ON " table                            \
    " BEGIN UPDATE registry_mark SET stamp = 0,"                                                   \
    " restriction = iif(restricts AND stamp, stamp, restriction)"                                  \
    " WHERE kind = " kind " AND key = " row "." column "; END;"
#define CLEAR_STAMPS(table, kind, column)                                                          \
    CLEAR_STAMP(table, kind, column, "INSERT", "NEW")                                              \
    CLEAR_STAMP(table, kind, column, "UPDATE", "NEW")                                              \
    CLEAR_STAMP(table, kind, column, "DELETE", "OLD")
#define DROP_UNUSED_FILE(name, event)                                                              \
    "CREATE TRIGGER listed_file_" name " AFTER " event                                             \
    " ON listed WHEN OLD.file_id IS NOT NULL"                                                      \
    " AND NOT EXISTS (SELECT 1 FROM listed WHERE file_id = OLD.file_id)"                           \
    " BEGIN DELETE FROM torrent_file WHERE id = OLD.file_id; END;"

/* SQLite 3.40 has no function that makes a byte of a number. */
#define ALL_BYTES                                                                                  \
    "x'"                                                                                           \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"                             \
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"                             \
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"                             \
    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"                             \
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"                             \
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"                             \
    "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"                             \
    "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"                             \
    "'"
#define NEXT_BYTE(number, shift) " || substr(all_bytes, 1 + ((" number " >> " shift ") & 255), 1)"
#define NEXT_HALF(number, a, b, c, d)                                                              \
    NEXT_BYTE(number, a) NEXT_BYTE(number, b) NEXT_BYTE(number, c) NEXT_BYTE(number, d)
#define NEXT_NUMBER(number)                                                                        \
    NEXT_HALF(number, "56", "48", "40", "32") NEXT_HALF(number, "24", "16", "8", "0")
#define PACKED_COMPLETION "info_hash" NEXT_NUMBER("identity") NEXT_NUMBER("stamp")

const char *const schema_steps[] = {
    /* WITHOUT ROWID: rows are stored in the B-tree of the primary key, so that a peer costs one
     * tree access. An endpoint is in wire format. */
    "CREATE TABLE torrent ("
    "  info_hash  BLOB PRIMARY KEY,"
    "  downloaded INTEGER NOT NULL"
    ") WITHOUT ROWID;"
    "CREATE TABLE peer ("
    "  info_hash BLOB NOT NULL,"
    "  endpoint  BLOB NOT NULL,"
    "  peer_id   BLOB NOT NULL,"
    "  key       INTEGER NOT NULL,"
    "  left      INTEGER NOT NULL,"
    "  paused    INTEGER NOT NULL,"
    "  counted   INTEGER NOT NULL,"
    "  PRIMARY KEY (info_hash, endpoint)"
    ") WITHOUT ROWID;",
    "CREATE TABLE secret ("
    "  name  TEXT PRIMARY KEY,"
    "  value BLOB NOT NULL"
    ") WITHOUT ROWID;",
    /* The registry. Triggers increase its version with each change of any process, so that a reader
     * can detect a change by one number. */
    ("CREATE TABLE listed ("
     "  info_hash BLOB PRIMARY KEY,"
     "  name      TEXT NOT NULL,"
     "  added_s   INTEGER NOT NULL"
     ") WITHOUT ROWID;"
     "CREATE TABLE passkey ("
     "  digest    BLOB PRIMARY KEY,"
     "  label     TEXT NOT NULL UNIQUE,"
     "  created_s INTEGER NOT NULL"
     ") WITHOUT ROWID;"
     "CREATE TABLE ban ("
     "  network   TEXT PRIMARY KEY,"
     "  reason    TEXT NOT NULL,"
     "  until_s   INTEGER NOT NULL,"
     "  created_s INTEGER NOT NULL"
     ") WITHOUT ROWID;"
     "CREATE TABLE registry_version (version INTEGER NOT NULL);"
     "INSERT INTO registry_version VALUES (1);" //
     COUNT_CHANGES("listed") COUNT_CHANGES("passkey") COUNT_CHANGES("ban")),
    /* When a torrent lost its last peer (Unix time; 0: unknown), and the interval in a peer's last
     * response. */
    "ALTER TABLE torrent ADD COLUMN idle_since_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE peer ADD COLUMN interval_s INTEGER NOT NULL DEFAULT 0;",
    /* The history, sizes and files of registered torrents, and the time at which a peer joined
     * (Unix time; 0: unknown). A sample's columns are sums over `samples` values. A trigger deletes
     * a file with the last row of `listed` that refers to it. */
    ("CREATE TABLE sample ("
     "  period_s        INTEGER NOT NULL,"
     "  at_s            INTEGER NOT NULL,"
     "  samples         INTEGER NOT NULL,"
     "  torrents        REAL NOT NULL,"
     "  peers           REAL NOT NULL,"
     "  seeders         REAL NOT NULL,"
     "  leechers        REAL NOT NULL,"
     "  announces_per_s REAL NOT NULL,"
     "  upload_rate     REAL NOT NULL,"
     "  download_rate   REAL NOT NULL,"
     "  PRIMARY KEY (period_s, at_s)"
     ") WITHOUT ROWID;"
     "CREATE TABLE torrent_sample ("
     "  period_s      INTEGER NOT NULL,"
     "  at_s          INTEGER NOT NULL,"
     "  info_hash     BLOB NOT NULL,"
     "  samples       INTEGER NOT NULL,"
     "  seeders       INTEGER NOT NULL,"
     "  leechers      INTEGER NOT NULL,"
     "  downloaded    INTEGER NOT NULL," /* maximum, not a sum */
     "  upload_rate   INTEGER NOT NULL,"
     "  download_rate INTEGER NOT NULL,"
     "  PRIMARY KEY (period_s, at_s, info_hash)"
     ") WITHOUT ROWID;"
     "CREATE TABLE completion ("
     "  id        INTEGER PRIMARY KEY,"
     "  at_s      INTEGER NOT NULL,"
     "  info_hash BLOB NOT NULL,"
     "  peer_id   BLOB NOT NULL,"
     "  endpoint  BLOB NOT NULL"
     ");"
     "CREATE INDEX completion_torrent ON completion (info_hash);"
     "CREATE TABLE torrent_file ("
     "  id      INTEGER PRIMARY KEY,"
     "  digest  BLOB NOT NULL UNIQUE," /* SHA-256 of the content */
     "  content BLOB NOT NULL"
     ");"
     "ALTER TABLE listed ADD COLUMN size INTEGER;"
     "ALTER TABLE listed ADD COLUMN file_id INTEGER;"
     "CREATE INDEX listed_file ON listed (file_id);" //
     DROP_UNUSED_FILE("DELETE", "DELETE") DROP_UNUSED_FILE("UPDATE", "UPDATE OF file_id")
         COUNT_CHANGES("torrent_file") //
     "ALTER TABLE peer ADD COLUMN since_s INTEGER NOT NULL DEFAULT 0;"),
    /* Blocked torrents, and the first 8 bytes of the digest of a peer's passkey (0: unknown). */
    ("CREATE TABLE blocked ("
     "  info_hash BLOB PRIMARY KEY,"
     "  reason    TEXT NOT NULL,"
     "  created_s INTEGER NOT NULL"
     ") WITHOUT ROWID;" COUNT_CHANGES("blocked") //
     "ALTER TABLE peer ADD COLUMN passkey INTEGER NOT NULL DEFAULT 0;"),
    /* Names of machines, by IP address. */
    ("CREATE TABLE machine ("
     "  address   TEXT PRIMARY KEY,"
     "  name      TEXT NOT NULL,"
     "  created_s INTEGER NOT NULL"
     ") WITHOUT ROWID;" COUNT_CHANGES("machine")),
    /* The latest changes of the tables `torrent` and `peer`, which may lack them; see swarm_log.h.
     */
    "CREATE TABLE swarm_log ("
    "  id      INTEGER PRIMARY KEY,"
    "  changes BLOB NOT NULL"
    ");",
    /* Whether a torrent is private, as enum registry_privacy; NULL: unknown. Its file says
       7:privatei1e, or another number than 0, if it is. */
    "ALTER TABLE listed ADD COLUMN privacy INTEGER;"
    "UPDATE listed SET privacy = (SELECT 1 + (instr(content, CAST('7:privatei' AS BLOB)) > 0"
    "  AND instr(content, CAST('7:privatei0e' AS BLOB)) = 0)"
    " FROM torrent_file WHERE id = file_id) WHERE file_id IS NOT NULL;",
    /* Marks of the registry's entries, also of removed ones, in a cluster; see
     * swarm/registry_mark.h. `key` is that of the entry's table. Two nodes may give one label to
     * two passkeys. The node that has a torrent's file; NULL: this one. */
    ("CREATE TABLE registry_mark ("
     "  kind        INTEGER NOT NULL,"
     "  key         NOT NULL,"
     "  stamp       INTEGER NOT NULL,"
     "  restriction INTEGER NOT NULL,"
     "  restricts   INTEGER NOT NULL,"
     "  removed     INTEGER NOT NULL,"
     "  aside       INTEGER NOT NULL,"
     "  PRIMARY KEY (kind, key)"
     ") WITHOUT ROWID;"
     "CREATE TABLE passkey_copy ("
     "  digest    BLOB PRIMARY KEY,"
     "  label     TEXT NOT NULL,"
     "  created_s INTEGER NOT NULL"
     ") WITHOUT ROWID;"
     "INSERT INTO passkey_copy SELECT digest, label, created_s FROM passkey;"
     "DROP TABLE passkey;"
     "ALTER TABLE passkey_copy RENAME TO passkey;"
     "CREATE INDEX passkey_label ON passkey (label);" COUNT_CHANGES("passkey") //
     "ALTER TABLE listed ADD COLUMN file_node INTEGER;"                        //
     CLEAR_STAMPS("listed", "0", "info_hash") CLEAR_STAMPS("blocked", "1", "info_hash")
         CLEAR_STAMPS("passkey", "2", "digest") CLEAR_STAMPS("ban", "3", "network")
             CLEAR_STAMPS("machine", "4", "address")),
    /* Download counts of a cluster, by torrent and node, and the completions that are known; see
     * cluster_rows.h. Without a cluster, they are empty. */
    "CREATE TABLE cluster_counter ("
    "  info_hash  BLOB NOT NULL,"
    "  node       INTEGER NOT NULL,"
    "  counted    INTEGER NOT NULL,"
    "  taken_back INTEGER NOT NULL,"
    "  PRIMARY KEY (info_hash, node)"
    ") WITHOUT ROWID;"
    "CREATE TABLE cluster_completion ("
    "  stamp     INTEGER NOT NULL,"
    "  identity  INTEGER NOT NULL,"
    "  info_hash BLOB NOT NULL,"
    "  PRIMARY KEY (stamp, identity)"
    ") WITHOUT ROWID;",
    /* The latest counts of a cluster, packed, which are not in the rows of cluster_counter yet; and
     * many completions in one row. */
    ("CREATE TABLE cluster_log ("
     "  id       INTEGER PRIMARY KEY,"
     "  counters BLOB NOT NULL"
     ");"
     "CREATE TABLE completion_copy ("
     "  id          INTEGER PRIMARY KEY,"
     "  completions BLOB NOT NULL"
     ");"
     "WITH byte (all_bytes) AS (VALUES (" ALL_BYTES "))"
     " INSERT INTO completion_copy SELECT max(stamp),"
     " CAST(group_concat(CAST(" PACKED_COMPLETION " AS TEXT), '') AS BLOB)"
     " FROM cluster_completion, byte WHERE length(info_hash) = 20 HAVING count(*) > 0;"
     "DROP TABLE cluster_completion;"
     "ALTER TABLE completion_copy RENAME TO cluster_completion;"),
    /* Many torrents and peers in a row, see swarm_rows.h. */
    "CREATE TABLE swarm ("
    "  id      INTEGER PRIMARY KEY,"
    "  first   BLOB NOT NULL UNIQUE,"
    "  entries BLOB NOT NULL"
    ");"
    "SELECT pack_swarms();"
    "DROP TABLE torrent;"
    "DROP TABLE peer;",
};

const int schema_version = sizeof schema_steps / sizeof *schema_steps;

const struct schema_table schema_tables[] = {
    { "swarm", "id, first, entries", SALVAGE_NONE },
    { "swarm_log", "id, changes", SALVAGE_NONE },
    { "registry_version", "version", SALVAGE_NONE },
    { "secret", "name, value", SALVAGE_FIRST },
    { "torrent_file", "id, digest, content", SALVAGE_FIRST },
    { "listed", "info_hash, name, added_s, size, file_id, privacy, file_node", SALVAGE_FIRST },
    { "passkey", "digest, label, created_s", SALVAGE_FIRST },
    { "ban", "network, reason, until_s, created_s", SALVAGE_FIRST },
    { "blocked", "info_hash, reason, created_s", SALVAGE_FIRST },
    { "machine", "address, name, created_s", SALVAGE_FIRST },
    { "registry_mark", "kind, key, stamp, restriction, restricts, removed, aside", SALVAGE_FIRST },
    { "cluster_counter", "info_hash, node, counted, taken_back", SALVAGE_PIECES },
    { "cluster_log", "id, counters", SALVAGE_PIECES },
    { "cluster_completion", "id, completions", SALVAGE_PIECES },
    { "completion", "id, at_s, info_hash, peer_id, endpoint", SALVAGE_PIECES },
    { "sample",
      "period_s, at_s, samples, torrents, peers, seeders, leechers, announces_per_s, upload_rate, "
      "download_rate",
      SALVAGE_PIECES },
    { "torrent_sample",
      "period_s, at_s, info_hash, samples, seeders, leechers, downloaded, upload_rate, "
      "download_rate",
      SALVAGE_PIECES },
};

const size_t schema_table_count = sizeof schema_tables / sizeof *schema_tables;

bool schema_has_tables(sqlite3 *db) {
    for (size_t i = 0; i < schema_table_count; i++) {
        char sql[SQL_LEN];
        snprintf(sql, sizeof sql, "SELECT %s FROM %s LIMIT 0", schema_tables[i].columns,
                 schema_tables[i].name);
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
            return false;
    }
    return true;
}

/* False if the database cannot be read. */
static bool read_number(sqlite3 *db, const char *sql, int *number) {
    sqlite3_stmt *statement = NULL;
    const bool good = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
                      sqlite3_step(statement) == SQLITE_ROW;
    if (good)
        *number = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return good;
}

bool schema_is_blank(sqlite3 *db) {
    int version = 0;
    if (!read_number(db, "SELECT version FROM registry_version", &version) || version != 1)
        return false;
    for (size_t i = 0; i < schema_table_count; i++) {
        char sql[SQL_LEN];
        int has_rows = 0;
        snprintf(sql, sizeof sql, "SELECT EXISTS (SELECT 1 FROM %s)", schema_tables[i].name);
        if (strcmp(schema_tables[i].name, "registry_version") != 0 &&
            (!read_number(db, sql, &has_rows) || has_rows != 0))
            return false;
    }
    return true;
}

bool schema_is_damage(int result) {
    const int kind = result & 0xff;
    return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || result == SQLITE_IOERR_SHORT_READ;
}

static enum schema_result refuse_database(char error[static ERROR_LEN], const char *why) {
    error_set(error, "%s", why);
    return SCHEMA_REFUSED;
}

static enum schema_result explain_error(sqlite3 *db, char error[static ERROR_LEN]) {
    const int result = sqlite3_extended_errcode(db);
    if (result == SQLITE_NOTADB)
        refuse_database(error, "not an SQLite database; use another path");
    else
        refuse_database(error, sqlite3_errmsg(db));
    return schema_is_damage(result) ? SCHEMA_DAMAGED : SCHEMA_REFUSED;
}

static enum schema_result check_owner(sqlite3 *db, int count, int *version,
                                      char error[static ERROR_LEN]) {
    int application_id = 0;
    int tables = 0;
    if (!read_number(db, "SELECT count(*) FROM sqlite_master", &tables) ||
        !read_number(db, "PRAGMA application_id", &application_id) ||
        !read_number(db, "PRAGMA user_version", version))
        return explain_error(db, error);
    const bool empty = tables == 0 && application_id == 0 && *version == 0;
    if (!empty && application_id != SCHEMA_APPLICATION_ID)
        return refuse_database(error, "the database belongs to another program; use another path");
    if (*version < 0)
        return refuse_database(error, "the schema version is negative");
    if (*version > count) {
        error_set(error, "the database is from a newer skepd (schema version %d, supported: %d)",
                  *version, count);
        return SCHEMA_REFUSED;
    }
    return SCHEMA_GOOD;
}

static enum schema_result apply_step(sqlite3 *db, const char *step, int version,
                                     char error[static ERROR_LEN]) {
    char numbers[96];
    snprintf(numbers, sizeof numbers, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             SCHEMA_APPLICATION_ID, version);
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, step, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, numbers, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return SCHEMA_GOOD;
    const enum schema_result result = explain_error(db, error);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

enum schema_result schema_migrate(sqlite3 *db, const char *const *steps, int count,
                                  char error[static ERROR_LEN]) {
    int version = 0;
    enum schema_result result = check_owner(db, count, &version, error);
    if (result == SCHEMA_GOOD && version < count && swarm_packing_define(db) != SQLITE_OK)
        result = explain_error(db, error);
    for (; result == SCHEMA_GOOD && version < count; version++)
        result = apply_step(db, steps[version], version + 1, error);
    return result;
}
