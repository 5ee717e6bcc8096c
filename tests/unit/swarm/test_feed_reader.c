/* Several readers of one feed: each sees every change once, and none delays another. */
#include "swarm/feed_reader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "tracker_support.h"

enum { PERIOD_MS = 5, PEERS = 500, RING = 100000, FLOODED = 1000, OTHER_TORRENT = 2 };

static struct tracker *tracker;
static struct feed_reader *feed;

struct count {
    _Atomic uint64_t joined;
    _Atomic uint64_t losses;
    _Atomic uint64_t ticks;
    _Atomic bool blocked;
};

static void pause_briefly(void) {
    const struct timespec moment = { .tv_nsec = 2000000 };
    nanosleep(&moment, NULL);
}

static void count_changes(void *context, const struct change *changes, size_t count) {
    struct count *counts = context;
    while (counts->blocked)
        pause_briefly();
    for (size_t i = 0; i < count; i++)
        counts->joined += changes[i].kind == CHANGE_PEER_JOINED;
}

/* All peers are then passed again. */
static void count_loss(void *context) {
    struct count *counts = context;
    counts->losses++;
    counts->joined = 0;
}

static void count_tick(void *context, uint64_t now_ms) {
    ck_assert_uint_le(now_ms, clock_now_ms());
    ((struct count *)context)->ticks++;
}

static struct feed_subscription *subscribe(struct count *counts) {
    const struct feed_subscriber subscriber = {
        .name = "test reader",
        .read = count_changes,
        .lost = count_loss,
        .tick = count_tick,
        .context = counts,
    };
    struct feed_subscription *subscription = feed_subscribe(feed, &subscriber);
    ck_assert_ptr_nonnull(subscription);
    return subscription;
}

static void start_slow(size_t feed_capacity, size_t ring_capacity, uint32_t period_ms) {
    const struct tracker_options options = test_options();
    tracker = tracker_create(&options, feed_capacity);
    ck_assert_ptr_nonnull(tracker);
    feed = feed_reader_start(tracker, ring_capacity, period_ms);
    ck_assert_ptr_nonnull(feed);
}

static void start(size_t feed_capacity, size_t ring_capacity) {
    start_slow(feed_capacity, ring_capacity, PERIOD_MS);
}

static void stop(void) {
    feed_reader_stop(feed);
    tracker_delete(tracker);
}

static void put(uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        const struct announce_request request = test_leecher(i);
        test_put(tracker, &request, clock_now_ms());
    }
}

static void wait_for(const _Atomic uint64_t *value, uint64_t expected) {
    const uint64_t end_ms = clock_now_ms() + patience_ms;
    while (*value < expected) {
        ck_assert_uint_lt(clock_now_ms(), end_ms);
        pause_briefly();
    }
}

START_TEST(each_reader_sees_each_change_once) {
    struct count counts[3] = { 0 };
    struct feed_subscription *subscriptions[3];
    start(FEED_CAPACITY, RING);
    for (int i = 0; i < 3; i++)
        subscriptions[i] = subscribe(&counts[i]);
    for (uint32_t i = 0; i < PEERS; i += 50)
        put(i, 50);
    for (int i = 0; i < 3; i++)
        feed_unsubscribe(subscriptions[i]);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(counts[i].joined, PEERS);
        ck_assert_uint_eq(counts[i].losses, 0);
        ck_assert_uint_gt(counts[i].ticks, 0);
    }
    stop();
}
END_TEST

START_TEST(blocked_reader_does_not_delay_another) {
    struct count blocked = { .blocked = true }, other = { 0 };
    start(FEED_CAPACITY, RING);
    struct feed_subscription *first = subscribe(&blocked);
    struct feed_subscription *second = subscribe(&other);
    put(0, PEERS);
    wait_for(&other.joined, PEERS);
    ck_assert_uint_eq(blocked.joined, 0);
    blocked.blocked = false;
    wait_for(&blocked.joined, PEERS);
    ck_assert_uint_eq(blocked.losses, 0);
    feed_unsubscribe(first);
    feed_unsubscribe(second);
    stop();
}
END_TEST

