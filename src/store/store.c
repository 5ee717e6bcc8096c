#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "store/connection.h"
#include "store/database_file.h"
#include "store/database_salvage.h"
#include "store/history_writer.h"
#include "store/packed_change.h"
#include "store/registry_writer.h"
#include "store/schema.h"
#include "store/secret.h"
#include "store/swarm_log.h"
#include "store/swarm_restore.h"
#include "store/swarm_rows.h"

enum {
    /* Packed changes in memory. */
    QUEUE_MAX = 2 << 20,
    RANGE_KEPT_MAX = 64 << 10,
    /* Packed changes that are merged into the rows at a time: some 60,000 of them, whose rows are
     * written in a fifth of a second. */
    MERGE_MAX = 4 << 20,
};

_Static_assert((int)STORE_RANGES == SWARM_LOG_RANGES, "the ranges of the log");

/* Changes that are in no transaction yet, packed, by range of the log. */
struct change_queue {
    struct {
        uint8_t *packed;
        size_t len;
        size_t capacity;
    } ranges[SWARM_LOG_RANGES];
    size_t len; /* of all */
};

struct store {
    char *path;
    bool make_directory; /* if it is missing */
    struct connection connection;
    bool stale;     /* changes are missing in the database */
    bool suspect;   /* opening the file again may cure the last failure */
    size_t pending; /* changes that are not committed, queued or in the open transaction */
    struct change_queue changes;
    struct latest_changes latest;
    unsigned merge_range; /* the next one */
    bool merging;         /* a part of it is merged */
    size_t log_size; /* bytes that this process has put into the log; the rest is merged soon */
    struct history_writer history;
    struct cluster_rows *cluster; /* NULL: not a node's file */
    struct registry_writer registry;
    char failure[ERROR_LEN];
};

static bool quarantine_file(struct store *store, const char *why, char error[static ERROR_LEN]) {
    char moved_to[DATABASE_FILE_PATH_LEN];
    store->stale = true;
    if (!database_file_quarantine(store->path, moved_to, error))
        return false;
    log_error("database %.200s is corrupt (%.250s): moved to %.300s, starting a new one",
              store->path, why, moved_to);
    return true;
}

/* Copies the tables that memory cannot restore from the old file to a new one. */
static bool salvage_from(struct store *store, struct connection *fresh,
                         char error[static ERROR_LEN]) {
    bool complete;
    if (store->connection.db == NULL || !schema_is_blank(fresh->db))
        return true;
    if (!database_salvage(store->connection.db, fresh->db, &complete) ||
        !cluster_rows_distrust(fresh)) {
        error_set(error, "cannot write database %.200s: %.250s", store->path,
                  sqlite3_errmsg(fresh->db));
        return false;
    }
    if (!complete)
        log_error(
            "database %s: some records could not be recovered; check `skepctl list`, "
            "`skepctl key list` and `skepctl bans`",
            store->path);
    return true;
}

/* Switches to the file that is at the path now, or to a new one. If that fails, the old connection
 * is kept for a later salvage. */
static bool open_current_file(struct store *store, char error[static ERROR_LEN]) {
    struct connection fresh;
    char why[ERROR_LEN];
    if (store->make_directory)
        database_file_make_directory(store->path);
    if (store->connection.db != NULL)
        database_file_drop_log(connection_log_path(&store->connection),
                               &store->connection.log_file);
    const enum connection_result result = connection_open(&fresh, store->path, why, error);
    if (result == CONNECTION_GOOD && salvage_from(store, &fresh, error)) {
        connection_close(&store->connection);
        store->connection = fresh;
        if (store->cluster != NULL) {
            database_file_show_cluster(fresh.lock);
            cluster_rows_lose(store->cluster);
        }
        return true;
    }
    if (result != CONNECTION_DAMAGED || !quarantine_file(store, why, error)) {
        connection_close(&fresh);
        return false;
    }
    if (store->connection.db == NULL)
        store->connection = fresh;
    else
        connection_close(&fresh);
    return open_current_file(store, error);
}

