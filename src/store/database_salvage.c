#include "store/database_salvage.h"

#include <stdio.h>
#include <string.h>

#include "store/schema.h"

enum { SQL_LEN = 512, PIECE_ROWS = 10000 };

enum { TABLES_MAX = 5 };

/* What an operator registered, nobody else knows; up to a NULL, as the next. */
static const char *const registry_tables[TABLES_MAX + 1] = {
    "secret", "torrent_file", "listed", "passkey", "ban",
};

static const char *const history_tables[TABLES_MAX + 1] = {
    "completion",
    "sample",
    "torrent_sample",
};

static const char BLANK[] =
    "SELECT NOT EXISTS (SELECT 1 FROM peer)"
    " AND NOT EXISTS (SELECT 1 FROM torrent)"
    " AND NOT EXISTS (SELECT 1 FROM secret)"
    " AND NOT EXISTS (SELECT 1 FROM sample)"
    " AND NOT EXISTS (SELECT 1 FROM completion)"
    " AND (SELECT version FROM registry_version) = 1";

bool database_salvage_is_wanted(sqlite3 *to) {
    sqlite3_stmt *row = NULL;
    const bool blank = sqlite3_prepare_v2(to, BLANK, -1, &row, NULL) == SQLITE_OK &&
                       sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 0) == 1;
    sqlite3_finalize(row);
    return blank;
}

/* An INSERT for the columns that the rows have: an older version may have fewer. */
static sqlite3_stmt *prepare_insert(sqlite3 *to, const char *table, sqlite3_stmt *rows) {
    char names[SQL_LEN] = "";
    char places[SQL_LEN] = "";
    size_t len = 0;
    const int columns = sqlite3_column_count(rows);
    for (int i = 0; i < columns && len < sizeof names; i++) {
        const char *comma = i == 0 ? "" : ", ";
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", comma,
                                sqlite3_column_name(rows, i));
        snprintf(places + strlen(places), sizeof places - strlen(places), "%s?%d", comma, i + 1);
    }
    char sql[3 * SQL_LEN];
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO %s (%s) VALUES (%s)", table, names, places);
    sqlite3_stmt *insert = NULL;
    sqlite3_prepare_v2(to, sql, -1, &insert, NULL);
    return insert;
}

/* A row that our schema does not allow is damaged, and cannot be read. */
static bool insert_row(sqlite3_stmt *insert, sqlite3_stmt *row, bool *complete) {
    for (int i = 0; i < sqlite3_column_count(row); i++)
        sqlite3_bind_value(insert, i + 1, sqlite3_column_value(row, i));
    const int result = sqlite3_step(insert) & 0xff;
    sqlite3_reset(insert);
    if (result == SQLITE_CONSTRAINT)
        *complete = false;
    return result == SQLITE_DONE || result == SQLITE_CONSTRAINT;
}

/* What is committed need not wait in the -wal for the rest. */
static bool end_piece(sqlite3 *to) {
    return sqlite3_exec(to, "COMMIT; BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
}

static bool copy_rows(sqlite3_stmt *rows, sqlite3_stmt *insert, bool in_pieces, bool *complete) {
    int result;
    size_t count = 0;
    while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
        if (!insert_row(insert, rows, complete))
            return false;
        if (in_pieces && ++count % PIECE_ROWS == 0 && !end_piece(sqlite3_db_handle(insert)))
            return false;
    }
    if (result != SQLITE_DONE)
        *complete = false;
    return true;
}

/* A table that an older version has not is no loss. */
static bool copy_table(sqlite3 *from, sqlite3 *to, const char *table, bool in_pieces,
                       bool *complete) {
    char sql[SQL_LEN];
    snprintf(sql, sizeof sql, "SELECT * FROM %s", table);
    sqlite3_stmt *rows = NULL;
    const int result = sqlite3_prepare_v2(from, sql, -1, &rows, NULL);
    if (result != SQLITE_OK) {
        *complete = *complete && result == SQLITE_ERROR;
        return true;
    }
    sqlite3_stmt *insert = prepare_insert(to, table, rows);
    const bool good = insert != NULL && copy_rows(rows, insert, in_pieces, complete);
    sqlite3_finalize(insert);
    sqlite3_finalize(rows);
    return good;
}

/* In one transaction, or in as many as keep each of them small. */
static bool copy_tables(sqlite3 *from, sqlite3 *to, const char *const *tables, bool in_pieces,
                        bool *complete) {
    bool good = sqlite3_exec(to, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    for (; good && *tables != NULL; tables++)
        good = copy_table(from, to, *tables, in_pieces, complete);
    good = good && sqlite3_exec(to, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    if (!good)
        sqlite3_exec(to, "ROLLBACK", NULL, NULL, NULL);
    return good;
}

/* The registry's version goes up, so that its readers look again. The history may be large, and
 * where there is no room for it, the rest is all the more worth keeping. */
bool database_salvage(sqlite3 *from, sqlite3 *to, bool *complete) {
    *complete = true;
    if (!copy_tables(from, to, registry_tables, false, complete))
        return false;
    if (!copy_tables(from, to, history_tables, true, complete))
        *complete = false;
    return true;
}
