/* The sampler with a tracker, a store and two simulated clocks. */
#include "store/history_sampler.h"

#include <stdio.h>
#include <string.h>

#include "store/history_writer.h"
#include "tracker_support.h"

/* The first second of an hour. */
enum { START_S = 1763751600, TORRENTS_MAX = 2, SEEN_MAX = 64 };

static struct directory directory;
static struct tracker *tracker;
static struct store *store;
static struct swarm_totals *totals;
static struct history_sampler *sampler;
static uint64_t now_ms;
static int64_t unix_s;

static void start_sampler(void) {
    const struct tracker_options options = test_options();
    const struct history_options history = { .enabled = true, .torrents_max = 100 };
    char error[ERROR_LEN];
    directory = directory_create();
    tracker = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(tracker);
    store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    store_history(store)->options = history;
    totals = swarm_totals_create(tracker, START_MS);
    ck_assert_ptr_nonnull(totals);
    sampler = history_sampler_create(tracker, totals, store, TORRENTS_MAX);
    ck_assert_ptr_nonnull(sampler);
    now_ms = START_MS;
    unix_s = START_S;
    history_sampler_tick(sampler, now_ms, unix_s);
}

static void stop_sampler(void) {
    history_sampler_delete(sampler);
    swarm_totals_delete(totals);
    store_close(store);
    tracker_delete(tracker);
    directory_remove(&directory);
}

/* Advances both clocks, with four ticks a second. */
static void pass(uint32_t seconds) {
    for (uint32_t i = 0; i < 4 * seconds; i++) {
        now_ms += 250;
        history_sampler_tick(sampler, now_ms, unix_s + (int64_t)(i + 1) / 4);
    }
    unix_s += seconds;
}

/* Sets the wall clock, and advances the monotonic clock by 250 ms. */
static void put_clock(int64_t to_s) {
    unix_s = to_s;
    now_ms += 250;
    history_sampler_tick(sampler, now_ms, unix_s);
}

static void announce(uint32_t number, uint32_t torrent, bool seeds) {
    struct announce_request request = seeds ? test_seeder(number) : test_leecher(number);
    numbered_id(request.info_hash, torrent);
    test_put(tracker, &request, now_ms);
}

static struct history *look(void) {
    char error[ERROR_LEN];
    ck_assert(store_commit(store));
    struct history *history = history_open(directory.database, error);
    ck_assert_msg(history != NULL, "%s", error);
    return history;
}

static struct {
    size_t count;
    struct sample list[SEEN_MAX];
} seen;

static void see(void *context, const struct sample *sample) {
    (void)context;
    REQUIRE(seen.count < SEEN_MAX);
    seen.list[seen.count++] = *sample;
}

/* The last hour before `now_s`. */
static size_t samples(int64_t now_s) {
    struct history *history = look();
    seen.count = 0;
    ck_assert(history_samples(history, HISTORY_HOUR, now_s, see, NULL));
    history_close(history);
    return seen.count;
}

static struct {
    size_t count;
    struct torrent_sample list[SEEN_MAX];
} torrents_seen;

static void see_torrent(void *context, const struct torrent_sample *sample) {
    (void)context;
    REQUIRE(torrents_seen.count < SEEN_MAX);
    torrents_seen.list[torrents_seen.count++] = *sample;
}

static size_t torrent_samples(uint32_t torrent, int64_t now_s) {
    uint8_t info_hash[INFO_HASH_LEN];
    struct history *history = look();
    numbered_id(info_hash, torrent);
    torrents_seen.count = 0;
    ck_assert(history_torrent_samples(history, info_hash, HISTORY_HOUR, now_s, see_torrent, NULL));
    history_close(history);
    return torrents_seen.count;
}

START_TEST(sample_comes_at_the_end_of_each_period) {
    pass(9);
    ck_assert_uint_eq(samples(unix_s), 0);
    pass(1);
    ck_assert_uint_eq(samples(unix_s), 1);
    ck_assert_int_eq(seen.list[0].at_s, START_S);
    pass(100);
    ck_assert_uint_eq(samples(unix_s), 11);
    for (size_t i = 0; i < seen.count; i++)
        ck_assert_int_eq(seen.list[i].at_s, START_S + 10 * (int64_t)i);
}
END_TEST

START_TEST(sample_counts_all_torrents) {
    announce(1, 1, true);
    announce(2, 1, false);
    announce(3, 2, false);
    pass(10);
    ck_assert_uint_eq(samples(unix_s), 1);
    const struct sample *found = &seen.list[0];
    ck_assert(found->torrents == 2 && found->peers == 3);
    ck_assert(found->seeders == 1 && found->leechers == 2);
    ck_assert(found->upload_rate == 0 && found->download_rate == 0);
}
END_TEST

START_TEST(announces_count_in_their_own_period) {
    for (uint32_t i = 0; i < 5; i++)
        announce(1, 1, false);
    pass(10);
    announce(1, 1, false);
    pass(10);
    pass(10);
    ck_assert_uint_eq(samples(unix_s), 3);
    ck_assert(seen.list[0].announces_per_s == 0.5);
    ck_assert(seen.list[1].announces_per_s == 0.1);
    ck_assert(seen.list[2].announces_per_s == 0);
}
END_TEST

