#include "store/swarm_rows.h"

#include <math.h>
#include <string.h>

#include "store/packed_change.h"
#include "store/swarm_key.h"
#include "store/swarm_log.h"

/* The row that has a key, or the first above it, and the row that follows. */
static const char READ[] =
    "SELECT id, first, entries FROM swarm WHERE first < ?3 AND first >="
    " coalesce((SELECT max(first) FROM swarm WHERE first >= ?2 AND first <= ?1), ?1)"
    " ORDER BY first LIMIT 2";
static const char ADD[] = "INSERT INTO swarm (first, entries) VALUES (?1, ?2)";
static const char UPDATE[] = "UPDATE swarm SET entries = ?2 WHERE id = ?1";
static const char DROP[] = "DELETE FROM swarm WHERE id = ?1";

/* Merges changes into rows, one row after the other. */
struct row_merge {
    struct connection *connection;
    const struct latest_changes *latest;
    const struct radix_item *order;
    size_t done; /* changes that are merged */
    int64_t at_s;
    unsigned range;
    const struct change *cleared; /* the last torrent whose peers are gone */

    /* The row that is read. */
    bool exists; /* and has not been written again */
    int64_t id;
    uint8_t old[SWARM_ROW_MAX];
    size_t old_len;
    struct swarm_key next; /* `first` of the row that follows; empty if there is none */

    /* The row that is written. */
    struct swarm_key first;
    uint8_t packed[SWARM_ROW_MAX + PACKED_CHANGE_MAX];
    size_t len;
    struct swarm_key split_key; /* of the entry at `split`, where the row is split if it is full */
    size_t split;
};

/* An entry of the row that is read. */
struct row_entry {
    struct change change;
    struct swarm_key key;
    struct bytes packed; /* empty: there are no more */
};

/* SQLite copies nothing, so that it cannot fail. */
void swarm_rows_bind_range(sqlite3_stmt *statement, int place, unsigned range) {
    static const uint8_t first_bytes[] = { 0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70,
                                           0x80, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0 };
    static const char above_all[] =
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    _Static_assert(sizeof first_bytes == SWARM_LOG_RANGES, "the ranges of the log");
    _Static_assert(sizeof above_all > SWARM_KEY_MAX, "longer than any key");
    if (range == 0)
        sqlite3_bind_double(statement, place, -INFINITY);
    else
        sqlite3_bind_blob(statement, place, &first_bytes[range], 1, SQLITE_STATIC);
    if (range == SWARM_LOG_RANGES - 1)
        sqlite3_bind_blob(statement, place + 1, above_all, sizeof above_all, SQLITE_STATIC);
    else
        sqlite3_bind_blob(statement, place + 1, &first_bytes[range + 1], 1, SQLITE_STATIC);
}

bool swarm_rows_read_entry(struct bytes *rest, unsigned range, int64_t now_s,
                           struct change *change) {
    return packed_change_read(rest, now_s, change) &&
           (change->kind == CHANGE_PEER_JOINED || change->kind == CHANGE_TORRENT) &&
           swarm_log_range(change->info_hash) == range;
}

static bool copy_key(sqlite3_stmt *row, int column, struct swarm_key *key) {
    if (sqlite3_column_type(row, column) != SQLITE_BLOB)
        return false;
    const int len = sqlite3_column_bytes(row, column);
    if (len < INFO_HASH_LEN || len > SWARM_KEY_MAX)
        return false;
    key->len = (uint8_t)len;
    memcpy(key->bytes, sqlite3_column_blob(row, column), key->len);
    return true;
}

/* False if the row is invalid. */
static bool copy_row(struct row_merge *merge, sqlite3_stmt *row) {
    merge->exists = true;
    merge->id = sqlite3_column_int64(row, 0);
    if (!copy_key(row, 1, &merge->first) || sqlite3_column_type(row, 2) != SQLITE_BLOB)
        return false;
    const int len = sqlite3_column_bytes(row, 2);
    if (len == 0 || len > SWARM_ROW_MAX)
        return false;
    merge->old_len = (size_t)len;
    memcpy(merge->old, sqlite3_column_blob(row, 2), merge->old_len);
    return true;
}

