/* A valid database in which values were replaced: everything that reads it copes with any number,
 * text or blob in any column. The input is a list of replacements: table, column, kind of value,
 * value. */
#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "database_directory.h"
#include "fuzz.h"
#include "store/history.h"
#include "store/history_writer.h"
#include "store/registry_rows.h"
#include "store/schema.h"
#include "store/store.h"
#include "swarm/registry.h"
#include "swarm/swarm_totals.h"
#include "swarm/tracker.h"

enum { TEMPLATE_MAX = 1 << 20, SQL_LEN = 512, REPLACEMENTS_MAX = 8, HISTORY_S = 1800000000 };

static const struct tracker_options options = {
    .interval_min_s = 120,
    .interval_max_s = 1800,
    .budget_per_s = 1000,
    .numwant = 50,
    .numwant_max = 200,
    .torrents_max = 100,
    .torrent_peers_max = 100,
    .peers_max = 1000,
    .idle_torrent_s = 3600,
};

/* Two rows of most tables; the first torrent has all peers. The log puts a peer and the torrent,
 * and removes a peer. */
static const char ROWS[] =
    "PRAGMA journal_mode = DELETE;"
    "INSERT INTO swarm (first, entries) VALUES"
    " (zeroblob(20), CAST(x'03' || zeroblob(20) || x'000000076553f100'"
    "  || x'51' || zeroblob(20) || x'010203041000' || zeroblob(20) || x'000000010000'"
    "  || zeroblob(4) AS BLOB)),"
    " (CAST(zeroblob(20) || x'20010db80000000000000000000000011000' AS BLOB),"
    "  CAST(x'29' || zeroblob(20) || x'20010db80000000000000000000000011000' || zeroblob(37)"
    "  || x'09' AS BLOB));"
    "INSERT INTO swarm_log VALUES (0, "
    "x'"
    "5100000000000000000000000000000000000000000102030410010000000000000000000000000000000000000000"
    "0000000107086553f100'),"
    " (1, "
    "x'"
    "030000000000000000000000000000000000000000000000096553f100020000000000000000000000000000000000"
    "000000010203041000');"
    "INSERT INTO secret VALUES ('udp key', zeroblob(16)), ('other', x'01');"
    "INSERT INTO torrent_file VALUES (1, zeroblob(32), x'6465'), (2, randomblob(32), x'6465');"
    "INSERT INTO listed (info_hash, name, added_s, size, file_id)"
    " VALUES (zeroblob(20), 'name', 1700000000, 5, 1), (randomblob(20), 'other', 1, NULL, 2);"
    "INSERT INTO passkey VALUES (zeroblob(32), 'label', 1), (randomblob(32), 'other', 1);"
    "INSERT INTO ban VALUES ('10.0.0.0/8', 'reason', 0, 1), ('10.1.0.0/16', '', 1900000000, 1);"
    "INSERT INTO blocked VALUES (zeroblob(20), 'reason', 1), (randomblob(20), '', 1);"
    "INSERT INTO completion VALUES (1, 1700000000, zeroblob(20), zeroblob(20), zeroblob(6)),"
    " (2, 1700000000, zeroblob(20), zeroblob(20), zeroblob(18));"
    "INSERT INTO sample VALUES (10, 1800000000, 2, 1, 1, 1, 1, 1, 1, 1),"
    " (120, 1800000000, 2, 1, 1, 1, 1, 1, 1, 1), (3600, 1800000000, 2, 1, 1, 1, 1, 1, 1, 1);"
    "INSERT INTO torrent_sample VALUES (120, 1800000000, zeroblob(20), 2, 1, 1, 1, 1, 1),"
    " (3600, 1800000000, zeroblob(20), 2, 1, 1, 1, 1, 1);";