/* Rates are computed from two announces: 40 KiB uploaded and 20 KiB downloaded in ten seconds. */
START_TEST(rates_are_those_of_all_peers) {
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t number = 0; number < 3; number++) {
            struct announce_request request = test_leecher(number);
            request.uploaded = (uint64_t)i * 40 * 1024;
            request.downloaded = (uint64_t)i * 20 * 1024;
            test_put(tracker, &request, now_ms);
        }
        pass(10);
    }
    ck_assert_uint_eq(samples(unix_s), 2);
    ck_assert(seen.list[0].upload_rate == 0);
    ck_assert(seen.list[1].upload_rate == 3 * 4 * 1024);
    ck_assert(seen.list[1].download_rate == 3 * 2 * 1024);
}
END_TEST

START_TEST(first_period_is_short_where_it_began_in_the_middle) {
    put_clock(START_S + 7);
    announce(1, 1, false);
    announce(1, 1, false);
    now_ms += 1750;
    history_sampler_tick(sampler, now_ms, START_S + 10);
    ck_assert_uint_eq(samples(START_S + 10), 1);
    ck_assert(seen.list[0].announces_per_s == 1);
}
END_TEST

START_TEST(late_tick_leaves_a_gap) {
    pass(10);
    unix_s += 35;
    now_ms += 35000;
    history_sampler_tick(sampler, now_ms, unix_s);
    pass(5);
    ck_assert_uint_eq(samples(unix_s), 3);
    ck_assert_int_eq(seen.list[1].at_s, START_S + 10);
    ck_assert_int_eq(seen.list[2].at_s, START_S + 40);
}
END_TEST

static const int64_t steps[] = { 10 * 365 * 86400LL, 3600, 7, -7, -3600, -10 * 365 * 86400LL };

START_TEST(clock_that_steps_ends_the_period_and_begins_another) {
    pass(25);
    put_clock(unix_s + steps[_i]);
    const int64_t from_s = unix_s;
    pass(20);
    ck_assert_uint_ge(samples(unix_s), 2);
    const struct sample *last = &seen.list[seen.count - 1];
    ck_assert_int_le(last->at_s, unix_s - 10);
    ck_assert_int_gt(last->at_s, from_s - 10);
    ck_assert_uint_ge(samples(START_S + 25), 2);
}
END_TEST

START_TEST(period_of_no_length_gives_no_sample) {
    announce(1, 1, false);
    history_sampler_tick(sampler, now_ms, START_S + 10);
    announce(1, 1, false);
    history_sampler_tick(sampler, now_ms, START_S);
    now_ms += 999;
    history_sampler_tick(sampler, now_ms, START_S + 10);
    ck_assert_uint_eq(samples(START_S + 20), 0);
    now_ms += 1000;
    history_sampler_tick(sampler, now_ms, START_S + 20);
    ck_assert_uint_eq(samples(START_S + 20), 1);
    ck_assert(seen.list[0].announces_per_s == 0);
}
END_TEST

START_TEST(largest_torrents_are_sampled_every_two_minutes) {
    for (uint32_t torrent = 1; torrent <= 4; torrent++) {
        for (uint32_t number = 0; number < torrent; number++)
            announce(number, torrent, number == 0);
    }
    pass(119);
    ck_assert_uint_eq(torrent_samples(4, unix_s), 0);
    pass(1);
    ck_assert_uint_eq(torrent_samples(4, unix_s), 1);
    ck_assert_int_eq(torrents_seen.list[0].at_s, START_S);
    ck_assert(torrents_seen.list[0].seeders == 1 && torrents_seen.list[0].leechers == 3);
    ck_assert_uint_eq(torrent_samples(3, unix_s), 1);
    ck_assert_uint_eq(torrent_samples(2, unix_s), 0);
    ck_assert_uint_eq(torrent_samples(1, unix_s), 0);
}
END_TEST

START_TEST(torrent_without_peers_is_not_sampled) {
    announce(1, 1, false);
    struct announce_request gone = test_leecher(1);
    numbered_id(gone.info_hash, 1);
    gone.event = EVENT_STOPPED;
    test_put(tracker, &gone, now_ms);
    pass(120);
    ck_assert_uint_eq(torrent_samples(1, unix_s), 0);
    ck_assert_uint_eq(samples(unix_s), 12);
}
END_TEST

UNIT_SUITE(history_sampler) {
    Suite *suite = suite_create("history_sampler");
    TCase *sampling = tcase_create("sampling");
    tcase_add_checked_fixture(sampling, start_sampler, stop_sampler);
    tcase_add_test(sampling, sample_comes_at_the_end_of_each_period);
    tcase_add_test(sampling, sample_counts_all_torrents);
    tcase_add_test(sampling, announces_count_in_their_own_period);
    tcase_add_test(sampling, rates_are_those_of_all_peers);
    tcase_add_test(sampling, first_period_is_short_where_it_began_in_the_middle);
    tcase_add_test(sampling, late_tick_leaves_a_gap);
    tcase_add_loop_test(sampling, clock_that_steps_ends_the_period_and_begins_another, 0,
                        LOOPS_OF(steps));
    tcase_add_test(sampling, period_of_no_length_gives_no_sample);
    tcase_add_test(sampling, largest_torrents_are_sampled_every_two_minutes);
    tcase_add_test(sampling, torrent_without_peers_is_not_sampled);
    suite_add_tcase(suite, sampling);
    return suite;
}
