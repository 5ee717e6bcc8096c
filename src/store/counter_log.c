#include "store/counter_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/radix_sort.h"

static const char APPEND[] = "INSERT INTO cluster_log (counters) VALUES (?1)";
static const char READ_LOG[] = "SELECT counters FROM cluster_log ORDER BY id";
static const char CLEAR_LOG[] = "DELETE FROM cluster_log";
static const char PUT_COUNTER[] =
    "INSERT INTO cluster_counter (info_hash, node, counted, taken_back) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (info_hash, node) DO UPDATE SET counted = max(counted, excluded.counted),"
    " taken_back = max(taken_back, excluded.taken_back)";
static const char DROP_TORRENT[] = "DELETE FROM cluster_counter WHERE info_hash = ?1";

struct bytes packed_rows_of(sqlite3_stmt *row) {
    const struct bytes packed = { .data = sqlite3_column_blob(row, 0),
                                  .len = (size_t)sqlite3_column_bytes(row, 0) };
    const bool valid =
        sqlite3_column_type(row, 0) == SQLITE_BLOB && packed.len % PACKED_ROW_LEN == 0;
    return valid ? packed : (struct bytes){ .len = 0 };
}

bool packed_rows_add(struct packed_rows *rows, struct bytes packed) {
    if (packed.len == 0)
        return true;
    uint8_t *data = array_grow(rows->data, &rows->capacity, rows->len + packed.len, 1);
    if (data == NULL)
        return false;
    memcpy(data + rows->len, packed.data, packed.len);
    rows->data = data;
    rows->len += packed.len;
    return true;
}

bool counter_log_append(struct connection *connection, struct bytes packed) {
    sqlite3_stmt *append = connection_statement(connection, APPEND);
    sqlite3_bind_blob64(append, 1, packed.data, packed.len, SQLITE_STATIC);
    return connection_run(append);
}

static bool read_log(struct connection *connection, struct packed_rows *log) {
    sqlite3_stmt *row = connection_statement(connection, READ_LOG);
    int result = SQLITE_ERROR;
    while (row != NULL && (result = sqlite3_step(row)) == SQLITE_ROW &&
           packed_rows_add(log, packed_rows_of(row)))
        continue;
    sqlite3_reset(row);
    return result == SQLITE_DONE;
}

static uint64_t node_of(const uint8_t *packed) {
    return load_u64(packed + INFO_HASH_LEN);
}

/* By torrent, then in the order of the log, where they are neighbours. */
static int compare_by_torrent(const void *a, const void *b) {
    const uint8_t *const one = *(const uint8_t *const *)a;
    const uint8_t *const other = *(const uint8_t *const *)b;
    const int order = memcmp(one, other, INFO_HASH_LEN);
    return order != 0 ? order : (one > other) - (one < other);
}

static int compare_by_node(const void *a, const void *b) {
    return memcmp(*(const uint8_t *const *)a + INFO_HASH_LEN,
                  *(const uint8_t *const *)b + INFO_HASH_LEN, 8);
}

static bool write_counter(struct connection *connection, const uint8_t *info_hash, uint64_t node,
                          uint32_t counted, uint32_t taken_back) {
    sqlite3_stmt *put = connection_statement(connection, PUT_COUNTER);
    sqlite3_bind_blob(put, 1, info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, (sqlite3_int64)node);
    sqlite3_bind_int64(put, 3, counted);
    sqlite3_bind_int64(put, 4, taken_back);
    return connection_run(put);
}

static bool drop_torrent(struct connection *connection, const uint8_t *info_hash) {
    sqlite3_stmt *drop = connection_statement(connection, DROP_TORRENT);
    sqlite3_bind_blob(drop, 1, info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    return connection_run(drop);
}

static uint32_t greater_of(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* Writes the greatest numbers of each node. */
static bool write_counters(struct connection *connection, const uint8_t **list, size_t count) {
    bool good = true;
    qsort(list, count, sizeof *list, compare_by_node);
    for (size_t at = 0; at < count && good;) {
        const uint8_t *first = list[at];
        uint32_t counted = 0;
        uint32_t taken_back = 0;
        for (; at < count && compare_by_node(&first, &list[at]) == 0; at++) {
            counted = greater_of(counted, load_u32(list[at] + INFO_HASH_LEN + 8));
            taken_back = greater_of(taken_back, load_u32(list[at] + INFO_HASH_LEN + 12));
        }
        good = write_counter(connection, first, node_of(first), counted, taken_back);
    }
    return good;
}

/* The counts from before the torrent was forgotten are dropped. */
static bool fold_torrent(struct connection *connection, const uint8_t **list, size_t count) {
    size_t start = count;
    while (start > 0 && node_of(list[start - 1]) != 0)
        start--;
    return (start == 0 || drop_torrent(connection, list[0])) &&
           write_counters(connection, list + start, count - start);
}

/* Lists the rows; mostly by the first bytes of the info_hashes, since a busy log is long. */
static void sort_by_torrent(const uint8_t *rows, size_t count, struct radix_item *items,
                            const uint8_t **list) {
    for (size_t i = 0; i < count; i++)
        items[i] = (struct radix_item){ load_u64(rows + i * PACKED_ROW_LEN), (uint32_t)i };
    radix_sort(items, items + count, count);
    for (size_t i = 0; i < count; i++)
        list[i] = rows + (size_t)items[i].position * PACKED_ROW_LEN;
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && items[end].key == items[at].key;)
            end++;
        qsort(list + at, end - at, sizeof *list, compare_by_torrent);
    }
}

static bool fold_rows(struct connection *connection, const struct packed_rows *log) {
    const size_t count = log->len / PACKED_ROW_LEN;
    const uint8_t **list = malloc((count + 1) * sizeof *list);
    struct radix_item *items = malloc(2 * (count + 1) * sizeof *items);
    bool good = list != NULL && items != NULL;
    if (good)
        sort_by_torrent(log->data, count, items, list);
    for (size_t at = 0, end; at < count && good; at = end) {
        for (end = at + 1; end < count && memcmp(list[at], list[end], INFO_HASH_LEN) == 0;)
            end++;
        good = fold_torrent(connection, list + at, end - at);
    }
    free(items);
    free(list);
    return good;
}

bool counter_log_fold(struct connection *connection) {
    struct packed_rows log = { 0 };
    const bool good = read_log(connection, &log) && fold_rows(connection, &log) &&
                      connection_run(connection_statement(connection, CLEAR_LOG));
    free(log.data);
    return good;
}