static const int64_t integers[] = {
    INT64_MIN,
    INT64_MIN + 1,
    -1,
    0,
    1,
    2,
    UINT16_MAX / 2,
    UINT16_MAX / 2 + 1,
    INT32_MAX,
    UINT32_MAX,
    INT64_C(1) << 32,
    INT64_C(1) << 62,
    INT64_MAX,
    1800000000,
    253402300800,
};

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t take_byte(struct input *input) {
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

static uint64_t take_u64(struct input *input) {
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | take_byte(input);
    return number;
}

static struct bytes take_bytes(struct input *input) {
    const size_t wanted = take_byte(input);
    const size_t len = wanted < input->size ? wanted : input->size;
    const struct bytes bytes = { .data = input->data, .len = len };
    input->data += len;
    input->size -= len;
    return bytes;
}

static void bind_value(sqlite3_stmt *statement, struct input *input) {
    const uint8_t kind = take_byte(input) % 6;
    if (kind == 0) {
        const size_t count = sizeof integers / sizeof *integers;
        sqlite3_bind_int64(statement, 1, integers[take_byte(input) % count]);
    } else if (kind == 1) {
        sqlite3_bind_int64(statement, 1, (int64_t)take_u64(input));
    } else if (kind == 2) {
        const uint64_t bits = take_u64(input);
        double real;
        memcpy(&real, &bits, sizeof real);
        sqlite3_bind_double(statement, 1, real);
    } else if (kind == 3) {
        const struct bytes text = take_bytes(input);
        sqlite3_bind_text(statement, 1, (const char *)text.data, (int)text.len, SQLITE_STATIC);
    } else if (kind == 4) {
        const struct bytes blob = take_bytes(input);
        sqlite3_bind_blob(statement, 1, blob.data, (int)blob.len, SQLITE_STATIC);
    }
}

/* Copies the name of column `number`, modulo their number. */
static void copy_column(const struct schema_table *table, uint8_t number,
                        char column[static SQL_LEN]) {
    size_t count = 1;
    for (const char *c = table->columns; *c != '\0'; c++)
        count += *c == ',';
    const char *start = table->columns;
    for (size_t i = 0; i < number % count; i++)
        start = strchr(start, ',') + 2;
    snprintf(column, SQL_LEN, "%.*s", (int)strcspn(start, ","), start);
}

/* Some replacements violate a constraint. */
static void replace_value(sqlite3 *db, struct input *input) {
    char column[SQL_LEN];
    char sql[2 * SQL_LEN];
    const size_t number = take_byte(input) % (schema_table_count + 1);
    if (number == schema_table_count) {
        snprintf(sql, sizeof sql, "PRAGMA user_version = %d", (int8_t)take_byte(input));
        (void)sqlite3_exec(db, sql, NULL, NULL, NULL);
        return;
    }
    copy_column(&schema_tables[number], take_byte(input), column);
    snprintf(sql, sizeof sql, "UPDATE OR IGNORE %s SET %s = ?1", schema_tables[number].name,
             column);
    sqlite3_stmt *statement = NULL;
    assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    bind_value(statement, input);
    (void)sqlite3_step(statement);
    sqlite3_finalize(statement);
}

static void replace_values(const char *file, struct input *input) {
    sqlite3 *db = NULL;
    assert(sqlite3_open(file, &db) == SQLITE_OK);
    assert(sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL) == SQLITE_OK);
    for (int i = 0; i < REPLACEMENTS_MAX && input->size > 0; i++)
        replace_value(db, input);
    assert(sqlite3_close(db) == SQLITE_OK);
}

static struct bytes template_database(void) {
    static uint8_t content[TEMPLATE_MAX];
    static size_t len;
    char error[ERROR_LEN];
    if (len > 0)
        return (struct bytes){ .data = content, .len = len };
    const struct database_directory directory = database_directory_create(content, 0);
    sqlite3 *db = NULL;
    assert(sqlite3_open(directory.file, &db) == SQLITE_OK);
    assert(schema_migrate(db, schema_steps, schema_version, error) == SCHEMA_GOOD);
    assert(sqlite3_exec(db, ROWS, NULL, NULL, NULL) == SQLITE_OK);
    assert(sqlite3_close(db) == SQLITE_OK);
    FILE *file = fopen(directory.file, "rb");
    assert(file != NULL);
    len = fread(content, 1, sizeof content, file);
    fclose(file);
    database_directory_remove(&directory);
    assert(len > 0 && len < sizeof content);
    return (struct bytes){ .data = content, .len = len };
}

static bool restore_changes(void *context, const struct change *changes, size_t count) {
    return tracker_restore(context, changes, count, clock_now_ms());
}

static void check_change(void *context, const struct change *changes, size_t count) {
    struct store *store = context;
    for (size_t i = 0; i < count; i++) {
        const struct change *change = &changes[i];
        assert(change->peer.family == FAMILY_NONE || change->interval_s <= UINT16_MAX / 2);
        assert(change->peer.family == FAMILY_NONE || endpoint_port(&change->peer) != 0);
        assert(!change->paused || change->left > 0);
    }
    (void)store_apply(store, changes, count);
}

static void use_swarms(struct store *store, struct tracker *tracker) {
    const uint8_t info_hash[INFO_HASH_LEN] = { 0 };
    const uint64_t now_ms = clock_now_ms();
    const struct scrape_entry entry = tracker_scrape(tracker, info_hash);
    assert(entry.downloaders <= entry.leechers);
    assert(tracker_dump(tracker, 0, TRACKER_SHARDS, now_ms, check_change, store));
    struct swarm_totals *totals = swarm_totals_create(tracker, now_ms);
    assert(totals != NULL);
    (void)swarm_totals_read(totals, now_ms);
    swarm_totals_delete(totals);
    tracker_extend_deadlines(tracker, now_ms);
    (void)tracker_sweep(tracker, 0, TRACKER_SHARDS, now_ms + 100000000);
    assert(tracker_stats(tracker).peers == 0);
}

