/* Rows of many torrents and peers: random changes against a model, with a look at each row. */
#include "store/swarm_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "store/swarm_key.h"
#include "store/swarm_log.h"
#include "support.h"

enum {
    RANGES = 3, /* tried: the first, one with neighbours, the last */
    TORRENTS = 6,
    PEERS = 150, /* of a torrent */
    PLACES = TORRENTS * (1 + PEERS),
    STEPS = 300,
    PAGE_SIZE = 4096,
    V6_PEER_LEN = 77, /* packed, of a leecher */
    NOW_S = 1800000000,
};

static struct directory directory;
static char error[ERROR_LEN];
static char why[ERROR_LEN];
static struct connection connection;
static struct random source;
static unsigned range;
static uint32_t model[PLACES]; /* `key` of the peer, or the torrent's count; 0: none */

static void create_database(void) {
    directory = directory_create();
    ck_assert_int_eq(connection_open(&connection, directory.database, why, error), CONNECTION_GOOD);
    memset(model, 0, sizeof model);
    source = (struct random){ .state = 1 };
    range = SWARM_LOG_RANGES / 2;
}

static void remove_database(void) {
    connection_close(&connection);
    directory_remove(&directory);
}

/* Places are in the order of keys: of each torrent itself, and of its peers. Some of the peers
 * differ in the last bytes only. */
static struct change change_of(uint32_t place, enum change_kind kind) {
    const uint32_t number = place % (1 + PEERS);
    struct change change = { .kind = kind };
    const uint32_t torrent = place / (1 + PEERS);
    /* The lowest and the highest of the range, and others which differ early or late. */
    memset(change.info_hash, torrent < TORRENTS / 2 ? 0 : UINT8_MAX, INFO_HASH_LEN);
    change.info_hash[0] = (uint8_t)(range << 4 | (torrent < TORRENTS / 2 ? 0U : 15U));
    if (torrent == TORRENTS / 2)
        change.info_hash[1] = 0;
    else
        change.info_hash[INFO_HASH_LEN - 1] =
            (uint8_t)(torrent < TORRENTS / 2 ? torrent : UINT8_MAX - TORRENTS + 1 + torrent);
    if (number == 0)
        return change;
    change.peer.family = number <= PEERS / 2 ? FAMILY_V4 : FAMILY_V6;
    change.peer.wire[0] = number <= PEERS / 2 ? 0 : 1;
    change.peer.wire[endpoint_len(change.peer.family) - 2] = 1;
    change.peer.wire[endpoint_len(change.peer.family) - 1] = (uint8_t)number;
    return change;
}

static bool is_torrent(uint32_t place) {
    return place % (1 + PEERS) == 0;
}

static void add(struct latest_changes *latest, struct change change) {
    REQUIRE(latest_changes_add(latest, &change));
}

static void put(struct latest_changes *latest, uint32_t place) {
    struct change change =
        change_of(place, is_torrent(place) ? CHANGE_TORRENT : CHANGE_PEER_JOINED);
    model[place] = 1 + random_below(&source, 1000);
    change.left = random_below(&source, 2);
    change.key = change.downloaded = model[place];
    add(latest, change);
}

static void take_away(struct latest_changes *latest, uint32_t place) {
    model[place] = 0;
    add(latest, change_of(place, is_torrent(place) ? CHANGE_TORRENT_FORGOTTEN : CHANGE_PEER_LEFT));
}

/* The torrent and its peers are gone, and some are back. */
static void clear(struct latest_changes *latest, uint32_t torrent) {
    const uint32_t first = torrent * (1 + PEERS);
    add(latest, change_of(first, CHANGE_TORRENT_LOST));
    for (uint32_t place = first; place <= first + PEERS; place++) {
        model[place] = 0;
        if (random_below(&source, 3) == 0)
            put(latest, place);
    }
}

static enum connection_result write_changes(const struct latest_changes *latest) {
    struct radix_item *order = latest_changes_sort(latest);
    REQUIRE(order != NULL);
    const enum connection_result result =
        swarm_rows_write(&connection, range, latest, order, NOW_S);
    free(order);
    return result;
}

static void apply_changes(struct latest_changes *latest) {
    ck_assert_int_eq(write_changes(latest), CONNECTION_GOOD);
    latest_changes_clear(latest);
}

static void put_all(struct latest_changes *latest) {
    for (uint32_t place = 0; place < PLACES; place++)
        put(latest, place);
    apply_changes(latest);
}

static void change_some(uint32_t most, uint32_t puts_of_ten) {
    struct latest_changes latest = { 0 };
    for (uint32_t count = random_below(&source, most); count > 0; count--) {
        const uint32_t place = random_below(&source, PLACES);
        if (random_below(&source, 200) == 0)
            clear(&latest, random_below(&source, TORRENTS));
        else if (random_below(&source, 10) < puts_of_ten)
            put(&latest, place);
        else
            take_away(&latest, place);
    }
    apply_changes(&latest);
}

/* The next place of the model that has something. */
static uint32_t next_place(uint32_t place) {
    while (place < PLACES && model[place] == 0)
        place++;
    return place;
}

static void require_entry(const struct change *change, uint32_t place) {
    REQUIRE(place < PLACES);
    const struct change expected = change_of(place, change->kind);
    REQUIRE(memcmp(change->info_hash, expected.info_hash, INFO_HASH_LEN) == 0);
    REQUIRE(endpoint_equal(&change->peer, &expected.peer));
    REQUIRE((is_torrent(place) ? change->downloaded : change->key) == model[place]);
}

