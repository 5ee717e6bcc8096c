/* Download counts of a cluster in the database. */
#include "store/cluster_rows.h"

#include <stdio.h>
#include <string.h>

#include "store/connection.h"
#include "store/store.h"
#include "support.h"

enum { KEPT = 16, SEEN_MAX = 100, MANY = 1 << 18 };

static struct directory directory;
static char error[ERROR_LEN];
static char why[ERROR_LEN];
static struct connection connection;
static struct cluster_rows *rows;

static struct {
    size_t counter_count;
    struct counter_row counters[SEEN_MAX];
    size_t completion_count;
    struct completion_row completions[SEEN_MAX];
    enum cluster_counts counts;
} seen;

static void create_rows(void) {
    directory = directory_create();
    ck_assert_int_eq(connection_open(&connection, directory.database, why, error), CONNECTION_GOOD);
    rows = cluster_rows_create(KEPT);
    ck_assert_ptr_nonnull(rows);
}

static void remove_rows(void) {
    cluster_rows_delete(rows);
    connection_close(&connection);
    directory_remove(&directory);
}

static void see_counter(void *context, const struct counter_row *counter) {
    (void)context;
    REQUIRE(seen.counter_count < SEEN_MAX);
    seen.counters[seen.counter_count++] = *counter;
}

static void see_completion(void *context, const struct completion_row *row) {
    (void)context;
    REQUIRE(seen.completion_count < SEEN_MAX);
    seen.completions[seen.completion_count++] = *row;
}

static void look(void) {
    const struct cluster_rows_reader reader = {
        .counter = see_counter,
        .completion = see_completion,
    };
    memset(&seen, 0, sizeof seen);
    ck_assert(cluster_rows_read(&connection, &reader, &seen.counts));
}

static void write_rows(void) {
    ck_assert(connection_begin(&connection));
    ck_assert_msg(cluster_rows_write(rows, &connection), "%s", sqlite3_errmsg(connection.db));
}

static void flush(void) {
    write_rows();
    ck_assert(connection_commit(&connection));
    cluster_rows_settle(rows);
    look();
}

static void put(uint32_t torrent, uint64_t node, uint32_t counted, uint32_t taken_back) {
    struct counter_row counter = { .node = node, .counted = counted, .taken_back = taken_back };
    numbered_id(counter.info_hash, torrent);
    cluster_rows_put_counter(rows, &counter);
}

static void forget(uint32_t torrent) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, torrent);
    cluster_rows_forget_torrent(rows, info_hash);
}

static void complete(uint64_t identity, uint64_t stamp) {
    struct completion_row row = { .identity = identity, .stamp = stamp };
    numbered_id(row.info_hash, 1);
    cluster_rows_put_completion(rows, &row);
}

/* "counted-taken back" of the only count. */
static void assert_count(uint32_t counted, uint32_t taken_back) {
    ck_assert_uint_eq(seen.counter_count, 1);
    ck_assert_uint_eq(seen.counters[0].counted, counted);
    ck_assert_uint_eq(seen.counters[0].taken_back, taken_back);
}

START_TEST(new_database_has_no_rows) {
    ck_assert(!cluster_rows_has_work(rows));
    look();
    ck_assert_uint_eq(seen.counter_count + seen.completion_count, 0);
    ck_assert(seen.counts == COUNTS_PARTIAL);
}
END_TEST

START_TEST(counts_are_read_again) {
    uint8_t info_hash[INFO_HASH_LEN];
    put(1, UINT64_MAX - 1, UINT32_MAX, 7);
    put(1, 3, 1, 0);
    put(2, 3, 2, 5);
    flush();
    ck_assert_uint_eq(seen.counter_count, 3);
    for (size_t i = 0; i < seen.counter_count; i++) {
        numbered_id(info_hash, seen.counters[i].counted == 2 ? 2 : 1);
        ck_assert_mem_eq(seen.counters[i].info_hash, info_hash, INFO_HASH_LEN);
        if (seen.counters[i].node == UINT64_MAX - 1)
            ck_assert(seen.counters[i].counted == UINT32_MAX && seen.counters[i].taken_back == 7);
    }
    ck_assert(!cluster_rows_has_work(rows));
}
END_TEST

START_TEST(numbers_only_grow) {
    put(1, 3, 5, 1);
    flush();
    put(1, 3, 4, 2);
    flush();
    assert_count(5, 2);
}
END_TEST

