/* Databases of every schema version, a damaged one and one of a future version, as files:
 * an edit of a released schema step shows here. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/cluster_rows.h"
#include "store/registry_rows.h"
#include "store/schema.h"
#include "store/store.h"
#include "support.h"

enum { FILE_MAX = 65536, PEERS = 4, TORRENTS = 2, DAMAGED_VERSION = 5 };

/* Of the passkey in the databases, whose digest is all of this byte. */
static const uint64_t PASSKEY_TAG = 0x0202020202020202;

static const char SOURCE[] = "tests/unit/store/databases";
static struct directory directory;
static char error[ERROR_LEN];
static uint8_t content[FILE_MAX];
static size_t content_len;

static size_t read_file(const char *name, uint8_t *data) {
    const int fd = open(name, O_RDONLY);
    ck_assert_msg(fd >= 0, "%s", name);
    const ssize_t len = read(fd, data, FILE_MAX);
    close(fd);
    ck_assert_int_gt(len, 0);
    return (size_t)len;
}

static void copy_database(const char *name) {
    char source[128];
    snprintf(source, sizeof source, "%s/%s", SOURCE, name);
    content_len = read_file(source, content);
    directory = directory_create();
    const int fd = open(directory.database, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, content_len), (ssize_t)content_len);
    close(fd);
}

struct counts {
    uint32_t peers, seeders, torrents, downloaded;
    uint64_t passkey_tags; /* their sum */
};

static void count_change(struct counts *counts, const struct change *change) {
    const bool torrent = change->peer.family == FAMILY_NONE;
    counts->torrents += torrent;
    counts->downloaded += torrent ? change->downloaded : 0;
    counts->peers += !torrent;
    counts->seeders += !torrent && change->left == 0;
    counts->passkey_tags += change->passkey_tag;
}

static bool count_changes(void *context, const struct change *changes, size_t count) {
    for (size_t i = 0; i < count; i++)
        count_change(context, &changes[i]);
    return true;
}

static struct counts restore_counts(void) {
    struct counts counts = { 0 };
    struct store *store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    ck_assert_msg(store_restore(store, 1, count_changes, &counts), "%s", store_failure(store));
    store_close(store);
    return counts;
}

static void count_row(void *context, const struct registry_row *row) {
    ck_assert_int_eq(row->since_s, 1700000000);
    ++*(int *)context;
}

/* Each table has one row from the version on in which the table was added. */
static void assert_registry(int version) {
    static const int since[REGISTRY_STORED_KINDS] = { [REGISTRY_TORRENT] = 3,
                                                      [REGISTRY_PASSKEY] = 3,
                                                      [REGISTRY_BAN] = 3,
                                                      [REGISTRY_BLOCK] = 6,
                                                      [REGISTRY_MACHINE] = 7 };
    struct registry_rows *rows = registry_rows_open(directory.database, REGISTRY_TIMEOUT_MS, error);
    ck_assert_msg(rows != NULL, "%s", error);
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++) {
        int count = 0;
        ck_assert(registry_rows_visit(rows, (enum registry_kind)kind, count_row, &count));
        ck_assert_int_eq(count, version >= since[kind]);
    }
    registry_rows_close(rows);
}

static void count_counter(void *context, const struct counter_row *counter) {
    ck_assert(counter->node == UINT64_MAX - 1 && counter->counted == 9 && counter->taken_back == 4);
    ++*(int *)context;
}

static void count_completion(void *context, const struct completion_row *row) {
    ck_assert(row->stamp == 5 && row->identity == UINT64_MAX - 5);
    ++*(int *)context;
}

static void assert_cluster(int version) {
    int count = 0;
    enum cluster_counts counts;
    const struct cluster_rows_reader reader = {
        .context = &count,
        .counter = count_counter,
        .completion = count_completion,
    };
    struct store *store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    ck_assert(store_read_cluster(store, &reader, &counts));
    ck_assert_int_eq(count, version >= 11 ? 2 : 0);
    store_close(store);
}

START_TEST(database_of_each_version_is_migrated_with_its_rows) {
    char name[32];
    const int version = _i;
    snprintf(name, sizeof name, "version_%d.db", version);
    copy_database(name);
    const struct counts counts = restore_counts();
    ck_assert_uint_eq(counts.peers, PEERS);
    ck_assert_uint_eq(counts.seeders, 1);
    ck_assert_uint_eq(counts.torrents, TORRENTS);
    ck_assert_uint_eq(counts.downloaded, 30);
    ck_assert_uint_eq(counts.passkey_tags, version >= 6 ? PASSKEY_TAG : 0);
    assert_registry(version);
    assert_cluster(version);
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(directory.database, &db), SQLITE_OK);
    ck_assert(schema_has_tables(db));
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    directory_remove(&directory);
}
END_TEST

START_TEST(database_of_a_future_version_is_refused_and_unchanged) {
    static uint8_t now[FILE_MAX];
    copy_database("future.db");
    ck_assert_ptr_null(store_open(directory.database, error));
    ck_assert_msg(strstr(error, "newer") != NULL, "%s", error);
    ck_assert_uint_eq(read_file(directory.database, now), content_len);
    ck_assert_mem_eq(now, content, content_len);
    directory_remove(&directory);
}
END_TEST

START_TEST(damaged_database_is_replaced_and_keeps_its_registry) {
    copy_database("damaged.db");
    const struct counts counts = restore_counts();
    ck_assert_uint_le(counts.peers, PEERS);
    assert_registry(DAMAGED_VERSION);
    directory_remove(&directory);
}
END_TEST

UNIT_SUITE(golden_databases) {
    Suite *suite = suite_create("golden_databases");
    TCase *tcase = tcase_create("files");
    tcase_add_loop_test(tcase, database_of_each_version_is_migrated_with_its_rows, 1,
                        schema_version + 1);
    tcase_add_test(tcase, database_of_a_future_version_is_refused_and_unchanged);
    tcase_add_test(tcase, damaged_database_is_replaced_and_keeps_its_registry);
    suite_add_tcase(suite, tcase);
    return suite;
}
