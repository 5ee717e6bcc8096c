/* Writing and reading the history, with a simulated clock. */
#include "store/history_writer.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

/* The first second of an hour. */
enum { START_S = 1763751600, HOUR_S = 3600, DAY_S = 86400, SEEN_MAX = 1000 };

static struct directory directory;
static struct store *store;
static struct history *history;
static struct history_options options;

static void open_store(void) {
    char error[ERROR_LEN];
    store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    store_history(store)->options = options;
}

static void open_history(void) {
    char error[ERROR_LEN];
    history_close(history);
    history = history_open(directory.database, error);
    ck_assert_msg(history != NULL, "%s", error);
}

static void create_history(void) {
    options = (struct history_options){ .enabled = true, .torrents_max = 3, .completions_max = 10 };
    directory = directory_create();
    history = NULL;
    open_store();
    open_history();
}

static void remove_history(void) {
    history_close(history);
    store_close(store);
    directory_remove(&directory);
}

static void keep(struct history_options wanted) {
    options = wanted;
    store_history(store)->options = options;
}

static void commit(void) {
    ck_assert_msg(store_commit(store), "%s", store_failure(store));
}

#define ASSERT_GOOD(call) ck_assert_msg((call), "%s", history_failure(history))

/* All values differ from each other. */
static void add_sample(int64_t at_s, double peers) {
    const struct sample sample = {
        .at_s = at_s,
        .torrents = peers + 1,
        .peers = peers,
        .seeders = peers + 2,
        .leechers = peers + 3,
        .announces_per_s = peers + 4,
        .upload_rate = peers + 5,
        .download_rate = peers + 6,
    };
    history_writer_add_sample(store_history(store), &sample);
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

static size_t look(enum history_range range, int64_t now_s) {
    seen.count = 0;
    ASSERT_GOOD(history_samples(history, range, now_s, see, NULL));
    return seen.count;
}

static int64_t number_of(const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    ck_assert_int_eq(sqlite3_open(directory.database, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    const int64_t number = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return number;
}

static const enum history_range all_ranges[] = { HISTORY_HOUR, HISTORY_DAY, HISTORY_MONTH };

START_TEST(fresh_history_is_empty) {
    ck_assert_uint_eq(look(all_ranges[_i], START_S), 0);
}
END_TEST

START_TEST(sample_is_in_every_range_with_all_its_figures) {
    add_sample(START_S, 100);
    commit();
    ck_assert_uint_eq(look(all_ranges[_i], START_S), 1);
    const struct sample *found = &seen.list[0];
    ck_assert_int_eq(found->at_s, START_S);
    ck_assert(found->peers == 100 && found->torrents == 101 && found->seeders == 102);
    ck_assert(found->leechers == 103 && found->announces_per_s == 104);
    ck_assert(found->upload_rate == 105 && found->download_rate == 106);
}
END_TEST

START_TEST(samples_are_rolled_up_to_their_mean) {
    for (int i = 0; i < 30; i++)
        add_sample(START_S + 10 * i, i);
    commit();
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S + 299), 30);
    ck_assert(seen.list[29].peers == 29 && seen.list[29].at_s == START_S + 290);
    ck_assert_uint_eq(look(HISTORY_DAY, START_S + 299), 3);
    ck_assert(seen.list[0].peers == 5.5 && seen.list[0].at_s == START_S);
    ck_assert(seen.list[1].peers == 17.5 && seen.list[1].at_s == START_S + 120);
    ck_assert(seen.list[2].peers == 26.5 && seen.list[2].download_rate == 32.5);
    ck_assert_uint_eq(look(HISTORY_MONTH, START_S + 299), 1);
    ck_assert(seen.list[0].peers == 14.5);
}
END_TEST

START_TEST(rolling_up_continues_over_commits_and_restarts) {
    for (int i = 0; i < 12; i++) {
        add_sample(START_S + 10 * i, i);
        commit();
        store_close(store);
        open_store();
    }
    ck_assert_uint_eq(look(HISTORY_DAY, START_S + 120), 1);
    ck_assert(seen.list[0].peers == 5.5);
}
END_TEST

START_TEST(samples_begin_where_their_period_does) {
    add_sample(START_S + 137, 1);
    commit();
    (void)look(HISTORY_HOUR, START_S + 137);
    ck_assert_int_eq(seen.list[0].at_s, START_S + 130);
    (void)look(HISTORY_DAY, START_S + 137);
    ck_assert_int_eq(seen.list[0].at_s, START_S + 120);
    (void)look(HISTORY_MONTH, START_S + 137);
    ck_assert_int_eq(seen.list[0].at_s, START_S);
}
END_TEST

/* Samples as the sampler does, but commits once an hour. */
static void fill(int64_t from_s, int64_t length_s) {
    for (int64_t at_s = from_s; at_s < from_s + length_s; at_s += 10) {
        add_sample(at_s, (double)(at_s - from_s));
        if (at_s % HOUR_S == 0)
            commit();
    }
    commit();
}

START_TEST(each_range_shows_its_length_and_no_more) {
    const int64_t end_s = START_S + 2 * DAY_S;
    fill(START_S, 2 * DAY_S);
    ck_assert_uint_eq(look(HISTORY_HOUR, end_s - 1), 360);
    ck_assert_int_eq(seen.list[0].at_s, end_s - HOUR_S);
    ck_assert_uint_eq(look(HISTORY_DAY, end_s - 1), 720);
    ck_assert_int_eq(seen.list[0].at_s, end_s - DAY_S);
    ck_assert_uint_eq(look(HISTORY_MONTH, end_s - 1), 48);
    ck_assert_int_eq(number_of("SELECT count(*) FROM sample"), 360 + 720 + 48);
}
END_TEST

START_TEST(month_of_samples_is_bounded) {
    for (int hour = 0; hour < 800; hour++) {
        add_sample(START_S + (int64_t)hour * HOUR_S, hour);
        commit();
    }
    ck_assert_uint_eq(look(HISTORY_MONTH, START_S + 799 * HOUR_S), 720);
    ck_assert(seen.list[0].peers == 80 && seen.list[719].peers == 799);
    ck_assert_int_eq(number_of("SELECT count(*) FROM sample"), 360 + 720 + 720);
}
END_TEST

START_TEST(time_without_samples_is_a_gap) {
    add_sample(START_S, 1);
    add_sample(START_S + 30, 2);
    commit();
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S + 30), 2);
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S + HOUR_S), 1);
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S + DAY_S), 0);
    ck_assert_uint_eq(look(HISTORY_DAY, START_S + HOUR_S), 1);
}
END_TEST