/* The memory of a burst is not kept. */
static void empty_range(struct change_queue *queue, unsigned range) {
    queue->len -= queue->ranges[range].len;
    queue->ranges[range].len = 0;
    if (queue->ranges[range].capacity <= RANGE_KEPT_MAX)
        return;
    free(queue->ranges[range].packed);
    queue->ranges[range].packed = NULL;
    queue->ranges[range].capacity = 0;
}

/* The open transaction was rolled back. The history stays queued. */
static void drop_changes(struct store *store) {
    store->pending = 0;
    for (unsigned range = 0; range < SWARM_LOG_RANGES; range++)
        empty_range(&store->changes, range);
}

/* Quarantines the damaged file and continues with a new one. */
static bool start_new_file(struct store *store, const char *why, char error[static ERROR_LEN]) {
    connection_keep_log(&store->connection);
    connection_rollback(&store->connection);
    drop_changes(store);
    return quarantine_file(store, why, error) && open_current_file(store, error);
}

static struct store *open_store(const char *path, bool make_directory,
                                char error[static ERROR_LEN]) {
    struct store *store = calloc(1, sizeof *store);
    char *copy = strdup(path);
    if (store == NULL || copy == NULL) {
        error_set(error, "out of memory");
        free(store);
        free(copy);
        return NULL;
    }
    store->path = copy;
    store->make_directory = make_directory;
    store->connection.lock = -1;
    if (!random_secret(&store->latest.key, sizeof store->latest.key))
        error_set(error, "no random numbers");
    else if (open_current_file(store, error))
        return store;
    store_close(store);
    return NULL;
}

struct store *store_open(const char *path, char error[static ERROR_LEN]) {
    return open_store(path, false, error);
}

struct store *store_open_default(const char *path, char error[static ERROR_LEN]) {
    return open_store(path, true, error);
}

bool store_join_cluster(struct store *store) {
    store->cluster = cluster_rows_create(CLUSTER_COMPLETIONS_MAX);
    if (store->cluster == NULL)
        return error_set(store->failure, "out of memory");
    database_file_show_cluster(store->connection.lock);
    return true;
}

bool store_leave_cluster(struct store *store) {
    return cluster_rows_leave(&store->connection) ||
           error_set(store->failure, "%s", sqlite3_errmsg(store->connection.db));
}

struct cluster_rows *store_cluster(struct store *store) {
    return store->cluster;
}

bool store_read_cluster(struct store *store, const struct cluster_rows_reader *reader,
                        enum cluster_counts *counts) {
    return cluster_rows_read(&store->connection, reader, counts) ||
           error_set(store->failure, "%s", sqlite3_errmsg(store->connection.db));
}

void store_close(struct store *store) {
    if (store == NULL)
        return;
    connection_close(&store->connection);
    history_writer_free(&store->history);
    cluster_rows_delete(store->cluster);
    for (unsigned range = 0; range < SWARM_LOG_RANGES; range++)
        free(store->changes.ranges[range].packed);
    free(store->path);
    free(store);
}

const char *store_path(const struct store *store) {
    return store == NULL ? NULL : store->path;
}

struct history_writer *store_history(struct store *store) {
    return &store->history;
}

/* The file may have been deleted or replaced since it was opened. */
static bool has_same_file(const struct store *store) {
    return store->connection.lock >= 0 &&
           database_file_is_same(store->path, &store->connection.file);
}

static bool has_same_log(const struct store *store) {
    const struct stat *log_file = &store->connection.log_file;
    return log_file->st_ino == 0 ||
           database_file_is_same(connection_log_path(&store->connection), log_file);
}

/* A write has failed, so the whole file is checked. */
static bool reopen_file(struct store *store) {
    char why[ERROR_LEN];
    enum connection_result result =
        connection_reopen(&store->connection, store->path, why, store->failure);
    if (result == CONNECTION_REFUSED)
        return false;
    if (result == CONNECTION_GOOD)
        result = connection_check(&store->connection, why);
    return result != CONNECTION_DAMAGED || start_new_file(store, why, store->failure);
}

