#include "store/registry_writer.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/registry_rows.h"
#include "swarm/registry_cluster.h"

enum {
    WAIT_MAX_MS = 5000,
    RETRY_MS = 1000,
    EMPTY_VERSION = 1,             /* of a registry that was never changed */
    BAN_KEPT_S = 7 * 24 * 60 * 60, /* after its end, so that it can be looked up */
};

static bool read_version(struct registry_writer *writer, int64_t *version) {
    return registry_read_number(&writer->rows, "SELECT version FROM registry_version", version);
}

struct loading {
    struct registry *registry;
    bool shared;
    bool failed;
};

static void load_mark(void *context, const struct registry_row *key,
                      const struct registry_mark *mark) {
    struct loading *loading = context;
    struct registry_mark present;
    /* Another process has changed the entry. */
    const bool changed = mark->stamp == 0 || !registry_find_mark(loading->registry, key, &present);
    loading->failed =
        loading->failed || (changed && !registry_load_mark(loading->registry, key, mark));
}

static void load_row(void *context, const struct registry_row *row) {
    struct loading *loading = context;
    if (!loading->shared || !registry_is_aside(loading->registry, row))
        loading->failed = loading->failed || !registry_load_put(loading->registry, row);
}

static bool load_rows(struct registry_writer *writer) {
    struct loading loading = {
        .registry = writer->registry,
        .shared = registry_is_shared(writer->registry),
    };
    if (loading.shared && !registry_rows_visit_marks(&writer->rows, load_mark, &loading))
        return false;
    registry_load_begin(writer->registry, REGISTRY_DATABASE);
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++) {
        if (!registry_rows_visit(&writer->rows, (enum registry_kind)kind, load_row, &loading))
            return false;
    }
    if (loading.failed)
        return error_set(writer->rows.failure, "out of memory");
    registry_load_end(writer->registry, REGISTRY_DATABASE);
    return true;
}

struct row_array {
    struct registry_row *rows;
    size_t count;
    size_t capacity;
    bool failed;
};

static void collect_row(void *context, const struct registry_row *row) {
    struct row_array *array = context;
    if (array->failed)
        return;
    struct registry_row *rows =
        array_grow(array->rows, &array->capacity, array->count + 1, sizeof *rows);
    array->failed = rows == NULL;
    if (array->failed)
        return;
    array->rows = rows;
    rows[array->count++] = *row;
}

static bool put_mark_of(struct registry_writer *writer, const struct registry_row *row) {
    struct registry_mark mark;
    return !registry_is_shared(writer->registry) ||
           !registry_find_mark(writer->registry, row, &mark) ||
           registry_rows_put_mark(&writer->rows, row, &mark);
}

static bool put_part(struct registry_writer *writer, enum registry_kind kind, int part) {
    struct row_array array = { .count = 0 };
    registry_visit_part(writer->registry, kind, part, collect_row, &array);
    bool good = !array.failed;
    for (size_t i = 0; good && i < array.count; i++)
        good = registry_rows_merge(&writer->rows, &array.rows[i], (struct bytes){ .len = 0 }) &&
               put_mark_of(writer, &array.rows[i]);
    free(array.rows);
    return good;
}

/* The database was replaced by a new one without a registry. The .torrent files are lost. */
static bool put_everything(struct registry_writer *writer) {
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++) {
        for (int part = 0; part < REGISTRY_PARTS; part++) {
            if (!put_part(writer, (enum registry_kind)kind, part))
                return false;
        }
    }
    return true;
}

static bool has_entries(const struct registry *registry) {
    size_t count = 0;
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++)
        count += registry_count(registry, (enum registry_kind)kind);
    return count > 0;
}

/* Makes memory and database equal, in the open transaction, apart from queued edits. `version` is
 * the registry's version in the database. `*replaced`: the database was a new one. */