START_TEST(clock_that_goes_back_deletes_no_samples) {
    fill(START_S, HOUR_S);
    fill(START_S - 10 * DAY_S, HOUR_S);
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S - 10 * DAY_S + HOUR_S - 1), 360);
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S + HOUR_S - 1), 360);
    fill(START_S + HOUR_S, 10);
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S + HOUR_S), 360);
    ck_assert_int_eq(number_of("SELECT count(*) FROM sample WHERE period_s = 10"), 360);
}
END_TEST

START_TEST(clock_that_goes_back_and_forth_fills_nothing_up) {
    for (int round = 1; round <= 5; round++)
        fill(START_S - round * HOUR_S, 2 * HOUR_S);
    ck_assert_int_le(number_of("SELECT count(*) FROM sample WHERE period_s = 10"), 2 * 360);
}
END_TEST

START_TEST(clock_that_repeats_a_period_gives_its_mean) {
    add_sample(START_S, 10);
    add_sample(START_S + 10, 30);
    add_sample(START_S, 20);
    commit();
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S + 10), 2);
    ck_assert(seen.list[0].peers == 15);
    ck_assert_uint_eq(look(HISTORY_DAY, START_S + 10), 1);
    ck_assert(seen.list[0].peers == 20);
}
END_TEST

/* Torrents */