static void check_row(void *context, const struct registry_row *row) {
    (void)context;
    assert(row->size <= INT64_MAX && row->since_s >= 0 && row->until_s >= 0);
}

static void use_registry(struct store *store, struct tracker *tracker, const char *path) {
    char error[ERROR_LEN];
    char reason[REFUSAL_DETAIL_LEN];
    struct registry *registry = tracker_registry(tracker);
    const struct endpoint address = { .family = FAMILY_V4, .wire = { 10, 1, 2, 3 } };
    if (store_load_registry(store, registry)) {
        for (int kind = 0; kind < REGISTRY_KINDS; kind++)
            registry_visit(registry, (enum registry_kind)kind, check_row, NULL);
        (void)registry_is_banned(registry, &address, clock_unix_s(), reason);
        store_sync_registry(store, 1);
    }
    struct registry_rows *rows = registry_rows_open(path, 0, error);
    if (rows == NULL)
        return;
    uint8_t *file = NULL;
    size_t len;
    const uint8_t info_hash[INFO_HASH_LEN] = { 0 };
    if (registry_rows_read_file(rows, info_hash, &file, &len))
        free(file);
    registry_rows_close(rows);
}

static void check_amount(double amount) {
    assert(isfinite(amount) && amount >= 0);
}

static void check_sample(void *context, const struct sample *sample) {
    (void)context;
    check_amount(sample->torrents);
    check_amount(sample->peers);
    check_amount(sample->seeders);
    check_amount(sample->leechers);
    check_amount(sample->announces_per_s);
    check_amount(sample->upload_rate);
    check_amount(sample->download_rate);
}

static void check_torrent_sample(void *context, const struct torrent_sample *sample) {
    (void)context;
    check_amount(sample->seeders);
    check_amount(sample->leechers);
    check_amount(sample->upload_rate);
    check_amount(sample->download_rate);
}

static void check_completion(void *context, const struct completion *completion) {
    (void)context;
    assert(completion->at_s >= 0);
}

static void use_history(struct store *store, const char *path) {
    char error[ERROR_LEN];
    size_t total;
    const uint8_t info_hash[INFO_HASH_LEN] = { 0 };
    const struct sample sample = { .at_s = HISTORY_S + 10, .peers = 1 };
    const struct torrent_stats torrent = { .seeders_v4 = 1 };
    const struct change completed = { .kind = CHANGE_PEER_COMPLETED, .peer.family = FAMILY_V4 };
    struct history_writer *writer = store_history(store);
    writer->options =
        (struct history_options){ .enabled = true, .torrents_max = 10, .completions_max = 10 };
    history_writer_add_sample(writer, &sample);
    history_writer_add_torrents(writer, HISTORY_S + 120, &torrent, 1);
    history_writer_add_completions(writer, &completed, 1, HISTORY_S);
    (void)store_commit(store);
    struct history *history = history_open(path, error);
    if (history == NULL)
        return;
    for (int range = HISTORY_HOUR; range <= HISTORY_MONTH; range++) {
        (void)history_samples(history, (enum history_range)range, HISTORY_S + 120, check_sample,
                              NULL);
        (void)history_torrent_samples(history, info_hash, (enum history_range)range,
                                      HISTORY_S + 120, check_torrent_sample, NULL);
    }
    (void)history_completions(history, info_hash, 0, 10, check_completion, NULL, &total);
    history_close(history);
}

static void use_database(const char *path) {
    char error[ERROR_LEN];
    uint8_t secret[16] = { 0 };
    uint8_t previous[16];
    bool existed;
    struct tracker *tracker = tracker_create(&options, 0);
    struct store *store = store_open(path, error);
    assert(tracker != NULL);
    if (store != NULL && store_restore(store, 1, restore_changes, tracker)) {
        (void)store_exchange_secret(store, "udp key", secret, previous, sizeof secret, &existed);
        use_swarms(store, tracker);
        use_history(store, path);
        use_registry(store, tracker, path);
    }
    store_close(store);
    tracker_delete(tracker);
}

FUZZ_TARGET(database_values, 1) {
    struct input input = { .data = data, .size = size };
    const struct bytes template = template_database();
    const struct database_directory directory =
        database_directory_create(template.data, template.len);
    replace_values(directory.file, &input);
    use_database(directory.file);
    database_directory_remove(&directory);
}
