#include "store/row_value.h"

#include <string.h>

/* Far above any sum, and far from what a double cannot add to. */
#define AMOUNT_MAX 1e30

bool row_value_blob(sqlite3_stmt *row, int column, void *data, size_t len) {
    sqlite3_value *value = sqlite3_column_value(row, column);
    if (sqlite3_value_type(value) != SQLITE_BLOB || sqlite3_value_bytes(value) != (int)len)
        return false;
    memcpy(data, sqlite3_value_blob(value), len);
    return true;
}

bool row_value_integer(sqlite3_stmt *row, int column, int64_t min, int64_t max, int64_t *number) {
    sqlite3_value *value = sqlite3_column_value(row, column);
    const int64_t found = sqlite3_value_int64(value);
    if (sqlite3_value_type(value) != SQLITE_INTEGER || found < min || found > max)
        return false;
    *number = found;
    return true;
}

bool row_value_u32(sqlite3_stmt *row, int column, uint32_t max, uint32_t *number) {
    int64_t found;
    if (!row_value_integer(row, column, 0, max, &found))
        return false;
    *number = (uint32_t)found;
    return true;
}

bool row_value_amount(sqlite3_stmt *row, int column, double *amount) {
    const int type = sqlite3_column_type(row, column);
    const double found = sqlite3_column_double(row, column);
    if ((type != SQLITE_INTEGER && type != SQLITE_FLOAT) || !(found >= 0 && found <= AMOUNT_MAX))
        return false;
    *amount = found;
    return true;
}