static struct torrent_stats torrent(uint32_t number, uint32_t seeders, uint32_t leechers) {
    struct torrent_stats figures = {
        .seeders_v4 = seeders,
        .seeders_v6 = 1,
        .leechers_v4 = 2,
        .leechers_v6 = leechers,
        .downloaded = seeders,
        .upload_rate = 1000 * (uint64_t)seeders,
        .download_rate = 1000 * (uint64_t)leechers,
    };
    numbered_id(figures.info_hash, number);
    return figures;
}

/* At the end of a period of the tracker's samples. */
static void add_torrents(int64_t at_s, const struct torrent_stats *torrents, size_t count) {
    add_sample(at_s, 1);
    history_writer_add_torrents(store_history(store), at_s, torrents, count);
    commit();
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

static size_t look_at(uint32_t number, enum history_range range, int64_t now_s) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, number);
    torrents_seen.count = 0;
    ASSERT_GOOD(history_torrent_samples(history, info_hash, range, now_s, see_torrent, NULL));
    return torrents_seen.count;
}

START_TEST(torrents_sample_is_in_every_range_with_all_its_figures) {
    const struct torrent_stats one = torrent(1, 10, 20);
    add_torrents(START_S, &one, 1);
    ck_assert_uint_eq(look_at(1, all_ranges[_i], START_S), 1);
    const struct torrent_sample *found = &torrents_seen.list[0];
    ck_assert_int_eq(found->at_s, START_S);
    ck_assert(found->seeders == 11 && found->leechers == 22 && found->downloaded == 10);
    ck_assert(found->upload_rate == 10000 && found->download_rate == 20000);
    ck_assert_uint_eq(look_at(2, all_ranges[_i], START_S), 0);
}
END_TEST

START_TEST(torrents_samples_are_rolled_up_to_their_mean) {
    for (uint32_t i = 0; i < 60; i++) {
        const struct torrent_stats figures[] = { torrent(1, i, 0), torrent(2, 7, i) };
        add_torrents(START_S + 120 * (int64_t)i, figures, i % 2 + 1);
    }
    ck_assert_uint_eq(look_at(1, HISTORY_DAY, START_S + 2 * HOUR_S - 1), 60);
    ck_assert(torrents_seen.list[59].seeders == 60);
    ck_assert_uint_eq(look_at(1, HISTORY_HOUR, START_S + 2 * HOUR_S - 1), 30);
    ck_assert_uint_eq(look_at(1, HISTORY_MONTH, START_S + 2 * HOUR_S - 1), 2);
    ck_assert(torrents_seen.list[0].seeders == 15.5 && torrents_seen.list[1].seeders == 45.5);
    ck_assert_uint_eq(torrents_seen.list[1].downloaded, 59);
    ck_assert_uint_eq(look_at(2, HISTORY_DAY, START_S + 2 * HOUR_S - 1), 30);
    ck_assert_uint_eq(look_at(2, HISTORY_MONTH, START_S + 2 * HOUR_S - 1), 2);
    ck_assert(torrents_seen.list[0].leechers == 17 && torrents_seen.list[0].seeders == 8);
}
END_TEST

START_TEST(torrents_beyond_the_bound_are_left_out) {
    const struct torrent_stats figures[] = { torrent(1, 1, 0), torrent(2, 1, 0), torrent(3, 1, 0),
                                             torrent(4, 1, 0) };
    add_torrents(START_S, figures, COUNT_OF(figures));
    ck_assert_uint_eq(look_at(3, HISTORY_DAY, START_S), 1);
    ck_assert_uint_eq(look_at(4, HISTORY_DAY, START_S), 0);
    keep((struct history_options){ .enabled = true, .torrents_max = 0 });
    add_torrents(START_S + 120, figures, COUNT_OF(figures));
    ck_assert_uint_eq(look_at(1, HISTORY_DAY, START_S + 120), 1);
}
END_TEST