bool store_refresh(struct store *store) {
    const bool same = has_same_file(store);
    if (!store->suspect && same && store->connection.db != NULL && has_same_log(store))
        return true;
    store->stale = true;
    connection_rollback(&store->connection);
    drop_changes(store);
    store->suspect = !(same ? reopen_file(store) : open_current_file(store, store->failure));
    return !store->suspect;
}

bool store_is_stale(const struct store *store) {
    return store->stale;
}

void store_mark_stale(struct store *store) {
    store->stale = true;
}

const char *store_failure(const struct store *store) {
    return store->failure;
}

size_t store_pending(const struct store *store) {
    return store->pending;
}

bool store_is_writing(const struct store *store) {
    return store->connection.in_transaction;
}

/* A full disk, a lock and a lack of memory pass without reopening; an I/O error may be due to a
 * replaced file or a remounted disk. */
static bool reopening_may_help(int result) {
    return result != SQLITE_FULL && result != SQLITE_BUSY && result != SQLITE_NOMEM;
}

/* Rolls back; the reason is in `failure`. Always false. */
static bool lose_changes(struct store *store, bool suspect) {
    store->suspect = suspect;
    store->stale = true;
    connection_rollback(&store->connection);
    drop_changes(store);
    return false;
}

/* The same, and keeps SQLite's reason. */
static bool rollback_with_error(struct store *store) {
    error_set(store->failure, "%s", sqlite3_errmsg(store->connection.db));
    return lose_changes(store, reopening_may_help(sqlite3_errcode(store->connection.db)));
}

static bool begin_transaction(struct store *store) {
    if (store->connection.db == NULL)
        return false;
    return connection_begin(&store->connection) || rollback_with_error(store);
}

/* Writes the queued changes to the log in the transaction. */
static bool write_changes(struct store *store) {
    struct change_queue *queue = &store->changes;
    if (queue->len == 0)
        return true;
    if (!begin_transaction(store))
        return false;
    for (unsigned range = 0; range < SWARM_LOG_RANGES; range++) {
        const struct bytes packed = { .data = queue->ranges[range].packed,
                                      .len = queue->ranges[range].len };
        if (packed.len > 0 && !swarm_log_append(&store->connection, range, packed))
            return rollback_with_error(store);
        store->log_size += packed.len;
        empty_range(queue, range);
    }
    return true;
}

static bool write_history(struct store *store) {
    if (!history_writer_has_work(&store->history))
        return true;
    if (!begin_transaction(store))
        return false;
    return history_writer_write(&store->history, &store->connection) || rollback_with_error(store);
}

static bool write_cluster(struct store *store) {
    if (store->cluster == NULL || !cluster_rows_has_work(store->cluster))
        return true;
    if (!begin_transaction(store))
        return false;
    return cluster_rows_write(store->cluster, &store->connection) || rollback_with_error(store);
}

static bool queue_change(struct store *store, const struct change *change, int64_t now_s) {
    struct change_queue *queue = &store->changes;
    const unsigned range = swarm_log_range(change->info_hash);
    const size_t len = queue->ranges[range].len;
    uint8_t *packed = array_grow(queue->ranges[range].packed, &queue->ranges[range].capacity,
                                 len + PACKED_CHANGE_MAX, 1);
    if (packed == NULL) {
        error_set(store->failure, "out of memory");
        return lose_changes(store, false);
    }
    queue->ranges[range].packed = packed;
    queue->ranges[range].len += packed_change_write(packed + len, change, now_s);
    queue->len += queue->ranges[range].len - len;
    store->pending++;
    return queue->len < QUEUE_MAX || write_changes(store);
}

bool store_apply(struct store *store, const struct change *changes, size_t count) {
    const int64_t now_s = clock_unix_s();
    bool good = true;
    for (size_t i = 0; i < count && good; i++)
        good = queue_change(store, &changes[i], now_s);
    return good;
}

/* Writes changes of a range to the rows, and deletes them from the log, in the transaction; rolls
 * it back if that fails. */