static struct swarm_key first_of(sqlite3_stmt *row) {
    struct swarm_key key = { .len = (uint8_t)sqlite3_column_bytes(row, 0) };
    REQUIRE(key.len <= SWARM_KEY_MAX);
    memcpy(key.bytes, sqlite3_column_blob(row, 0), key.len);
    return key;
}

/* All of the model, in the order of keys, none below the `first` of its row or above that of the
 * next one; returns the number of rows. */
static uint32_t require_rows(void) {
    uint32_t rows = 0;
    uint32_t place = next_place(0);
    struct swarm_key last = { .len = 0 };
    sqlite3_stmt *row =
        connection_statement(&connection, "SELECT first, entries FROM swarm ORDER BY first");
    for (; sqlite3_step(row) == SQLITE_ROW; rows++) {
        struct bytes rest = { sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1) };
        const struct swarm_key first = first_of(row);
        REQUIRE(rows == 0 || swarm_key_compare(&last, &first) < 0);
        REQUIRE(rest.len > 0 && rest.len < PAGE_SIZE / 2);
        while (rest.len > 0) {
            struct change change;
            REQUIRE(swarm_rows_read_entry(&rest, range, NOW_S, &change));
            require_entry(&change, place);
            last = swarm_key_of(&change);
            REQUIRE(swarm_key_compare(&first, &last) <= 0);
            place = next_place(place + 1);
        }
    }
    sqlite3_reset(row);
    REQUIRE(place == PLACES);
    return rows;
}

START_TEST(rows_equal_the_model) {
    static const unsigned ranges[RANGES] = { 0, SWARM_LOG_RANGES / 2, SWARM_LOG_RANGES - 1 };
    source.state = (uint64_t)_i;
    range = ranges[_i % RANGES];
    for (int step = 0; step < STEPS; step++) {
        change_some(step % 3 == 0 ? 3 : 100, step / 50 % 2 == 0 ? 8 : 3);
        require_rows();
    }
}
END_TEST

START_TEST(rows_of_many_new_peers_are_well_filled) {
    struct latest_changes latest = { 0 };
    put_all(&latest);
    ck_assert_uint_lt(require_rows(), PLACES * V6_PEER_LEN / (PAGE_SIZE / 2) * 3 / 2);
}
END_TEST

START_TEST(rows_without_entries_are_deleted) {
    struct latest_changes latest = { 0 };
    put_all(&latest);
    for (uint32_t place = 0; place < PLACES; place++)
        take_away(&latest, place);
    apply_changes(&latest);
    ck_assert_uint_eq(require_rows(), 0);
}
END_TEST

START_TEST(change_without_effect_writes_nothing) {
    struct latest_changes latest = { 0 };
    put(&latest, 1);
    ck_assert_int_eq(write_changes(&latest), CONNECTION_GOOD);
    const int before = sqlite3_total_changes(connection.db);
    apply_changes(&latest);
    take_away(&latest, 2);
    apply_changes(&latest);
    ck_assert_int_eq(sqlite3_total_changes(connection.db), before);
}
END_TEST

/* Its neighbours' rows are invalid, and would be noticed. */
START_TEST(range_does_not_touch_its_neighbours) {
    struct latest_changes latest = { 0 };
    REQUIRE(connection_execute(&connection,
                               "INSERT INTO swarm (first, entries) VALUES"
                               " (x'7fff', x'01'), (x'90', x'02')"));
    add(&latest, change_of(0, CHANGE_TORRENT_LOST));
    add(&latest, change_of(PLACES - PEERS - 1, CHANGE_TORRENT_LOST));
    put(&latest, 1);
    put(&latest, PLACES - 1);
    apply_changes(&latest);
    REQUIRE(connection_execute(&connection, "DELETE FROM swarm WHERE entries IN (x'01', x'02')"));
    ck_assert_int_eq(sqlite3_changes(connection.db), 2);
    ck_assert_uint_eq(require_rows(), 1);
}
END_TEST

START_TEST(row_out_of_order_is_invalid) {
    struct latest_changes latest = { 0 };
    for (uint32_t place = 1; place <= 3; place++)
        put(&latest, place);
    ck_assert_int_eq(write_changes(&latest), CONNECTION_GOOD);
    REQUIRE(connection_execute(&connection,
                               "UPDATE swarm SET entries = CAST(entries || entries AS BLOB)"));
    put(&latest, 1);
    ck_assert_int_eq(write_changes(&latest), CONNECTION_DAMAGED);
    latest_changes_clear(&latest);
}
END_TEST

UNIT_SUITE(swarm_rows) {
    Suite *suite = suite_create("swarm_rows");
    TCase *tcase = tcase_create("rows");
    tcase_add_checked_fixture(tcase, create_database, remove_database);
    tcase_add_loop_test(tcase, rows_equal_the_model, 0, 9);
    tcase_add_test(tcase, rows_of_many_new_peers_are_well_filled);
    tcase_add_test(tcase, rows_without_entries_are_deleted);
    tcase_add_test(tcase, change_without_effect_writes_nothing);
    tcase_add_test(tcase, range_does_not_touch_its_neighbours);
    tcase_add_test(tcase, row_out_of_order_is_invalid);
    suite_add_tcase(suite, tcase);
    return suite;
}
