/* Values of the current row of a statement. The file is not trusted: these return false if the
 * value has another type, length or range; the output is then unchanged. One thread at a time per
 * statement. */
#ifndef SKEP_STORE_ROW_VALUE_H
#define SKEP_STORE_ROW_VALUE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The end of the year 9999: the largest Unix time that is read. */
#define ROW_VALUE_TIME_MAX INT64_C(253402300799)

bool row_value_blob(sqlite3_stmt *row, int column, void *data, size_t len);
bool row_value_integer(sqlite3_stmt *row, int column, int64_t min, int64_t max, int64_t *number);
bool row_value_u32(sqlite3_stmt *row, int column, uint32_t max, uint32_t *number);

/* A finite number that is not negative, of either type. */
bool row_value_amount(sqlite3_stmt *row, int column, double *amount);

#endif
