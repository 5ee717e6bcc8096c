#include "store/secret.h"

#include "store/row_value.h"

static const char READ_SECRET[] = "SELECT value FROM secret WHERE name = ?1";
static const char WRITE_SECRET[] = "INSERT OR REPLACE INTO secret (name, value) VALUES (?1, ?2)";

static bool read_secret(struct connection *connection, const char *name, void *secret, size_t len,
                        bool *existed) {
    sqlite3_stmt *row = connection_statement(connection, READ_SECRET);
    *existed = false;
    if (row == NULL)
        return false;
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    const int result = sqlite3_step(row);
    *existed = result == SQLITE_ROW && row_value_blob(row, 0, secret, len);
    sqlite3_reset(row);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

bool secret_exchange(struct connection *connection, const char *name, const void *secret,
                     void *previous, size_t len, bool *existed) {
    if (!read_secret(connection, name, previous, len, existed))
        return false;
    sqlite3_stmt *statement = connection_statement(connection, WRITE_SECRET);
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, secret, (int)len, SQLITE_STATIC);
    return connection_run(statement);
}
