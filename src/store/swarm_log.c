#include "store/swarm_log.h"

#include "store/packed_change.h"
#include "store/schema.h"

static const char APPEND[] =
    "INSERT INTO swarm_log (id, changes) VALUES"
    " ((SELECT coalesce(max(id) + 1, ?1) FROM swarm_log WHERE id >= ?1 AND id <= ?2), ?3)";
static const char READ[] =
    "SELECT id, changes FROM swarm_log WHERE id >= ?1 AND id <= ?2 ORDER BY id";
static const char DELETE[] = "DELETE FROM swarm_log WHERE id >= ?1 AND id <= ?2";

/* Ids of the past, which had 6 bits of the info_hash above 32 others, are within these. */
static int64_t first_id(unsigned range) {
    return (int64_t)range << (32 + 6 - SWARM_LOG_RANGE_BITS);
}

static int64_t last_id(unsigned range) {
    return first_id(range + 1) - 1;
}

static sqlite3_stmt *prepare_range(struct connection *connection, const char *sql, unsigned range,
                                   int64_t last) {
    sqlite3_stmt *statement = connection_statement(connection, sql);
    sqlite3_bind_int64(statement, 1, first_id(range));
    sqlite3_bind_int64(statement, 2, last);
    return statement;
}

bool swarm_log_append(struct connection *connection, unsigned range, struct bytes changes) {
    sqlite3_stmt *append = prepare_range(connection, APPEND, range, last_id(range));
    sqlite3_bind_blob(append, 3, changes.data, (int)changes.len, SQLITE_STATIC);
    return connection_run(append);
}

bool swarm_log_delete(struct connection *connection, unsigned range, int64_t last) {
    return connection_run(prepare_range(connection, DELETE, range, last));
}

static enum connection_result explain_damage(char why[static ERROR_LEN]) {
    connection_explain(why, "its log contains invalid changes");
    return CONNECTION_DAMAGED;
}

static enum connection_result add_changes(struct latest_changes *latest, struct bytes packed,
                                          unsigned range, int64_t now_s,
                                          char why[static ERROR_LEN]) {
    struct change change;
    while (packed.len > 0) {
        if (!packed_change_read(&packed, now_s, &change) ||
            swarm_log_range(change.info_hash) != range)
            return explain_damage(why);
        if (!latest_changes_add(latest, &change)) {
            connection_explain(why, "out of memory");
            return CONNECTION_REFUSED;
        }
    }
    return CONNECTION_GOOD;
}

static enum connection_result worse(enum connection_result one, enum connection_result other) {
    return one > other ? one : other;
}

enum connection_result swarm_log_read(struct connection *connection, unsigned range, size_t limit,
                                      int64_t now_s, struct latest_changes *latest,
                                      struct swarm_log_part *part, char why[static ERROR_LEN]) {
    sqlite3_stmt *rows = prepare_range(connection, READ, range, last_id(range));
    enum connection_result result = CONNECTION_GOOD;
    int step = SQLITE_ERROR;
    *part = (struct swarm_log_part){ .complete = true };
    while (rows != NULL && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        const struct bytes packed = { .data = sqlite3_column_blob(rows, 1),
                                      .len = (size_t)sqlite3_column_bytes(rows, 1) };
        part->complete = part->bytes < limit;
        if (!part->complete)
            break;
        part->last_id = sqlite3_column_int64(rows, 0);
        part->bytes += packed.len;
        if (sqlite3_column_type(rows, 1) != SQLITE_BLOB || packed.len == 0)
            result = explain_damage(why);
        else
            result = worse(result, add_changes(latest, packed, range, now_s, why));
    }
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        const bool damage = schema_is_damage(sqlite3_extended_errcode(connection->db));
        connection_explain(why, sqlite3_errmsg(connection->db));
        result = worse(result, damage ? CONNECTION_DAMAGED : CONNECTION_REFUSED);
    }
    sqlite3_reset(rows);
    return result;
}
