#include "store/database_salvage.h"

#include <stdio.h>
#include <string.h>

#include "store/schema.h"

enum { SQL_LEN = 512, PIECE_ROWS = 10000 };

/* Names the columns of the old rows: an older version may have fewer. */
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

/* Skips a row that violates a constraint of the schema: it is damaged. */
static bool insert_row(sqlite3_stmt *insert, sqlite3_stmt *row, bool *complete) {
    for (int i = 0; i < sqlite3_column_count(row); i++)
        sqlite3_bind_value(insert, i + 1, sqlite3_column_value(row, i));
    const int result = sqlite3_step(insert) & 0xff;
    sqlite3_reset(insert);
    if (result == SQLITE_CONSTRAINT)
        *complete = false;
    return result == SQLITE_DONE || result == SQLITE_CONSTRAINT;
}

/* Commits in between, so that the -wal stays small. */
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

/* A table that is missing in an older version is not a loss, unlike a table with other columns. */
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
    const bool good = insert == NULL || copy_rows(rows, insert, in_pieces, complete);
    *complete = *complete && insert != NULL;
    sqlite3_finalize(insert);
    sqlite3_finalize(rows);
    return good;
}

/* Copies all tables of one kind, in one transaction or, for SALVAGE_PIECES, in several. */
static bool copy_tables(sqlite3 *from, sqlite3 *to, enum schema_salvage kind, bool *complete) {
    bool good = sqlite3_exec(to, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    for (size_t i = 0; good && i < schema_table_count; i++) {
        if (schema_tables[i].salvage == kind)
            good = copy_table(from, to, schema_tables[i].name, kind == SALVAGE_PIECES, complete);
    }
    good = good && sqlite3_exec(to, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    if (!good)
        sqlite3_exec(to, "ROLLBACK", NULL, NULL, NULL);
    return good;
}

/* The triggers of the new file increase the registry's version, so that its readers load it. */
bool database_salvage(sqlite3 *from, sqlite3 *to, bool *complete) {
    *complete = true;
    if (!copy_tables(from, to, SALVAGE_FIRST, complete))
        return false;
    if (!copy_tables(from, to, SALVAGE_PIECES, complete))
        *complete = false;
    return true;
}