START_TEST(torrents_samples_are_trimmed_with_the_trackers) {
    const struct torrent_stats one = torrent(1, 1, 0);
    for (int64_t i = 0; i < 800; i++)
        add_torrents(START_S + 120 * i, &one, 1);
    const int64_t now_s = START_S + 120 * 799;
    ck_assert_uint_eq(look_at(1, HISTORY_DAY, now_s), 720);
    ck_assert_int_eq(number_of("SELECT count(*) FROM torrent_sample WHERE period_s = 120"), 720);
    fill(START_S + 10 * DAY_S, DAY_S);
    ck_assert_int_eq(number_of("SELECT count(*) FROM torrent_sample WHERE period_s = 120"), 0);
}
END_TEST

static void run_by_hand(const char *sql) {
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(directory.database, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static const char *const absurd_samples[] = {
    "samples = 'many'", "samples = 1e-300", "peers = 9e999",   "peers = -1",
    "seeders = 'some'", "leechers = x''",   "torrents = 1e40",
};

START_TEST(sample_with_an_absurd_value_is_passed_over) {
    char sql[128];
    add_sample(START_S, 100);
    commit();
    snprintf(sql, sizeof sql, "UPDATE sample SET %s", absurd_samples[_i]);
    run_by_hand(sql);
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S), 0);
    add_sample(START_S + 10, 100);
    commit();
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S + 10), 1);
}
END_TEST

/* Completions */

static void complete(uint32_t number, uint32_t peer, int64_t at_s) {
    struct change change = {
        .kind = CHANGE_PEER_COMPLETED,
        .peer = numbered_endpoint(peer % 2 == 0 ? FAMILY_V4 : FAMILY_V6, peer),
    };
    numbered_id(change.info_hash, number);
    numbered_id(change.peer_id, peer);
    history_writer_add_completions(store_history(store), &change, 1, at_s);
}

static struct {
    size_t count;
    struct completion list[SEEN_MAX];
} completions;

static void see_completion(void *context, const struct completion *completion) {
    (void)context;
    REQUIRE(completions.count < SEEN_MAX);
    completions.list[completions.count++] = *completion;
}

/* Returns the torrent's number of completions. */
static size_t look_for(uint32_t number, size_t offset, size_t max) {
    uint8_t info_hash[INFO_HASH_LEN];
    size_t total = SIZE_MAX;
    numbered_id(info_hash, number);
    completions.count = 0;
    ASSERT_GOOD(history_completions(history, info_hash, offset, max, see_completion, NULL, &total));
    return total;
}

START_TEST(completions_are_listed_newest_first) {
    for (uint32_t i = 0; i < 6; i++)
        complete(i % 2, i, START_S - i);
    commit();
    ck_assert_uint_eq(look_for(0, 0, 10), 3);
    ck_assert_uint_eq(completions.count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const uint32_t peer = 4 - 2 * i;
        const struct completion *found = &completions.list[i];
        const struct endpoint endpoint = numbered_endpoint(FAMILY_V4, peer);
        uint8_t id[ID_LEN];
        numbered_id(id, peer);
        ck_assert_mem_eq(found->peer_id, id, ID_LEN);
        ck_assert(endpoint_equal(&found->peer, &endpoint));
        ck_assert_int_eq(found->at_s, START_S - peer);
    }
    (void)look_for(1, 0, 1);
    const struct endpoint v6 = numbered_endpoint(FAMILY_V6, 5);
    ck_assert(endpoint_equal(&completions.list[0].peer, &v6));
}
END_TEST

START_TEST(completions_come_in_pages) {
    for (uint32_t i = 0; i < 5; i++)
        complete(0, i, START_S + i);
    commit();
    ck_assert_uint_eq(look_for(0, 1, 2), 5);
    ck_assert_uint_eq(completions.count, 2);
    ck_assert_int_eq(completions.list[0].at_s, START_S + 3);
    ck_assert_int_eq(completions.list[1].at_s, START_S + 2);
    ck_assert_uint_eq(look_for(0, 5, 2), 5);
    ck_assert_uint_eq(completions.count, 0);
    (void)look_for(0, SIZE_MAX, SIZE_MAX);
    ck_assert_uint_eq(completions.count, 0);
    ck_assert_uint_eq(look_for(9, 0, 2), 0);
}
END_TEST

