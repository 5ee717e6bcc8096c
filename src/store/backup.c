#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/schema.h"

enum { TIMEOUT_MS = 5000, PATH_LEN = 4096 };

static bool has_our_id(sqlite3 *db) {
    sqlite3_stmt *query = NULL;
    const bool ours =
        sqlite3_prepare_v2(db, "PRAGMA application_id", -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW && sqlite3_column_int(query, 0) == SCHEMA_APPLICATION_ID;
    sqlite3_finalize(query);
    return ours;
}

/* VACUUM INTO reads one snapshot. SQLite's backup API starts again at each commit of another
 * process, so that it might never finish under load. */
static bool vacuum_into(sqlite3 *db, const char *path) {
    sqlite3_stmt *vacuum = NULL;
    const bool good = sqlite3_prepare_v2(db, "VACUUM INTO ?", -1, &vacuum, NULL) == SQLITE_OK &&
                      sqlite3_bind_text(vacuum, 1, path, -1, SQLITE_STATIC) == SQLITE_OK &&
                      sqlite3_step(vacuum) == SQLITE_DONE;
    return sqlite3_finalize(vacuum) == SQLITE_OK && good;
}

/* Also on failure, the caller closes `*db`. */
static bool open_database(const char *database, sqlite3 **db, char error[static ERROR_LEN]) {
    const bool good = sqlite3_open_v2(database, db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                      sqlite3_busy_timeout(*db, TIMEOUT_MS) == SQLITE_OK;
    if (good && has_our_id(*db))
        return true;
    if (good && sqlite3_errcode(*db) == SQLITE_OK)
        return error_set(error, "database %.200s: not a database of skep", database);
    return error_set(error, "database %.200s: %.250s", database, sqlite3_errmsg(*db));
}

static bool copy_database(const char *database, const char *path, char error[static ERROR_LEN]) {
    sqlite3 *db = NULL;
    bool good = open_database(database, &db, error);
    if (good && !vacuum_into(db, path))
        good = error_set(error, "database %.200s: %.250s", database, sqlite3_errmsg(db));
    sqlite3_close(db);
    return good;
}

bool backup_check(const char *database, char error[static ERROR_LEN]) {
    sqlite3 *db = NULL;
    sqlite3_stmt *check = NULL;
    bool good = open_database(database, &db, error);
    if (good && (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &check, NULL) != SQLITE_OK ||
                 sqlite3_step(check) != SQLITE_ROW))
        good = error_set(error, "database %.200s: %.250s", database, sqlite3_errmsg(db));
    else if (good && strcmp((const char *)sqlite3_column_text(check, 0), "ok") != 0)
        good = error_set(error, "database %.200s: %.250s", database,
                         (const char *)sqlite3_column_text(check, 0));
    sqlite3_finalize(check);
    sqlite3_close(db);
    return good;
}

static bool move_file(int fd, const char *from, const char *to, bool replace,
                      char error[static ERROR_LEN]) {
    if (fsync(fd) == 0 &&
        renameat2(AT_FDCWD, from, AT_FDCWD, to, replace ? 0 : RENAME_NOREPLACE) == 0)
        return true;
    return error_set(error, "%.400s: %s", to, strerror(errno));
}

bool backup_write(const char *database, const char *path, bool replace,
                  char error[static ERROR_LEN]) {
    char temporary[PATH_LEN];
    const int len = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    const int fd = len < PATH_LEN ? mkostemp(temporary, O_CLOEXEC) : -1;
    if (fd < 0)
        return error_set(error, "%.400s: %s", path,
                         strerror(len < PATH_LEN ? errno : ENAMETOOLONG));
    const bool good =
        copy_database(database, temporary, error) && move_file(fd, temporary, path, replace, error);
    if (!good)
        unlink(temporary);
    close(fd);
    return good;
}