static bool merge(struct registry_writer *writer, int64_t version, bool *replaced) {
    if (version == writer->registry_version)
        return true;
    *replaced = version <= EMPTY_VERSION && has_entries(writer->registry);
    return *replaced ? put_everything(writer) : load_rows(writer);
}

static bool write_row(struct registry_writer *writer, const struct registry_change *change,
                      struct bytes file) {
    bool found;
    if (change->mark.aside)
        return true;
    if (change->removed)
        return registry_rows_remove(&writer->rows, &change->row, &found);
    if (registry_is_shared(writer->registry))
        return registry_rows_merge(&writer->rows, &change->row, file);
    return registry_rows_put(&writer->rows, &change->row, file);
}

static bool write_edit(struct registry_writer *writer, const struct registry_edit *edit) {
    size_t count;
    const struct registry_change *changes = registry_edit_changes(edit, &count);
    const bool shared = registry_is_shared(writer->registry);
    bool good = true;
    for (size_t i = 0; good && i < count; i++)
        good =
            write_row(writer, &changes[i], registry_edit_file(edit)) &&
            (!shared || registry_rows_put_mark(&writer->rows, &changes[i].row, &changes[i].mark));
    return good;
}

static bool write_secret(struct registry_rows *rows, const char *name, const void *value,
                         size_t len) {
    return registry_finish(
        rows, registry_prepare(rows, "INSERT OR REPLACE INTO secret (name, value) VALUES (?1, ?2)",
                               "tb", name, (struct bytes){ .data = value, .len = len }));
}

/* What the node has to know of the cluster at its next start, and marks that are too old. */
static bool write_identity(struct registry_writer *writer, uint64_t before) {
    struct registry *registry = writer->registry;
    struct registry_rows *rows = &writer->rows;
    if (!registry_is_shared(registry))
        return true;
    const struct registry_identity identity = registry_get_identity(registry);
    if (before != 0 && !(before == UINT64_MAX ? registry_rows_forget_marks(rows)
                                              : registry_rows_forget_removed(rows, before)))
        return false;
    return !identity.known ||
           (write_secret(rows, "cluster secret", identity.secret, sizeof identity.secret) &&
            write_secret(rows, "cluster seen", &identity.seen_s, sizeof identity.seen_s));
}

/* Writes the edits from `edit` on; `*last` is the last one, or NULL. */
static bool write_edits(struct registry_writer *writer, const struct registry_edit *edit,
                        const struct registry_edit **last) {
    for (*last = NULL; edit != NULL; edit = registry_edit_next(edit)) {
        if (!write_edit(writer, edit))
            return false;
        *last = edit;
    }
    return true;
}

static bool write_queued(struct registry_writer *writer, const struct registry_edit **last) {
    int64_t version = 0;
    bool replaced = false;
    /* Marks that are forgotten from now on stay for the next transaction. */
    const uint64_t forgotten = registry_forgotten(writer->registry);
    const bool good = registry_rows_begin(&writer->rows) && read_version(writer, &version) &&
                      merge(writer, version, &replaced) &&
                      registry_rows_remove_ended(&writer->rows, clock_unix_s() - BAN_KEPT_S) &&
                      write_identity(writer, forgotten) &&
                      write_edits(writer, registry_queued(writer->registry), last) &&
                      read_version(writer, &version) && registry_rows_commit(&writer->rows);
    /* The rows of a new database have no files, so they are loaded afterwards. */
    if (!good) {
        registry_rows_roll_back(&writer->rows);
        return false;
    }
    writer->registry_version = replaced ? 0 : version;
    registry_settle_forgotten(writer->registry, forgotten);
    return true;
}

