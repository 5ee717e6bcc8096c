/* The log and its merge into the rows, in a store; and random changes with crashes, against a
 * model. */
#include "store/swarm_log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/random.h"
#include "store/packed_change.h"
#include "store/store.h"
#include "support.h"

static struct directory directory;
static struct store *store;
static sqlite3 *other;
static char error[ERROR_LEN];

static void open_store(void) {
    store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
}

static void create_store(void) {
    directory = directory_create();
    open_store();
    ck_assert_int_eq(sqlite3_open(directory.database, &other), SQLITE_OK);
}

static void remove_store(void) {
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    store_close(store);
    directory_remove(&directory);
}

static void run(const char *sql) {
    ck_assert_msg(sqlite3_exec(other, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(other));
}

static uint32_t count_of(const char *table) {
    char sql[64];
    sqlite3_stmt *row;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    ck_assert_int_eq(sqlite3_prepare_v2(other, sql, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    const int count = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    return (uint32_t)count;
}

/* In the rows: peers, or torrents with a count. */
static uint32_t count_in_rows(enum change_kind kind) {
    uint32_t count = 0;
    sqlite3_stmt *row;
    REQUIRE(sqlite3_prepare_v2(other, "SELECT entries FROM swarm", -1, &row, NULL) == SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW) {
        struct bytes rest = { sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0) };
        struct change change;
        while (rest.len > 0) {
            REQUIRE(packed_change_read(&rest, 0, &change));
            count += change.kind == kind;
        }
    }
    sqlite3_finalize(row);
    return count;
}

static uint32_t peers_in_rows(void) {
    return count_in_rows(CHANGE_PEER_JOINED);
}

/* Of a torrent in the range. */
static struct change peer_change(unsigned range, enum change_kind kind, uint32_t number) {
    struct change change = { .kind = kind, .peer = numbered_endpoint(FAMILY_V4, number) };
    change.info_hash[0] = (uint8_t)(range << 4);
    change.downloaded = number;
    return change;
}

static void apply(struct change change) {
    ck_assert_msg(store_apply(store, &change, 1), "%s", store_failure(store));
}

static void commit(void) {
    ck_assert_msg(store_commit(store), "%s", store_failure(store));
}

static void merge(unsigned ranges) {
    ck_assert_msg(store_merge_log(store, ranges), "%s", store_failure(store));
    commit();
}

static bool count_peers(void *context, const struct change *changes, size_t count) {
    for (size_t i = 0; i < count; i++)
        *(uint32_t *)context += changes[i].peer.family != FAMILY_NONE;
    return true;
}

static uint32_t restored_peers(void) {
    uint32_t peers = 0;
    ck_assert_msg(store_restore(store, 1, count_peers, &peers), "%s", store_failure(store));
    return peers;
}

START_TEST(changes_are_in_the_log_until_they_are_merged) {
    apply(peer_change(0, CHANGE_PEER_JOINED, 1));
    apply(peer_change(0, CHANGE_PEER_JOINED, 2));
    apply(peer_change(15, CHANGE_PEER_COMPLETED, 3));
    commit();
    ck_assert_uint_eq(count_of("swarm_log"), 2);
    ck_assert_uint_eq(peers_in_rows(), 0);
    ck_assert_uint_gt(store_log_size(store), 0);
    merge(STORE_RANGES);
    ck_assert_uint_eq(count_of("swarm_log"), 0);
    ck_assert_uint_eq(peers_in_rows(), 3);
    ck_assert_uint_eq(count_in_rows(CHANGE_TORRENT), 1);
    ck_assert_uint_eq(store_log_size(store), 0);
    ck_assert_uint_eq(restored_peers(), 3);
}
END_TEST

START_TEST(ranges_are_merged_in_turn) {
    for (unsigned range = 0; range < STORE_RANGES; range++)
        apply(peer_change(range, CHANGE_PEER_JOINED, range + 1));
    commit();
    for (uint32_t merged = 1; merged <= STORE_RANGES; merged++) {
        merge(1);
        ck_assert_uint_eq(peers_in_rows(), merged);
    }
    ck_assert_uint_eq(count_of("swarm_log"), 0);
    apply(peer_change(0, CHANGE_PEER_LEFT, 1));
    commit();
    merge(1);
    ck_assert_uint_eq(peers_in_rows(), STORE_RANGES - 1);
}
END_TEST

START_TEST(uncommitted_merge_changes_nothing) {
    apply(peer_change(0, CHANGE_PEER_JOINED, 1));
    commit();
    ck_assert(store_merge_log(store, 1));
    ck_assert(store_is_writing(store));
    store_close(store);
    ck_assert_uint_eq(count_of("swarm_log"), 1);
    ck_assert_uint_eq(peers_in_rows(), 0);
    open_store();
    ck_assert_uint_eq(restored_peers(), 1);
}
END_TEST

START_TEST(merge_without_changes_writes_nothing) {
    merge(STORE_RANGES);
    ck_assert(store_merge_log(store, STORE_RANGES));
    ck_assert(!store_is_writing(store));
}
END_TEST

/* The number of changes that are merged at once is bounded. */
START_TEST(range_with_many_changes_is_merged_in_parts) {
    enum { PEERS = 1000 };
    uint32_t rows = 0;
    for (uint32_t i = 0; rows < 4; i++) {
        const struct change change = peer_change(0, CHANGE_PEER_JOINED, i % PEERS);
        REQUIRE(store_apply(store, &change, 1));
        if (store_is_writing(store)) {
            commit();
            rows++;
        }
    }
    merge(1);
    ck_assert(store_is_merging(store));
    ck_assert_uint_eq(count_of("swarm_log"), 2);
    ck_assert_uint_eq(peers_in_rows(), PEERS);
    for (uint32_t i = 0; i < PEERS / 2; i++)
        apply(peer_change(0, CHANGE_PEER_LEFT, i));
    commit();
    ck_assert_uint_eq(restored_peers(), PEERS / 2);
    merge(4);
    ck_assert(!store_is_merging(store));
    ck_assert_uint_eq(count_of("swarm_log"), 0);
    ck_assert_uint_eq(peers_in_rows(), PEERS / 2);
}
END_TEST

/* A file of the past, whose log had 64 ranges. */
START_TEST(smaller_ranges_are_parts_of_the_ranges) {
    enum { PAST_RANGES = 64, PAST_BITS = 32 };
    uint8_t packed[PACKED_CHANGE_MAX];
    struct change change = peer_change(0, CHANGE_PEER_JOINED, 1);
    for (int64_t range = 0; range < PAST_RANGES; range++) {
        char sql[64 + 2 * PACKED_CHANGE_MAX];
        change.info_hash[0] = (uint8_t)(range << 2);
        const size_t len = packed_change_write(packed, &change, 0);
        int at = snprintf(sql, sizeof sql, "INSERT INTO swarm_log VALUES (%lld, x'",
                          (long long)(range << PAST_BITS));
        hex_encode(packed, len, sql + at);
        strcat(sql, "')");
        run(sql);
    }
    change.info_hash[0] = 1 << 2;
    change.kind = CHANGE_PEER_LEFT;
    apply(change);
    commit();
    ck_assert_uint_eq(restored_peers(), PAST_RANGES - 1);
    merge(STORE_RANGES);
    ck_assert_uint_eq(count_of("swarm_log"), 0);
    ck_assert_uint_eq(peers_in_rows(), PAST_RANGES - 1);
}
END_TEST

/* The first bytes of its address are zeros, as in place of a torrent's. */
START_TEST(peer_that_returns_to_a_cleared_torrent_keeps_its_row) {
    struct change peer = peer_change(0, CHANGE_PEER_JOINED, 1);
    peer.peer = (struct endpoint){ .family = FAMILY_V6 };
    peer.peer.wire[15] = 1;
    peer.peer.wire[17] = 1;
    apply(peer);
    apply((struct change){ .kind = CHANGE_TORRENT_LOST });
    apply(peer);
    commit();
    merge(STORE_RANGES);
    ck_assert_uint_eq(peers_in_rows(), 1);
}
END_TEST

START_TEST(locked_file_leaves_the_log) {
    apply(peer_change(0, CHANGE_PEER_JOINED, 1));
    commit();
    run("BEGIN IMMEDIATE");
    ck_assert(!store_merge_log(store, 1));
    ck_assert(store_is_stale(store));
    run("ROLLBACK");
    ck_assert_uint_eq(restored_peers(), 1);
    ck_assert_uint_eq(count_of("swarm_log"), 1);
}
END_TEST

/* The second of three rows: an unknown kind; of another range; no blob; empty. */
static const char *const damages[] = {
    "UPDATE swarm_log SET changes = x'00' WHERE id = 1",
    "UPDATE swarm_log SET changes = x'04ff00000000000000000000000000000000000000' WHERE id = 1",
    "UPDATE swarm_log SET changes = 'text' WHERE id = 1",
    "UPDATE swarm_log SET changes = x'' WHERE id = 1",
};

static void write_three_rows(void) {
    for (uint32_t number = 1; number <= 3; number++) {
        apply(peer_change(0, CHANGE_PEER_JOINED, number));
        commit();
    }
}

START_TEST(invalid_row_of_the_log_costs_no_other_row) {
    write_three_rows();
    run(damages[_i]);
    ck_assert_uint_eq(restored_peers(), 2);
    ck_assert(store_is_stale(store));
}
END_TEST

START_TEST(invalid_row_leads_to_a_rewrite_when_it_is_merged) {
    write_three_rows();
    run(damages[_i]);
    ck_assert(!store_merge_log(store, 1));
    ck_assert_msg(strstr(store_failure(store), "log") != NULL, "%s", store_failure(store));
    ck_assert(store_refresh(store));
    ck_assert(store_is_stale(store));
    ck_assert(store_clear(store));
    apply(peer_change(0, CHANGE_PEER_JOINED, 4));
    commit();
    merge(STORE_RANGES);
    ck_assert_uint_eq(count_of("swarm_log"), 0);
    ck_assert_uint_eq(peers_in_rows(), 1);
}
END_TEST

static bool count_atomically(void *context, const struct change *changes, size_t count) {
    uint32_t peers = 0;
    (void)count_peers(&peers, changes, count);
    atomic_fetch_add((_Atomic uint32_t *)context, peers);
    return true;
}

START_TEST(threads_restore_each_peer_once) {
    enum { PEERS = 2000 };
    _Atomic uint32_t peers = 0;
    for (uint32_t i = 0; i < PEERS; i++)
        apply(peer_change(i % STORE_RANGES, CHANGE_PEER_JOINED, i));
    commit();
    merge(STORE_RANGES / 2);
    for (uint32_t i = 0; i < PEERS; i += 4)
        apply(peer_change(i % STORE_RANGES, CHANGE_PEER_LEFT, i));
    commit();
    ck_assert(store_restore(store, (unsigned)_i, count_atomically, &peers));
    ck_assert_uint_eq(peers, PEERS - PEERS / 4);
    ck_assert(!store_is_stale(store));
}
END_TEST

START_TEST(rewrite_drops_the_log) {
    write_three_rows();
    ck_assert(store_clear(store));
    commit();
    ck_assert_uint_eq(count_of("swarm_log"), 0);
    ck_assert_uint_eq(restored_peers(), 0);
}
END_TEST

/* Model: places are peers of a few torrents. */
enum { TORRENTS = 8, PEERS_A_TORRENT = 12, PLACES = TORRENTS * PEERS_A_TORRENT, STEPS = 600 };

struct model {
    uint64_t left[PLACES]; /* of the peer plus 1; 0: no peer */
    uint32_t downloaded[TORRENTS];
};

static struct model model, committed, restored;
static struct random source;

static struct change change_of_place(uint32_t place, enum change_kind kind) {
    const uint32_t torrent = place / PEERS_A_TORRENT;
    struct change change = {
        .kind = kind, .peer = numbered_endpoint(place % 2 == 0 ? FAMILY_V4 : FAMILY_V6, place + 1)
    };
    /* Two torrents in each range. */
    memset(change.info_hash, (int)(torrent / 2 * 40), INFO_HASH_LEN);
    change.info_hash[INFO_HASH_LEN - 1] = (uint8_t)torrent;
    return change;
}

static struct change change_of_torrent(uint32_t torrent, enum change_kind kind) {
    struct change change = change_of_place(torrent * PEERS_A_TORRENT, kind);
    change.peer = (struct endpoint){ .family = FAMILY_NONE };
    return change;
}

static void put_random_peer(uint32_t place) {
    struct change change = change_of_place(
        place, random_below(&source, 4) == 0 ? CHANGE_PEER_COMPLETED : CHANGE_PEER_UPDATED);
    change.left = random_below(&source, 2) == 0 ? 0 : random_next(&source) >> 1;
    if (change.kind == CHANGE_PEER_COMPLETED)
        change.downloaded = ++model.downloaded[place / PEERS_A_TORRENT];
    model.left[place] = change.left + 1;
    apply(change);
}

static void forget_torrent(uint32_t torrent) {
    for (uint32_t i = 0; i < PEERS_A_TORRENT; i++) {
        const uint32_t place = torrent * PEERS_A_TORRENT + i;
        if (model.left[place] != 0)
            apply(change_of_place(place, CHANGE_PEER_EXPIRED));
        model.left[place] = 0;
    }
    model.downloaded[torrent] = 0;
    apply(change_of_torrent(torrent, CHANGE_TORRENT_FORGOTTEN));
}

/* Some of its peers have gone unseen. */
static void lose_torrent(uint32_t torrent) {
    apply(change_of_torrent(torrent, CHANGE_TORRENT_LOST));
    struct change change = change_of_torrent(torrent, CHANGE_TORRENT);
    change.downloaded = model.downloaded[torrent] += random_below(&source, 2);
    apply(change);
    for (uint32_t i = 0; i < PEERS_A_TORRENT; i++) {
        const uint32_t place = torrent * PEERS_A_TORRENT + i;
        if (random_below(&source, 3) == 0)
            model.left[place] = 0;
        if (model.left[place] == 0)
            continue;
        change = change_of_place(place, CHANGE_PEER_JOINED);
        change.left = model.left[place] - 1;
        apply(change);
    }
}

static void change_something(void) {
    const uint32_t place = random_below(&source, PLACES);
    switch (random_below(&source, 20)) {
    case 0:
        forget_torrent(place / PEERS_A_TORRENT);
        break;
    case 1:
        lose_torrent(place / PEERS_A_TORRENT);
        break;
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        model.left[place] = 0;
        apply(change_of_place(place, CHANGE_PEER_LEFT));
        break;
    default:
        put_random_peer(place);
    }
}

static void read_change(struct model *found, const struct change *change) {
    const uint32_t torrent = change->info_hash[INFO_HASH_LEN - 1];
    if (change->peer.family == FAMILY_NONE) {
        REQUIRE(found->downloaded[torrent] == 0);
        found->downloaded[torrent] = change->downloaded;
        return;
    }
    for (uint32_t i = 0; i < PEERS_A_TORRENT; i++) {
        const uint32_t place = torrent * PEERS_A_TORRENT + i;
        const struct change here = change_of_place(place, CHANGE_PEER_JOINED);
        if (!endpoint_equal(&here.peer, &change->peer))
            continue;
        REQUIRE(found->left[place] == 0); /* passed once */
        found->left[place] = change->left + 1;
        return;
    }
    ck_abort_msg("a peer that never was");
}

static bool read_changes(void *context, const struct change *changes, size_t count) {
    for (size_t i = 0; i < count; i++)
        read_change(context, &changes[i]);
    return true;
}

static void copy_file(const char *from, const char *to) {
    static uint8_t content[8 << 20];
    FILE *file = fopen(from, "rb");
    REQUIRE(file != NULL);
    const size_t len = fread(content, 1, sizeof content, file);
    fclose(file);
    REQUIRE(len < sizeof content);
    file = fopen(to, "wb");
    REQUIRE(file != NULL && fwrite(content, 1, len, file) == len && fclose(file) == 0);
}

/* What a crash now would leave: the database and its -wal. */
static void require_restored_after_crash(void) {
    char log[sizeof directory.database + 16];
    char copied_log[sizeof directory.database + 16];
    const struct directory copy = directory_create();
    snprintf(log, sizeof log, "%s-wal", directory.database);
    snprintf(copied_log, sizeof copied_log, "%s-wal", copy.database);
    copy_file(directory.database, copy.database);
    copy_file(log, copied_log);
    struct store *after = store_open(copy.database, error);
    ck_assert_msg(after != NULL, "%s", error);
    memset(&restored, 0, sizeof restored);
    REQUIRE(store_restore(after, 1, read_changes, &restored));
    REQUIRE(memcmp(&restored, &committed, sizeof restored) == 0);
    store_close(after);
    directory_remove(&copy);
}

START_TEST(restore_after_a_crash_equals_the_last_commit) {
    source = (struct random){ .state = (uint64_t)_i };
    memset(&model, 0, sizeof model);
    memset(&committed, 0, sizeof committed);
    for (int step = 0; step < STEPS; step++) {
        change_something();
        if (random_below(&source, 8) == 0)
            REQUIRE(store_merge_log(store, random_below(&source, STORE_RANGES)));
        if (random_below(&source, 4) == 0) {
            commit();
            committed = model;
        }
        if (random_below(&source, 30) == 0)
            require_restored_after_crash();
    }
    merge(STORE_RANGES);
    merge(STORE_RANGES);
    committed = model;
    ck_assert_uint_eq(count_of("swarm_log"), 0);
    require_restored_after_crash();
}
END_TEST

UNIT_SUITE(swarm_log) {
    Suite *suite = suite_create("swarm_log");
    TCase *tcase = tcase_create("log");
    tcase_add_checked_fixture(tcase, create_store, remove_store);
    tcase_add_test(tcase, changes_are_in_the_log_until_they_are_merged);
    tcase_add_test(tcase, ranges_are_merged_in_turn);
    tcase_add_test(tcase, uncommitted_merge_changes_nothing);
    tcase_add_test(tcase, merge_without_changes_writes_nothing);
    tcase_add_test(tcase, range_with_many_changes_is_merged_in_parts);
    tcase_add_test(tcase, smaller_ranges_are_parts_of_the_ranges);
    tcase_add_test(tcase, peer_that_returns_to_a_cleared_torrent_keeps_its_row);
    tcase_add_test(tcase, locked_file_leaves_the_log);
    tcase_add_loop_test(tcase, invalid_row_of_the_log_costs_no_other_row, 0, LOOPS_OF(damages));
    tcase_add_loop_test(tcase, invalid_row_leads_to_a_rewrite_when_it_is_merged, 0,
                        LOOPS_OF(damages));
    tcase_add_loop_test(tcase, threads_restore_each_peer_once, 0, 6);
    tcase_add_test(tcase, rewrite_drops_the_log);
    tcase_add_loop_test(tcase, restore_after_a_crash_equals_the_last_commit, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