static enum connection_result read_row(struct row_merge *merge, const struct swarm_key *key) {
    sqlite3_stmt *rows = connection_statement(merge->connection, READ);
    sqlite3_bind_blob(rows, 1, key->bytes, key->len, SQLITE_STATIC);
    swarm_rows_bind_range(rows, 2, merge->range);
    merge->exists = false;
    merge->old_len = merge->next.len = 0;
    bool valid = true;
    int step = rows == NULL ? SQLITE_ERROR : sqlite3_step(rows);
    if (step == SQLITE_ROW) {
        valid = copy_row(merge, rows);
        step = sqlite3_step(rows);
    }
    if (step == SQLITE_ROW)
        valid = copy_key(rows, 1, &merge->next) && valid;
    sqlite3_reset(rows);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        return CONNECTION_REFUSED;
    return valid ? CONNECTION_GOOD : CONNECTION_DAMAGED;
}

static bool drop_row(struct row_merge *merge) {
    sqlite3_stmt *drop = connection_statement(merge->connection, DROP);
    merge->exists = false;
    sqlite3_bind_int64(drop, 1, merge->id);
    return connection_run(drop);
}

/* The first `len` bytes, in place of the row that was read if that was not yet replaced. */
static bool write_row(struct row_merge *merge, size_t len) {
    sqlite3_stmt *write = connection_statement(merge->connection, merge->exists ? UPDATE : ADD);
    if (merge->exists)
        sqlite3_bind_int64(write, 1, merge->id);
    else
        sqlite3_bind_blob(write, 1, merge->first.bytes, merge->first.len, SQLITE_STATIC);
    merge->exists = false;
    sqlite3_bind_blob(write, 2, merge->packed, (int)len, SQLITE_STATIC);
    return connection_run(write);
}

static bool split_row(struct row_merge *merge) {
    if (!write_row(merge, merge->split))
        return false;
    merge->len -= merge->split;
    memmove(merge->packed, merge->packed + merge->split, merge->len);
    merge->first = merge->split_key;
    return true;
}

/* Adds an entry that was written behind the others. */
static bool add_entry(struct row_merge *merge, const struct swarm_key *key, size_t len) {
    if (merge->len == 0 && !merge->exists)
        merge->first = *key;
    if (merge->len <= SWARM_ROW_FILL) {
        merge->split = merge->len;
        merge->split_key = *key;
    }
    merge->len += len;
    return merge->len <= SWARM_ROW_MAX || split_row(merge);
}

/* The next one of the row. False if it is invalid, or out of order. */
static bool read_entry(const struct row_merge *merge, struct bytes *rest, struct row_entry *entry) {
    const uint8_t *start = rest->data;
    const struct swarm_key last = entry->key;
    entry->packed.len = 0;
    if (rest->len == 0)
        return true;
    if (!swarm_rows_read_entry(rest, merge->range, merge->at_s, &entry->change))
        return false;
    entry->packed = (struct bytes){ .data = start, .len = (size_t)(rest->data - start) };
    entry->key = swarm_key_of(&entry->change);
    return swarm_key_compare(&last, &entry->key) < 0 &&
           (merge->next.len == 0 || swarm_key_compare(&entry->key, &merge->next) < 0);
}

static bool keep_entry(struct row_merge *merge, const struct row_entry *entry) {
    if (merge->cleared != NULL &&
        memcmp(merge->cleared->info_hash, entry->key.bytes, INFO_HASH_LEN) == 0)
        return true;
    memcpy(merge->packed + merge->len, entry->packed.data, entry->packed.len);
    return add_entry(merge, &entry->key, entry->packed.len);
}

static const struct latest_change *next_change(const struct row_merge *merge) {
    return merge->done == merge->latest->count
               ? NULL
               : &merge->latest->list[merge->order[merge->done].position];
}