static bool write_rows(struct store *store, const struct swarm_log_part *part, int64_t at_s) {
    struct radix_item *order = latest_changes_sort(&store->latest);
    if (order == NULL) {
        error_set(store->failure, "out of memory");
        return lose_changes(store, false);
    }
    const enum connection_result result =
        swarm_rows_write(&store->connection, store->merge_range, &store->latest, order, at_s);
    free(order);
    if (result == CONNECTION_DAMAGED) {
        error_set(store->failure, "the database contains invalid rows");
        return lose_changes(store, true);
    }
    return (result == CONNECTION_GOOD &&
            swarm_log_delete(&store->connection, store->merge_range, part->last_id)) ||
           rollback_with_error(store);
}

static bool merge_range(struct store *store) {
    struct swarm_log_part part;
    const int64_t now_s = clock_unix_s();
    const enum connection_result result =
        swarm_log_read(&store->connection, store->merge_range, MERGE_MAX, now_s, &store->latest,
                       &part, store->failure);
    bool good = result == CONNECTION_GOOD;
    if (!good)
        lose_changes(store, result == CONNECTION_DAMAGED);
    else if (part.bytes > 0)
        good = begin_transaction(store) && write_rows(store, &part, now_s);
    latest_changes_clear(&store->latest);
    if (!good)
        return false;
    store->log_size -= part.bytes < store->log_size ? part.bytes : store->log_size;
    store->merging = !part.complete;
    if (part.complete)
        store->merge_range = (store->merge_range + 1) % SWARM_LOG_RANGES;
    return true;
}

bool store_merge_log(struct store *store, unsigned ranges) {
    bool good = store->connection.db != NULL;
    for (; good && ranges > 0; ranges--)
        good = merge_range(store);
    return good;
}

bool store_is_merging(const struct store *store) {
    return store->merging;
}

size_t store_log_size(const struct store *store) {
    return store->log_size;
}

bool store_clear(struct store *store) {
    if (!begin_transaction(store))
        return false;
    if (!swarm_rows_clear(&store->connection))
        return rollback_with_error(store);
    drop_changes(store);
    store->log_size = 0;
    store->stale = false;
    return true;
}

bool store_commit(struct store *store) {
    if (!write_changes(store) || !write_history(store) || !write_cluster(store))
        return false;
    if (!store->connection.in_transaction)
        return true;
    if (!connection_commit(&store->connection))
        return rollback_with_error(store);
    store->pending = 0;
    history_writer_clear(&store->history);
    if (store->cluster != NULL)
        cluster_rows_settle(store->cluster);
    return true;
}

bool store_exchange_secret(struct store *store, const char *name, const void *secret,
                           void *previous, size_t len, bool *existed) {
    if (!begin_transaction(store))
        return false;
    if (!secret_exchange(&store->connection, name, secret, previous, len, existed))
        return rollback_with_error(store);
    return store_commit(store);
}

bool store_restore(struct store *store, unsigned threads,
                   bool (*restore)(void *context, const struct change *changes, size_t count),
                   void *context) {
    char why[ERROR_LEN];
    const struct swarm_restore wanted = {
        .restore = restore,
        .context = context,
        .threads = threads,
        .key = store->latest.key,
    };
    const enum connection_result result = swarm_restore_run(&store->connection, &wanted, why);
    if (result == CONNECTION_DAMAGED)
        return start_new_file(store, why, store->failure);
    return result == CONNECTION_GOOD || error_set(store->failure, "%s", why);
}

bool store_load_registry(struct store *store, struct registry *registry) {
    store->registry.registry = registry;
    return registry_writer_load(&store->registry, &store->connection) ||
           error_set(store->failure, "%s", store->registry.rows.failure);
}

void store_sync_registry(struct store *store, uint64_t now_ms) {
    struct registry_writer *writer = &store->registry;
    if (writer->registry == NULL)
        return;
    /* An edit must not be written to a file that was deleted or replaced. */
    const bool usable = registry_queued(writer->registry) == NULL || store_refresh(store);
    if (!usable)
        error_set(writer->rows.failure, "%s", store->failure);
    registry_writer_sync(writer, usable ? &store->connection : NULL, now_ms);
}

const char *store_library_version(void) {
    return sqlite3_libversion();
}