START_TEST(newest_completions_are_kept) {
    for (uint32_t i = 0; i < 25; i++) {
        complete(0, i, START_S + i);
        if (i % 4 == 0)
            commit();
    }
    commit();
    ck_assert_uint_eq(look_for(0, 0, 100), 10);
    ck_assert_int_eq(completions.list[9].at_s, START_S + 15);
    keep((struct history_options){ .enabled = true, .completions_max = 2 });
    complete(0, 30, START_S + 30);
    commit();
    ck_assert_uint_eq(look_for(0, 0, 100), 2);
    keep((struct history_options){ .enabled = true, .completions_max = 0 });
    complete(0, 31, START_S + 31);
    add_sample(START_S, 1);
    commit();
    ck_assert_uint_eq(look_for(0, 0, 100), 0);
}
END_TEST

static void assert_addresses_are(enum address_precision precision, uint32_t count) {
    ck_assert_uint_eq(look_for(0, 0, 10), count);
    for (uint32_t i = 0; i < count; i++) {
        const struct endpoint full = numbered_endpoint(i % 2 == 0 ? FAMILY_V4 : FAMILY_V6, i);
        const struct endpoint expected = endpoint_reduced(&full, precision);
        ck_assert(endpoint_equal(&completions.list[count - 1 - i].peer, &expected));
    }
}

/* With another precision since the last start, which counts for earlier completions, too. */
START_TEST(addresses_are_recorded_with_the_precision_that_is_set) {
    uint32_t count = 0;
    for (int precision = ADDRESS_FULL; precision <= ADDRESS_NONE; precision++) {
        keep((struct history_options){ .enabled = true,
                                       .completions_max = 10,
                                       .addresses = (enum address_precision)precision });
        store_history(store)->reduced = false;
        for (int i = 0; i < 2; i++, count++)
            complete(0, count, START_S + count);
        commit();
        assert_addresses_are((enum address_precision)precision, count);
    }
}
END_TEST

START_TEST(entries_are_deleted_after_their_days) {
    keep((struct history_options){ .enabled = true, .completions_max = 10, .keep_days = 7 });
    complete(0, 0, START_S);
    complete(0, 1, START_S + 10 * DAY_S); /* the clock was wrong */
    complete(0, 2, START_S + DAY_S);
    add_sample(START_S, 1);
    add_sample(START_S + DAY_S, 1);
    commit();
    ck_assert_uint_eq(look_for(0, 0, 10), 3);
    ck_assert_uint_eq(look(HISTORY_MONTH, START_S + DAY_S), 2);
    add_sample(START_S + 8 * DAY_S, 1);
    commit();
    ck_assert_uint_eq(look_for(0, 0, 10), 1);
    ck_assert_int_eq(completions.list[0].at_s, START_S + DAY_S);
    ck_assert_uint_eq(look(HISTORY_MONTH, START_S + 8 * DAY_S), 2);
    add_sample(START_S + 9 * DAY_S, 1);
    commit();
    ck_assert_uint_eq(look_for(0, 0, 10), 0);
    ck_assert_uint_eq(look(HISTORY_MONTH, START_S + 9 * DAY_S), 2);
}
END_TEST

START_TEST(completion_with_the_last_id_does_not_end_the_list) {
    complete(0, 1, START_S);
    commit();
    run_by_hand("UPDATE completion SET id = 9223372036854775807, at_s = -1");
    complete(0, 2, START_S + 1);
    complete(0, 3, START_S + 2);
    commit();
    ck_assert_uint_eq(look_for(0, 0, SEEN_MAX), 2);
    ck_assert_int_eq(completions.list[0].at_s, START_S + 2);
    ck_assert_int_eq(number_of("SELECT max(id) FROM completion"), 2);
}
END_TEST

