/* The change_writer between a tracker and a store that another connection locks. */
#include "store/change_writer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/swarm_restore.h"
#include "tracker_support.h"

enum { INTERVAL_MS = 50, PEERS = 100 };

static struct directory directory;
static struct tracker *tracker;
static struct store *store;
static struct swarm_totals *totals;
static struct feed_reader *feed;
static struct change_writer *change_writer;
static sqlite3 *other;

static void start(size_t feed_capacity) {
    const struct tracker_options options = test_options();
    char error[ERROR_LEN];
    directory = directory_create();
    tracker = tracker_create(&options, feed_capacity);
    ck_assert_ptr_nonnull(tracker);
    store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    const struct change_writer_options recording = {
        .flush_interval_ms = INTERVAL_MS,
        .history = { .enabled = true, .completions_max = 10 * PEERS },
    };
    totals = swarm_totals_create(tracker, 0);
    ck_assert_ptr_nonnull(totals);
    feed = feed_reader_start(tracker, FEED_CAPACITY, INTERVAL_MS);
    ck_assert_ptr_nonnull(feed);
    change_writer = change_writer_start(feed, tracker, totals, store, &recording);
    ck_assert_ptr_nonnull(change_writer);
    ck_assert_int_eq(sqlite3_open(directory.database, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, (int)patience_ms);
}

static void stop(void) {
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    ck_assert(change_writer_stop(change_writer));
    feed_reader_stop(feed);
    swarm_totals_delete(totals);
    store_close(store);
    tracker_delete(tracker);
    directory_remove(&directory);
}

static void start_with_room(void) {
    start(FEED_CAPACITY);
}

static void start_without_room(void) {
    start(1);
}

static void run(const char *sql) {
    ck_assert_msg(sqlite3_exec(other, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(other));
}

static uint32_t number_of(const char *sql) {
    sqlite3_stmt *row;
    ck_assert_int_eq(sqlite3_prepare_v2(other, sql, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    const int count = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    return (uint32_t)count;
}

static bool count_peers(void *context, const struct change *changes, size_t count) {
    for (size_t i = 0; i < count; i++)
        *(uint32_t *)context += changes[i].peer.family != FAMILY_NONE;
    return true;
}

/* What a restart would restore: rows and log. */
static uint32_t stored_peers(void) {
    struct connection reader = { .lock = -1 };
    char why[ERROR_LEN];
    uint32_t peers = 0;
    const struct swarm_restore counting = { .restore = count_peers, .context = &peers };
    ck_assert_int_eq(sqlite3_open(directory.database, &reader.db), SQLITE_OK);
    sqlite3_busy_timeout(reader.db, (int)patience_ms);
    ck_assert_int_eq(sqlite3_exec(reader.db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(swarm_restore_run(&reader, &counting, why), CONNECTION_GOOD);
    connection_close(&reader);
    return peers;
}

static struct change_writer_stats stats(void) {
    return change_writer_stats(change_writer, clock_now_ms());
}

static void put(uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        const struct announce_request request = test_leecher(i);
        test_put(tracker, &request, clock_now_ms());
    }
}

static void complete(uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        struct announce_request request = test_seeder(i);
        request.event = EVENT_COMPLETED;
        test_put(tracker, &request, clock_now_ms());
    }
}

static bool is_idle(void) {
    const struct change_writer_stats now = stats();
    return now.pending == 0 && !now.failing;
}

/* A sample of the history may fail before the writer has read the changes. */
static bool is_failing(void) {
    const struct change_writer_stats now = stats();
    return now.pending > 0 && now.failing;
}

static void wait_until(bool (*condition)(void)) {
    const uint64_t end_ms = clock_now_ms() + patience_ms;
    while (!condition()) {
        ck_assert_uint_lt(clock_now_ms(), end_ms);
        const struct timespec moment = { .tv_nsec = 5000000 };
        nanosleep(&moment, NULL);
    }
}

static void wait_until_stored(uint32_t peers) {
    const uint64_t end_ms = clock_now_ms() + patience_ms;
    while (stored_peers() != peers)
        ck_assert_uint_lt(clock_now_ms(), end_ms);
    wait_until(is_idle);
}

START_TEST(changes_are_stored_and_counted) {
    put(0, PEERS);
    wait_until_stored(PEERS);
    const struct change_writer_stats now = stats();
    ck_assert(now.lag_s == 0);
    ck_assert_uint_gt(now.flushes.sum_ns, 0);
    ck_assert_uint_eq(now.failures, 0);
    ck_assert_uint_eq(now.rewrites, 0);
}
END_TEST

START_TEST(locked_store_lags_and_catches_up) {
    put(0, PEERS);
    wait_until_stored(PEERS);
    run("BEGIN IMMEDIATE");
    put(PEERS, PEERS);
    wait_until(is_failing);
    const struct change_writer_stats locked = stats();
    ck_assert(locked.lag_s > 0);
    ck_assert_uint_gt(locked.pending, 0);
    ck_assert_uint_gt(locked.failures, 0);
    run("ROLLBACK");
    wait_until_stored(2 * PEERS);
    ck_assert(!stats().failing);
    ck_assert_uint_gt(stats().rewrites, 0);
}
END_TEST

/* The lock is held until all announces are answered: an announce that waits for it would hang. */
START_TEST(announce_does_not_wait_for_a_locked_store) {
    run("BEGIN IMMEDIATE");
    put(0, PEERS);
    wait_until(is_failing);
    put(PEERS, PEERS);
    run("ROLLBACK");
    wait_until_stored(2 * PEERS);
}
END_TEST

START_TEST(overflow_leads_to_a_rewrite) {
    put(0, 10 * PEERS);
    wait_until_stored(10 * PEERS);
    ck_assert_uint_gt(stats().rewrites, 0);
    ck_assert_uint_eq(stats().failures, 0);
}
END_TEST

START_TEST(deleted_file_is_rewritten) {
    put(0, PEERS);
    wait_until_stored(PEERS);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    ck_assert_int_eq(unlink(directory.database), 0);
    const uint64_t end_ms = clock_now_ms() + patience_ms;
    while (stats().rewrites == 0)
        ck_assert_uint_lt(clock_now_ms(), end_ms);
    wait_until(is_idle);
    ck_assert_int_eq(sqlite3_open(directory.database, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, (int)patience_ms);
    wait_until_stored(PEERS);
}
END_TEST

START_TEST(completions_survive_a_rewrite) {
    put(0, PEERS);
    complete(0, PEERS / 2);
    wait_until_stored(PEERS);
    run("BEGIN IMMEDIATE");
    put(PEERS, 1);
    wait_until(is_failing);
    complete(PEERS / 2, PEERS / 2);
    run("ROLLBACK");
    wait_until_stored(PEERS + 1);
    ck_assert_uint_gt(stats().rewrites, 0);
    ck_assert_uint_eq(number_of("SELECT count(*) FROM completion"), PEERS);
    ck_assert_uint_eq(number_of("SELECT count(DISTINCT peer_id) FROM completion"), PEERS);
}
END_TEST

UNIT_SUITE(change_writer) {
    Suite *suite = suite_create("change_writer");
    TCase *room = tcase_create("room");
    tcase_add_checked_fixture(room, start_with_room, stop);
    tcase_add_test(room, changes_are_stored_and_counted);
    tcase_add_test(room, locked_store_lags_and_catches_up);
    tcase_add_test(room, announce_does_not_wait_for_a_locked_store);
    tcase_add_test(room, deleted_file_is_rewritten);
    tcase_add_test(room, completions_survive_a_rewrite);
    suite_add_tcase(suite, room);

    TCase *overflow = tcase_create("overflow");
    tcase_add_checked_fixture(overflow, start_without_room, stop);
    tcase_add_test(overflow, overflow_leads_to_a_rewrite);
    suite_add_tcase(suite, overflow);
    return suite;
}