static int number(const char *sql) {
    sqlite3_stmt *row = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(connection.db, sql, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    const int found = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    return found;
}

START_TEST(log_is_folded_to_the_greatest_numbers_of_each_node) {
    for (uint32_t i = 1; i <= 1000; i++) {
        put(1, 3, i, 1001 - i);
        put(1, UINT64_MAX, 1001 - i, 0);
        put(2 + i % 3, 3, i, 0);
    }
    put(3, 5, 1, 1);
    write_rows();
    ck_assert(connection_commit(&connection));
    cluster_rows_settle(rows);
    ck_assert_int_eq(number("SELECT count(*) FROM cluster_counter"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM cluster_log"), 1);
    look();
    ck_assert_int_eq(number("SELECT count(*) FROM cluster_log"), 0);
    ck_assert_uint_eq(seen.counter_count, 6);
    ck_assert_int_eq(number("SELECT count(*) FROM cluster_counter"), 6);
    ck_assert_int_eq(number("SELECT counted FROM cluster_counter WHERE node = -1"), 1000);
    ck_assert_int_eq(number("SELECT count(*) FROM cluster_counter WHERE counted = 1000"
                            " AND taken_back = 1000"),
                     1);
    ck_assert_int_eq(number("SELECT sum(counted) FROM cluster_counter WHERE node = 3"),
                     1000 + 1000 + 999 + 998);
}
END_TEST

static void flush_without_reading(void) {
    write_rows();
    ck_assert(connection_commit(&connection));
    cluster_rows_settle(rows);
}

START_TEST(log_is_folded_after_many_writes_or_bytes) {
    int most = 0;
    for (uint32_t i = 1; i <= 1500; i++) {
        put(1, 3, i, 0);
        flush_without_reading();
        const int length = number("SELECT count(*) FROM cluster_log");
        most = length > most ? length : most;
    }
    ck_assert_int_gt(most, 1000);
    ck_assert_int_lt(most, 1100);
    for (uint32_t i = 1; i <= 120000; i++)
        put(i, 4, 1, 0);
    flush_without_reading();
    ck_assert_int_eq(number("SELECT count(*) FROM cluster_log"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM cluster_counter"), 120001);
    ck_assert_int_eq(number("SELECT max(counted) FROM cluster_counter"), 1500);
}
END_TEST

START_TEST(failed_fold_loses_nothing) {
    for (uint32_t i = 1; i <= 100; i++) {
        put(1, 3, i, 0);
        write_rows();
        connection_rollback(&connection);
        flush_without_reading();
    }
    look();
    assert_count(100, 0);
}
END_TEST

START_TEST(forgotten_torrent_keeps_only_what_is_counted_later) {
    put(1, 3, 5, 0);
    put(2, 3, 7, 0);
    if (_i == 0)
        flush();
    put(1, 4, 6, 0);
    forget(1);
    put(1, 4, 1, 0);
    if (_i == 1)
        flush_without_reading();
    put(1, 4, 2, 0);
    forget(2);
    flush();
    assert_count(2, 0);
    ck_assert_uint_eq(seen.counters[0].node, 4);
}
END_TEST

START_TEST(completions_are_read_again_in_their_order) {
    complete(UINT64_MAX - 5, 100);
    complete(7, 300);
    flush();
    complete(7, 200);
    complete(8, UINT64_MAX);
    flush();
    complete(9, 400);
    flush();
    ck_assert_uint_eq(seen.completion_count, 5);
    ck_assert_uint_eq(seen.completions[0].identity, UINT64_MAX - 5);
    ck_assert(seen.completions[1].stamp == 300 && seen.completions[2].stamp == 200);
    ck_assert(seen.completions[3].stamp == UINT64_MAX && seen.completions[4].stamp == 400);
}
END_TEST

START_TEST(old_completions_are_deleted_when_others_are_written) {
    complete(1, 100);
    flush();
    complete(2, 200);
    complete(1, 50);
    flush();
    cluster_rows_forget_before(rows, 200);
    ck_assert(!cluster_rows_has_work(rows));
    complete(3, 300);
    flush();
    ck_assert_uint_eq(seen.completion_count, 3);
    ck_assert(seen.completions[0].stamp == 200 && seen.completions[2].stamp == 300);
}
END_TEST

START_TEST(number_of_completions_is_bounded) {
    for (uint64_t i = 1; i <= 3 * KEPT; i++) {
        complete(i, i);
        if (i % 5 == 0)
            flush();
    }
    flush();
    ck_assert_uint_ge(seen.completion_count, KEPT);
    ck_assert_uint_le(seen.completion_count, KEPT + 5);
    ck_assert_uint_eq(seen.completions[seen.completion_count - 1].stamp, 3 * KEPT);
}
END_TEST

START_TEST(failed_write_loses_nothing) {
    put(1, 3, 5, 0);
    complete(1, 100);
    cluster_rows_set_complete(rows);
    write_rows();
    put(1, 3, 6, 0);
    connection_rollback(&connection);
    ck_assert(cluster_rows_has_work(rows));
    flush();
    assert_count(5, 0);
    ck_assert(seen.counts == COUNTS_COMPLETE && seen.completion_count == 1);
    flush();
    assert_count(6, 0);
}
END_TEST

START_TEST(full_queue_reports_a_loss_and_counts_are_not_complete) {
    put(1, 3, 5, 0);
    cluster_rows_set_complete(rows);
    flush();
    ck_assert(seen.counts == COUNTS_COMPLETE);
    for (uint32_t i = 0; !cluster_rows_take_loss(rows); i++) {
        REQUIRE(i < MANY);
        put(i + 1, 4, 1, 0);
    }
    flush();
    assert_count(5, 0);
    ck_assert(seen.counts == COUNTS_PARTIAL);
    put(2, 4, 1, 0);
    cluster_rows_set_complete(rows);
    flush();
    ck_assert(seen.counts == COUNTS_COMPLETE && seen.counter_count == 2);
}
END_TEST

START_TEST(counts_are_not_complete_before_a_loss_is_repaired) {
    cluster_rows_lose(rows);
    cluster_rows_set_complete(rows);
    flush();
    ck_assert(seen.counts == COUNTS_PARTIAL && cluster_rows_take_loss(rows) &&
              !cluster_rows_take_loss(rows));
}
END_TEST

START_TEST(queue_of_half_its_size_has_no_room) {
    uint32_t count = 0;
    while (cluster_rows_has_room(rows))
        put(++count, 3, 1, 0);
    for (uint32_t i = 1; i < count; i++)
        put(count + i, 3, 1, 0);
    ck_assert(!cluster_rows_take_loss(rows));
    write_rows();
    ck_assert(cluster_rows_has_room(rows));
}
END_TEST

START_TEST(use_without_a_cluster_keeps_the_rows_but_they_are_outdated) {
    put(1, 3, 5, 0);
    cluster_rows_set_complete(rows);
    flush();
    for (int i = 0; i < 2; i++) {
        ck_assert(cluster_rows_leave(&connection));
        look();
        assert_count(5, 0);
        ck_assert_int_eq(seen.counts, COUNTS_OUTDATED);
    }
    cluster_rows_lose(rows);
    flush();
    ck_assert(cluster_rows_leave(&connection));
    look();
    ck_assert_int_eq(seen.counts, COUNTS_PARTIAL);
}
END_TEST

/* The file is not trusted. */
static const char *const invalid[] = {
    "INSERT INTO cluster_counter VALUES (x'01', 1, 1, 0)",
    "INSERT INTO cluster_counter VALUES (zeroblob(20), 0, 1, 0)",
    "INSERT INTO cluster_counter VALUES (zeroblob(20), 'x', 1, 0)",
    "INSERT INTO cluster_counter VALUES (zeroblob(20), 1, -1, 0)",
    "INSERT INTO cluster_counter VALUES (zeroblob(20), 1, 4294967296, 0)",
    "INSERT INTO cluster_counter VALUES (zeroblob(20), 1, 1, -1)",
    "INSERT INTO cluster_log VALUES (9, zeroblob(35))",
    "INSERT INTO cluster_log VALUES (9, 'text')",
    "INSERT INTO cluster_completion VALUES (9, zeroblob(36))",
    "INSERT INTO cluster_completion VALUES (9, zeroblob(37))",
    "INSERT INTO cluster_completion VALUES (9, 'text, as long as the completion of a client')",
};

START_TEST(invalid_row_is_skipped) {
    put(1, 3, 5, 0);
    complete(1, 100);
    flush();
    ck_assert(connection_execute(&connection, invalid[_i]));
    look();
    ck_assert(seen.counter_count == 1 && seen.completion_count == 1);
}
END_TEST

static struct store *open_store(bool of_cluster) {
    struct store *store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    ck_assert(!of_cluster || store_join_cluster(store));
    return store;
}

START_TEST(store_writes_them_with_its_commit) {
    connection_close(&connection);
    struct store *store = open_store(true);
    cluster_rows_delete(rows);
    rows = store_cluster(store);
    put(1, 3, 5, 0);
    cluster_rows_set_complete(rows);
    ck_assert(store_commit(store));
    store_close(store);
    rows = NULL;
    store = open_store(false);
    ck_assert_ptr_null(store_cluster(store));
    const struct cluster_rows_reader reader = { .counter = see_counter };
    memset(&seen, 0, sizeof seen);
    ck_assert(store_read_cluster(store, &reader, &seen.counts));
    assert_count(5, 0);
    ck_assert(seen.counts == COUNTS_COMPLETE && store_leave_cluster(store));
    ck_assert(store_read_cluster(store, &reader, &seen.counts));
    ck_assert_int_eq(seen.counts, COUNTS_OUTDATED);
    store_close(store);
    ck_assert_int_eq(connection_open(&connection, directory.database, why, error), CONNECTION_GOOD);
}
END_TEST

START_TEST(replaced_file_is_a_loss) {
    connection_close(&connection);
    struct store *store = open_store(true);
    struct cluster_rows *of_store = store_cluster(store);
    ck_assert(!cluster_rows_take_loss(of_store));
    ck_assert_int_eq(remove(directory.database), 0);
    ck_assert(store_refresh(store) && cluster_rows_take_loss(of_store));
    store_close(store);
    ck_assert_int_eq(connection_open(&connection, directory.database, why, error), CONNECTION_GOOD);
}
END_TEST

static bool restore_nothing(void *context, const struct change *changes, size_t count) {
    (void)context;
    (void)changes;
    return count > 0;
}

START_TEST(counts_of_a_damaged_file_are_kept_but_not_trusted) {
    put(1, 3, 5, 0);
    cluster_rows_set_complete(rows);
    flush();
    ck_assert_int_eq(seen.counts, COUNTS_COMPLETE);
    ck_assert(connection_execute(&connection, "INSERT INTO swarm_log VALUES (1, x'ff')"));
    connection_close(&connection);
    struct store *store = open_store(true);
    ck_assert(store_restore(store, 1, restore_nothing, NULL));
    store_close(store);
    ck_assert_int_eq(connection_open(&connection, directory.database, why, error), CONNECTION_GOOD);
    look();
    assert_count(5, 0);
    ck_assert_int_eq(seen.counts, COUNTS_PARTIAL);
}
END_TEST

UNIT_SUITE(cluster_rows) {
    Suite *suite = suite_create("cluster_rows");
    TCase *tcase = tcase_create("rows");
    tcase_add_checked_fixture(tcase, create_rows, remove_rows);
    tcase_add_test(tcase, new_database_has_no_rows);
    tcase_add_test(tcase, counts_are_read_again);
    tcase_add_test(tcase, numbers_only_grow);
    tcase_add_test(tcase, log_is_folded_to_the_greatest_numbers_of_each_node);
    tcase_add_test(tcase, log_is_folded_after_many_writes_or_bytes);
    tcase_add_test(tcase, failed_fold_loses_nothing);
    tcase_add_loop_test(tcase, forgotten_torrent_keeps_only_what_is_counted_later, 0, 3);
    tcase_add_test(tcase, completions_are_read_again_in_their_order);
    tcase_add_test(tcase, old_completions_are_deleted_when_others_are_written);
    tcase_add_test(tcase, number_of_completions_is_bounded);
    tcase_add_test(tcase, failed_write_loses_nothing);
    tcase_add_test(tcase, full_queue_reports_a_loss_and_counts_are_not_complete);
    tcase_add_test(tcase, counts_are_not_complete_before_a_loss_is_repaired);
    tcase_add_test(tcase, queue_of_half_its_size_has_no_room);
    tcase_add_test(tcase, use_without_a_cluster_keeps_the_rows_but_they_are_outdated);
    tcase_add_loop_test(tcase, invalid_row_is_skipped, 0, LOOPS_OF(invalid));
    tcase_add_test(tcase, store_writes_them_with_its_commit);
    tcase_add_test(tcase, replaced_file_is_a_loss);
    tcase_add_test(tcase, counts_of_a_damaged_file_are_kept_but_not_trusted);
    suite_add_tcase(suite, tcase);
    return suite;
}