START_TEST(lapped_reader_reads_everything_again) {
    struct count blocked = { .blocked = true }, other = { 0 };
    start(FEED_CAPACITY, 100);
    struct feed_subscription *first = subscribe(&blocked);
    struct feed_subscription *second = subscribe(&other);
    for (uint32_t i = 0; i < PEERS; i += 50) {
        put(i, 50);
        wait_for(&other.joined, i + 50);
    }
    blocked.blocked = false;
    wait_for(&blocked.losses, 1);
    wait_for(&blocked.joined, PEERS);
    feed_unsubscribe(first);
    feed_unsubscribe(second);
    ck_assert_uint_eq(blocked.joined, PEERS);
    ck_assert_uint_eq(other.losses, 0);
    ck_assert_uint_eq(other.joined, PEERS);
    stop();
}
END_TEST

START_TEST(overflow_of_the_feed_is_a_loss_for_every_reader) {
    struct count counts[2] = { 0 };
    start(1, RING);
    struct feed_subscription *first = subscribe(&counts[0]);
    struct feed_subscription *second = subscribe(&counts[1]);
    put(0, 10 * PEERS);
    for (int i = 0; i < 2; i++) {
        wait_for(&counts[i].losses, 1);
        wait_for(&counts[i].joined, 10 * PEERS);
    }
    feed_unsubscribe(first);
    feed_unsubscribe(second);
    stop();
}
END_TEST

/* Of the flooded torrent, the present state is passed; of the other, each change. */
START_TEST(flood_of_one_torrent_costs_no_change_of_another) {
    struct count counts = { 0 }, again = { 0 };
    struct feed_cursor cursor;
    start_slow(FLOODED, RING, UINT32_MAX);
    feed_cursor_open(&cursor, feed);
    for (uint32_t i = 0; i < FLOODED / 2; i++) {
        struct announce_request request = test_leecher(i);
        numbered_id(request.info_hash, i % 10 == 0 ? OTHER_TORRENT : TORRENT);
        test_put(tracker, &request, clock_now_ms());
    }
    ck_assert_uint_eq(cursor.loss.torrents, 0);
    put(0, 20 * FLOODED);
    feed_reader_pump(feed);
    feed_cursor_read(&cursor, count_changes, &counts);
    ck_assert(!cursor.loss.everything);
    ck_assert_uint_eq(cursor.loss.torrents, 1);
    ck_assert_uint_ge(counts.joined, FLOODED / 20);
    ck_assert_uint_lt(counts.joined, FLOODED);
    ck_assert(feed_cursor_recover(&cursor, clock_now_ms(), count_changes, &again));
    ck_assert_uint_eq(again.joined, 20 * FLOODED);
    ck_assert_uint_eq(cursor.loss.torrents, 0);
    feed_cursor_close(&cursor);
    stop();
}
END_TEST

START_TEST(cursor_reads_up_to_the_present_moment) {
    struct count counts = { 0 };
    struct feed_cursor cursor;
    start(FEED_CAPACITY, RING);
    put(0, 10);
    feed_reader_pump(feed);
    feed_cursor_open(&cursor, feed);
    put(10, 20);
    feed_reader_pump(feed);
    feed_cursor_read(&cursor, count_changes, &counts);
    ck_assert_uint_eq(counts.joined, 20);
    feed_cursor_read(&cursor, count_changes, &counts);
    ck_assert_uint_eq(counts.joined, 20);
    feed_cursor_close(&cursor);
    stop();
}
END_TEST

UNIT_SUITE(feed_reader) {
    Suite *suite = suite_create("feed_reader");
    TCase *tcase = tcase_create("readers");
    tcase_add_test(tcase, each_reader_sees_each_change_once);
    tcase_add_test(tcase, blocked_reader_does_not_delay_another);
    tcase_add_test(tcase, lapped_reader_reads_everything_again);
    tcase_add_test(tcase, overflow_of_the_feed_is_a_loss_for_every_reader);
    tcase_add_test(tcase, flood_of_one_torrent_costs_no_change_of_another);
    tcase_add_test(tcase, cursor_reads_up_to_the_present_moment);
    suite_add_tcase(suite, tcase);
    return suite;
}