static void handle_failure(struct registry_writer *writer, uint64_t now_ms) {
    if (writer->waiting_since_ms == 0)
        writer->waiting_since_ms = now_ms;
    if (writer->rows.busy && now_ms - writer->waiting_since_ms < WAIT_MAX_MS)
        return;
    if (registry_has_own_edits(writer->registry))
        log_error("registry: cannot write the database: %s; change rolled back",
                  writer->rows.failure);
    else if (writer->failed_ms == 0)
        log_error("registry: cannot write other nodes' changes to the database: %s; retrying",
                  writer->rows.failure);
    writer->failed_ms = now_ms;
    registry_roll_back(writer->registry, writer->rows.busy ? REGISTRY_LOCKED : REGISTRY_FAILED,
                       writer->rows.failure);
    writer->waiting_since_ms = 0;
}

/* Returns false if there is no database now. */
static bool use_connection(struct registry_writer *writer, const struct connection *connection) {
    sqlite3 *db = connection == NULL ? NULL : connection->db;
    if (writer->rows.db != db)
        writer->data_version = -1;
    writer->rows.db = db;
    writer->rows.busy = false;
    return db != NULL;
}

bool registry_writer_load(struct registry_writer *writer, struct connection *connection) {
    int64_t version = 0;
    const bool good =
        use_connection(writer, connection) && read_version(writer, &version) && load_rows(writer);
    writer->registry_version = version;
    return good;
}

/* SQLite's data_version changes with each commit of another connection. It is read several times a
 * second, so its statement is kept. */
static bool read_data_version(struct registry_writer *writer, struct connection *connection,
                              int64_t *version) {
    static const char READ[] = "PRAGMA data_version";
    sqlite3_stmt *row = connection_statement(connection, READ);
    const bool good = row != NULL && sqlite3_step(row) == SQLITE_ROW;
    if (good)
        *version = sqlite3_column_int64(row, 0);
    (void)registry_check(&writer->rows, good);
    sqlite3_reset(row);
    return good;
}

static bool find_foreign_change(struct registry_writer *writer, struct connection *connection,
                                bool *changed) {
    int64_t data_version = 0;
    int64_t version = 0;
    *changed = false;
    if (!read_data_version(writer, connection, &data_version))
        return false;
    if (data_version == writer->data_version)
        return true;
    if (!read_version(writer, &version))
        return false;
    *changed = version != writer->registry_version;
    if (!*changed)
        writer->data_version = data_version;
    return true;
}

static bool is_pausing(const struct registry_writer *writer, uint64_t now_ms) {
    return writer->failed_ms != 0 && now_ms - writer->failed_ms < RETRY_MS;
}

static void load_foreign_change(struct registry_writer *writer, struct connection *connection,
                                uint64_t now_ms) {
    const struct registry_edit *last;
    bool changed;
    if (is_pausing(writer, now_ms))
        return;
    if (find_foreign_change(writer, connection, &changed) &&
        (!changed || write_queued(writer, &last))) {
        writer->failed_ms = 0;
        if (changed)
            log_info("registry: loaded a change from the database");
        return;
    }
    if (writer->failed_ms == 0 && !writer->rows.busy)
        log_error("registry: cannot read the database: %s; retrying", writer->rows.failure);
    writer->failed_ms = now_ms;
}

void registry_writer_sync(struct registry_writer *writer, struct connection *connection,
                          uint64_t now_ms) {
    const struct registry_edit *last = NULL;
    const bool usable = use_connection(writer, connection);
    if (registry_queued(writer->registry) == NULL) {
        if (usable && !connection->in_transaction)
            load_foreign_change(writer, connection, now_ms);
        return;
    }
    /* The store's own transaction is about to be committed. */
    if (usable && connection->in_transaction)
        return;
    if (is_pausing(writer, now_ms) && !registry_has_own_edits(writer->registry))
        return;
    if (!usable || !write_queued(writer, &last)) {
        handle_failure(writer, now_ms);
        return;
    }
    writer->waiting_since_ms = 0;
    writer->failed_ms = 0;
    (void)registry_remove_ended(writer->registry, clock_unix_s() - BAN_KEPT_S);
    registry_settle(writer->registry, last);
}