static bool write_change(struct row_merge *merge, const struct latest_change *latest,
                         const struct swarm_key *key) {
    const struct change *change = &latest->change;
    merge->done++;
    if (latest->cleared)
        merge->cleared = change;
    if (change->kind != CHANGE_PEER_JOINED && change->kind != CHANGE_TORRENT)
        return true;
    return add_entry(merge, key,
                     packed_change_write(merge->packed + merge->len, change, merge->at_s));
}

static bool is_unchanged(const struct row_merge *merge) {
    return merge->exists && merge->len == merge->old_len &&
           memcmp(merge->packed, merge->old, merge->len) == 0;
}

static bool finish_row(struct row_merge *merge) {
    if (is_unchanged(merge))
        return true;
    if (merge->len > 0)
        return write_row(merge, merge->len);
    return !merge->exists || drop_row(merge);
}

/* The next change; NULL if there is none below the next row. */
static const struct latest_change *next_change_of_row(const struct row_merge *merge,
                                                      struct swarm_key *key) {
    const struct latest_change *latest = next_change(merge);
    if (latest == NULL)
        return NULL;
    *key = swarm_key_of(&latest->change);
    return merge->next.len == 0 || swarm_key_compare(key, &merge->next) < 0 ? latest : NULL;
}

/* Negative: the entry is next; positive: the change is; 0: the change replaces the entry. */
static int compare_next(const struct row_entry *entry, const struct latest_change *latest,
                        const struct swarm_key *key) {
    if (latest == NULL)
        return -1;
    return entry->packed.len == 0 ? 1 : swarm_key_compare(&entry->key, key);
}

/* Merges the changes below the next row into the row that was read. */
static enum connection_result merge_row(struct row_merge *merge) {
    struct bytes rest = { .data = merge->old, .len = merge->old_len };
    struct row_entry entry = { .key.len = 0 };
    merge->len = 0;
    if (!read_entry(merge, &rest, &entry))
        return CONNECTION_DAMAGED;
    for (;;) {
        struct swarm_key key;
        const struct latest_change *latest = next_change_of_row(merge, &key);
        if (latest == NULL && entry.packed.len == 0)
            break;
        const int order = compare_next(&entry, latest, &key);
        if (order < 0 && !keep_entry(merge, &entry))
            return CONNECTION_REFUSED;
        if (order <= 0 && !read_entry(merge, &rest, &entry))
            return CONNECTION_DAMAGED;
        if (order >= 0 && !write_change(merge, latest, &key))
            return CONNECTION_REFUSED;
    }
    return finish_row(merge) ? CONNECTION_GOOD : CONNECTION_REFUSED;
}

/* The next row may have peers of the torrent that was cleared last. */
static bool goes_on_clearing(const struct row_merge *merge) {
    return merge->cleared != NULL && merge->next.len > 0 &&
           memcmp(merge->cleared->info_hash, merge->next.bytes, INFO_HASH_LEN) == 0;
}

/* A row that begins above the first change gets a new `first`. */
static enum connection_result merge_row_at(struct row_merge *merge, const struct swarm_key *key) {
    const enum connection_result result = read_row(merge, key);
    if (result != CONNECTION_GOOD)
        return result;
    if (merge->exists && swarm_key_compare(key, &merge->first) < 0 && !drop_row(merge))
        return CONNECTION_REFUSED;
    return merge_row(merge);
}

enum connection_result swarm_rows_write(struct connection *connection, unsigned range,
                                        const struct latest_changes *latest,
                                        const struct radix_item *order, int64_t at_s) {
    struct row_merge merge = {
        .connection = connection,
        .latest = latest,
        .order = order,
        .at_s = at_s,
        .range = range,
    };
    enum connection_result result = CONNECTION_GOOD;
    while (result == CONNECTION_GOOD) {
        const struct latest_change *change = next_change(&merge);
        const bool clearing = goes_on_clearing(&merge);
        if (!clearing && change == NULL)
            break;
        const struct swarm_key key = clearing ? merge.next : swarm_key_of(&change->change);
        result = merge_row_at(&merge, &key);
    }
    return result;
}

bool swarm_rows_clear(struct connection *connection) {
    return connection_execute(connection, "DELETE FROM swarm; DELETE FROM swarm_log;");
}