static void complete_at(const char *address, uint32_t number, int64_t at_s) {
    struct change change = { .kind = CHANGE_PEER_COMPLETED, .peer = endpoint_at(address, 1) };
    numbered_id(change.info_hash, 0);
    numbered_id(change.peer_id, number);
    history_writer_add_completions(store_history(store), &change, 1, at_s);
}

START_TEST(address_adds_no_more_completions_than_its_share) {
    keep((struct history_options){ .enabled = true, .completions_max = 20000 });
    for (uint32_t i = 0; i < 1000; i++)
        complete_at("192.0.2.1", i, START_S);
    commit();
    ck_assert_uint_eq(look_for(0, 0, SEEN_MAX), 200);
    for (uint32_t i = 0; i < 10; i++) {
        complete_at("192.0.2.1", 1000 + i, START_S + 3000);
        complete_at("192.0.2.2", i, START_S + 3000);
        complete_at("127.0.0.1", i, START_S + 3000);
    }
    commit();
    ck_assert_uint_eq(look_for(0, 0, SEEN_MAX), 200 + 3 + 10 + 10);
    keep((struct history_options){ .enabled = true, .completions_max = 500 });
    for (uint32_t i = 0; i < 1000; i++)
        complete_at("192.0.2.3", i, START_S + 3000);
    commit();
    ck_assert_uint_eq(look_for(0, 0, SEEN_MAX), 200 + 3 + 10 + 10 + 100);
}
END_TEST

START_TEST(only_completions_are_noted) {
    struct change change = { .peer = numbered_endpoint(FAMILY_V4, 1) };
    numbered_id(change.info_hash, 0);
    for (enum change_kind kind = CHANGE_PEER_JOINED; kind <= CHANGE_TORRENT_FORGOTTEN; kind++) {
        change.kind = kind;
        history_writer_add_completions(store_history(store), &change, 1, START_S);
    }
    commit();
    ck_assert_uint_eq(look_for(0, 0, 10), 1);
}
END_TEST

/* Durability */

START_TEST(history_that_is_off_stays_empty) {
    const struct torrent_stats one = torrent(1, 1, 0);
    keep((struct history_options){ .torrents_max = 3, .completions_max = 10 });
    complete(0, 1, START_S);
    add_torrents(START_S, &one, 1);
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S), 0);
    ck_assert_uint_eq(look_at(1, HISTORY_HOUR, START_S), 0);
    ck_assert_uint_eq(look_for(0, 0, 10), 0);
}
END_TEST

static void add_some_of_all(void) {
    const struct torrent_stats one = torrent(1, 1, 0);
    add_sample(START_S, 1);
    history_writer_add_torrents(store_history(store), START_S, &one, 1);
    complete(0, 1, START_S);
}

static void assert_once(void) {
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S), 1);
    ck_assert(seen.list[0].peers == 1);
    ck_assert_int_eq(number_of("SELECT sum(samples) FROM sample"), 3);
    ck_assert_uint_eq(look_at(1, HISTORY_DAY, START_S), 1);
    ck_assert(torrents_seen.list[0].seeders == 2);
    ck_assert_int_eq(number_of("SELECT sum(samples) FROM torrent_sample"), 2);
    ck_assert_uint_eq(look_for(0, 0, 10), 1);
}

START_TEST(history_is_written_once) {
    add_some_of_all();
    commit();
    commit();
    assert_once();
}
END_TEST

START_TEST(rewritten_store_keeps_the_history) {
    add_some_of_all();
    commit();
    store_mark_stale(store);
    ck_assert(store_clear(store));
    commit();
    assert_once();
}
END_TEST

