#include "store/registry_query.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

bool registry_check(struct registry_rows *rows, bool good) {
    if (good)
        return true;
    rows->busy = sqlite3_errcode(rows->db) == SQLITE_BUSY;
    snprintf(rows->failure, sizeof rows->failure, "%s", sqlite3_errmsg(rows->db));
    return false;
}

static void bind_bytes(sqlite3_stmt *statement, int place, struct bytes bytes) {
    if (bytes.len > 0)
        sqlite3_bind_blob64(statement, place, bytes.data, bytes.len, SQLITE_STATIC);
}

sqlite3_stmt *registry_prepare(struct registry_rows *rows, const char *sql, const char *types,
                               ...) {
    sqlite3_stmt *statement = NULL;
    if (!registry_check(rows, sqlite3_prepare_v2(rows->db, sql, -1, &statement, NULL) == SQLITE_OK))
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

bool registry_finish(struct registry_rows *rows, sqlite3_stmt *statement) {
    if (statement == NULL)
        return false;
    const bool good = registry_check(rows, sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_finalize(statement);
    return good;
}

bool registry_finish_change(struct registry_rows *rows, sqlite3_stmt *statement, bool *found) {
    if (!registry_finish(rows, statement))
        return false;
    *found = sqlite3_changes(rows->db) > 0;
    return true;
}

void registry_copy_text(sqlite3_stmt *row, int column, char *text, size_t size) {
    const char *stored = (const char *)sqlite3_column_text(row, column);
    utf8_copy(bytes_of(stored == NULL ? "" : stored), text, size);
}

bool registry_each_row(struct registry_rows *rows, sqlite3_stmt *statement,
                       bool (*read)(void *context, sqlite3_stmt *row), void *context) {
    if (statement == NULL)
        return false;
    int result;
    bool good = true;
    while (good && (result = sqlite3_step(statement)) == SQLITE_ROW)
        good = read(context, statement);
    good = registry_check(rows, good && result == SQLITE_DONE);
    sqlite3_finalize(statement);
    return good;
}

static bool read_number(void *context, sqlite3_stmt *row) {
    *(int64_t *)context = sqlite3_column_int64(row, 0);
    return true;
}

bool registry_read_number(struct registry_rows *rows, const char *sql, int64_t *number) {
    return registry_each_row(rows, registry_prepare(rows, sql, ""), read_number, number);
}
