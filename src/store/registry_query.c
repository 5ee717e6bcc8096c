#include "store/registry_query.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool registry_check(struct registry *registry, bool good) {
    if (good)
        return true;
    registry->busy = sqlite3_errcode(registry->db) == SQLITE_BUSY;
    snprintf(registry->failure, sizeof registry->failure, "%s", sqlite3_errmsg(registry->db));
    return false;
}

static void bind_bytes(sqlite3_stmt *statement, int place, struct bytes bytes) {
    if (bytes.len > 0)
        sqlite3_bind_blob64(statement, place, bytes.data, bytes.len, SQLITE_STATIC);
}

sqlite3_stmt *registry_prepare(struct registry *registry, const char *sql, const char *types, ...) {
    sqlite3_stmt *statement = NULL;
    if (!registry_check(registry,
                        sqlite3_prepare_v2(registry->db, sql, -1, &statement, NULL) == SQLITE_OK))
        return NULL;
    va_list values;
    va_start(values, types);
    for (int place = 1; *types != '\0'; types++, place++) {
        if (*types == 'b')
            bind_bytes(statement, place, va_arg(values, struct bytes));
        else if (*types == 't')
            sqlite3_bind_text(statement, place, va_arg(values, const char *), -1, SQLITE_TRANSIENT);
        else
            sqlite3_bind_int64(statement, place, va_arg(values, int64_t));
    }
    va_end(values);
    return statement;
}

bool registry_finish(struct registry *registry, sqlite3_stmt *statement) {
    if (statement == NULL)
        return false;
    const bool good = registry_check(registry, sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_finalize(statement);
    return good;
}

bool registry_finish_change(struct registry *registry, sqlite3_stmt *statement, bool *found) {
    if (!registry_finish(registry, statement))
        return false;
    *found = sqlite3_changes(registry->db) > 0;
    return true;
}

void registry_copy_text(sqlite3_stmt *row, int column, char *text, size_t size) {
    const char *stored = (const char *)sqlite3_column_text(row, column);
    assert(size > 0);
    text[0] = '\0';
    if (stored == NULL)
        return;
    size_t len = strlen(stored);
    if (len >= size) {
        len = size - 1;
        while (len > 0 && (stored[len] & 0xc0) == 0x80)
            len--;
    }
    snprintf(text, size, "%.*s", (int)len, stored);
}

bool registry_each_row(struct registry *registry, sqlite3_stmt *rows,
                       bool (*read)(void *context, sqlite3_stmt *row), void *context) {
    if (rows == NULL)
        return false;
    int result;
    bool good = true;
    while (good && (result = sqlite3_step(rows)) == SQLITE_ROW)
        good = read(context, rows);
    good = registry_check(registry, good && result == SQLITE_DONE);
    sqlite3_finalize(rows);
    return good;
}