START_TEST(what_a_locked_store_could_not_write_is_written_later) {
    sqlite3 *other = NULL;
    ck_assert_int_eq(sqlite3_open(directory.database, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    add_some_of_all();
    ck_assert(!store_commit(store));
    ck_assert(store_is_stale(store));
    ck_assert_int_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    ck_assert(store_clear(store));
    commit();
    assert_once();
}
END_TEST

/* A failure between the history and the commit rolls both back. */
START_TEST(what_was_rolled_back_is_written_later) {
    const struct change peer = { .kind = CHANGE_PEER_JOINED,
                                 .peer = numbered_endpoint(FAMILY_V4, 1) };
    sqlite3 *other = NULL;
    ck_assert_int_eq(sqlite3_open(directory.database, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other,
                                  "CREATE TRIGGER no AFTER INSERT ON completion"
                                  " BEGIN SELECT raise(ABORT, 'no'); END;",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert(store_apply(store, &peer, 1));
    add_some_of_all();
    ck_assert(!store_commit(store));
    ck_assert_int_eq(number_of("SELECT count(*) FROM sample"), 0);
    ck_assert_int_eq(sqlite3_exec(other, "DROP TRIGGER no", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    ck_assert(store_clear(store));
    commit();
    assert_once();
}
END_TEST

START_TEST(what_waits_for_too_long_goes_oldest_first) {
    enum { MANY = 20000 };
    keep((struct history_options){ .enabled = true, .completions_max = MANY });
    for (uint32_t i = 0; i < MANY; i++)
        complete(0, 2 * i, START_S + i);
    for (int i = 0; i < 500; i++)
        add_sample(START_S + 10 * i, i);
    commit();
    const size_t kept = look_for(0, 0, SEEN_MAX);
    ck_assert_uint_ge(kept, 4096);
    ck_assert_uint_le(kept, 8192);
    ck_assert_int_eq(completions.list[0].at_s, START_S + MANY - 1);
    ck_assert_uint_eq(look(HISTORY_DAY, START_S + 5000), 30 + 1);
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S + 4999), 360);
    ck_assert(seen.list[0].peers == 140);
}
END_TEST

START_TEST(flood_of_one_torrent_drops_no_completion_of_another) {
    enum { MANY = 20000, OTHERS = 20 };
    keep((struct history_options){ .enabled = true, .completions_max = MANY });
    for (uint32_t i = 0; i < MANY; i++)
        complete(i % (MANY / OTHERS) == 0 ? 1 : 0, 2 * i, START_S + i);
    commit();
    ck_assert_uint_eq(look_for(1, 0, SEEN_MAX), OTHERS);
    ck_assert_uint_ge(look_for(0, 0, SEEN_MAX), 4096 - OTHERS);
    ck_assert_int_eq(completions.list[0].at_s, START_S + MANY - 1);
}
END_TEST

static const char *const unusable[] = { "PRAGMA user_version = 4; DROP TABLE completion",
                                        "DROP TABLE sample" };

START_TEST(database_without_a_history_is_refused) {
    char error[ERROR_LEN];
    sqlite3 *db = NULL;
    snprintf(directory.database, sizeof directory.database, "%s/other.db", directory.path);
    struct store *other = store_open(directory.database, error);
    ck_assert_ptr_nonnull(other);
    store_close(other);
    ck_assert_int_eq(sqlite3_open(directory.database, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, unusable[_i], NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    ck_assert_ptr_null(history_open(directory.database, error));
    ck_assert_ptr_nonnull(strstr(error, directory.database));
    ck_assert_ptr_nonnull(strstr(error, "no such table"));
}
END_TEST

START_TEST(database_that_is_not_there_is_not_made) {
    char error[ERROR_LEN];
    snprintf(directory.database, sizeof directory.database, "%s/none.db", directory.path);
    ck_assert_ptr_null(history_open(directory.database, error));
    ck_assert_ptr_nonnull(strstr(error, "unable to open"));
    ck_assert_ptr_null(fopen(directory.database, "r"));
    history_close(NULL);
}
END_TEST

START_TEST(invalid_rows_are_skipped) {
    sqlite3 *db = NULL;
    char sql[512];
    complete(0, 1, START_S);
    commit();
    snprintf(sql, sizeof sql,
             "INSERT INTO completion (at_s, info_hash, peer_id, endpoint)"
             " SELECT 1, info_hash, x'01', endpoint FROM completion;"
             "INSERT INTO completion (at_s, info_hash, peer_id, endpoint)"
             " SELECT 1, info_hash, peer_id, x'' FROM completion;"
             "INSERT INTO sample SELECT 10, %d, 0, 1, 1, 1, 1, 1, 1, 1;",
             START_S);
    ck_assert_int_eq(sqlite3_open(directory.database, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    (void)look_for(0, 0, 10);
    ck_assert_uint_eq(completions.count, 1);
    ck_assert_uint_eq(look(HISTORY_HOUR, START_S), 0);
}
END_TEST

static TCase *case_of(Suite *suite, const char *name) {
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, create_history, remove_history);
    suite_add_tcase(suite, tests);
    return tests;
}

static void add_sample_tests(TCase *samples) {
    tcase_add_loop_test(samples, fresh_history_is_empty, 0, LOOPS_OF(all_ranges));
    tcase_add_loop_test(samples, sample_is_in_every_range_with_all_its_figures, 0,
                        LOOPS_OF(all_ranges));
    tcase_add_test(samples, samples_are_rolled_up_to_their_mean);
    tcase_add_loop_test(samples, sample_with_an_absurd_value_is_passed_over, 0,
                        COUNT_OF(absurd_samples));
    tcase_add_test(samples, rolling_up_continues_over_commits_and_restarts);
    tcase_add_test(samples, samples_begin_where_their_period_does);
    tcase_add_test(samples, each_range_shows_its_length_and_no_more);
    tcase_add_test(samples, month_of_samples_is_bounded);
    tcase_add_test(samples, time_without_samples_is_a_gap);
    tcase_add_test(samples, clock_that_goes_back_deletes_no_samples);
    tcase_add_test(samples, clock_that_goes_back_and_forth_fills_nothing_up);
    tcase_add_test(samples, clock_that_repeats_a_period_gives_its_mean);
}

static void add_torrent_tests(TCase *torrents) {
    tcase_add_loop_test(torrents, torrents_sample_is_in_every_range_with_all_its_figures, 0,
                        LOOPS_OF(all_ranges));
    tcase_add_test(torrents, torrents_samples_are_rolled_up_to_their_mean);
    tcase_add_test(torrents, torrents_beyond_the_bound_are_left_out);
    tcase_add_test(torrents, torrents_samples_are_trimmed_with_the_trackers);
}

UNIT_SUITE(history) {
    Suite *suite = suite_create("history");
    add_sample_tests(case_of(suite, "samples"));
    add_torrent_tests(case_of(suite, "torrents"));
    TCase *completed = case_of(suite, "completions");
    tcase_add_test(completed, completions_are_listed_newest_first);
    tcase_add_test(completed, completions_come_in_pages);
    tcase_add_test(completed, newest_completions_are_kept);
    tcase_add_test(completed, addresses_are_recorded_with_the_precision_that_is_set);
    tcase_add_test(completed, entries_are_deleted_after_their_days);
    tcase_add_test(completed, address_adds_no_more_completions_than_its_share);
    tcase_add_test(completed, only_completions_are_noted);
    tcase_add_test(completed, completion_with_the_last_id_does_not_end_the_list);
    tcase_add_test(completed, flood_of_one_torrent_drops_no_completion_of_another);

    TCase *writing = case_of(suite, "writing");
    tcase_add_test(writing, history_that_is_off_stays_empty);
    tcase_add_test(writing, history_is_written_once);
    tcase_add_test(writing, rewritten_store_keeps_the_history);
    tcase_add_test(writing, what_a_locked_store_could_not_write_is_written_later);
    tcase_add_test(writing, what_was_rolled_back_is_written_later);
    tcase_add_test(writing, what_waits_for_too_long_goes_oldest_first);

    TCase *opening = case_of(suite, "opening");
    tcase_add_loop_test(opening, database_without_a_history_is_refused, 0, LOOPS_OF(unusable));
    tcase_add_test(opening, database_that_is_not_there_is_not_made);
    tcase_add_test(opening, invalid_rows_are_skipped);
    return suite;
}
