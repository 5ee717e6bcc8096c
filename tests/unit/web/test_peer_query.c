#include "web/views/peer_query.h"

#include <string.h>

#include "support.h"

enum { PEERS_MAX = 8 };

static struct probed_peer peers[PEERS_MAX];
static struct peer_query query;
static size_t count;

static void set_up(void) {
    count = 0;
    query = (struct peer_query){ .show = PEERS_ALL };
}

static struct probed_peer *add(const char *address, uint64_t left, enum reach reach) {
    struct probed_peer *peer = &peers[count++];
    *peer = (struct probed_peer){
        .stats = { .peer = endpoint_at(address, 6881), .left = left, .seeder = left == 0 },
        .reach = reach,
    };
    memcpy(peer->stats.peer_id, "-TR4060-xxxxxxxxxxxx", PEER_ID_LEN);
    return peer;
}

/* Checks the last numbers of the addresses of the result. */
static void assert_order(const char *expected) {
    char found[64] = "";
    const size_t matches = peer_query_apply(&query, peers, count);
    for (size_t i = 0; i < matches; i++) {
        char address[ENDPOINT_TEXT_LEN];
        endpoint_address_text(&peers[i].stats.peer, address);
        strcat(found, i == 0 ? "" : " ");
        strcat(found, strrchr(address, '.') + 1);
    }
    ck_assert_str_eq(found, expected);
}

START_TEST(peers_sort_by_address_as_numbers) {
    add("192.0.2.10", 5, REACH_OPEN);
    add("192.0.2.9", 0, REACH_OPEN);
    query.sort = PEER_BY_ADDRESS;
    assert_order("9 10");
    query.descending = true;
    assert_order("10 9");
}
END_TEST

START_TEST(seeders_come_first_by_role) {
    add("192.0.2.1", 5, REACH_OPEN);
    add("192.0.2.2", 5, REACH_OPEN)->stats.paused = true;
    add("192.0.2.3", 0, REACH_OPEN);
    assert_order("3 2 1");
}
END_TEST

START_TEST(unknown_progress_sorts_as_the_least) {
    add("192.0.2.1", LEFT_UNKNOWN, REACH_OPEN);
    add("192.0.2.2", 10, REACH_OPEN);
    add("192.0.2.3", 0, REACH_OPEN);
    query.sort = PEER_BY_PROGRESS;
    assert_order("1 2 3");
}
END_TEST

START_TEST(rates_and_times_sort) {
    add("192.0.2.1", 5, REACH_OPEN)->stats.upload_rate = 7;
    add("192.0.2.2", 5, REACH_OPEN)->stats.download_rate = 9;
    peers[0].stats.silent_s = 1;
    peers[1].stats.age_s = 1;
    query.sort = PEER_BY_RATE;
    assert_order("1 2");
    query.sort = PEER_BY_SEEN;
    assert_order("1 2");
    query.sort = PEER_BY_SINCE;
    assert_order("2 1");
}
END_TEST

START_TEST(unreachable_peers_are_those_without_a_connection) {
    add("192.0.2.1", 5, REACH_OPEN);
    add("192.0.2.2", 5, REACH_SILENT);
    add("192.0.2.3", 0, REACH_UNKNOWN);
    add("192.0.2.4", 0, REACH_REFUSED);
    query.show = PEERS_UNREACHABLE;
    query.sort = PEER_BY_REACH;
    assert_order("4 2");
}
END_TEST

START_TEST(search_finds_address_and_client_in_any_case) {
    add("192.0.2.1", 5, REACH_OPEN);
    memcpy(add("192.0.2.2", 5, REACH_OPEN)->stats.peer_id, "-qB4520-", 8);
    strcpy(query.search, "transMISSION");
    assert_order("1");
    set_up();
    add("192.0.2.1", 5, REACH_OPEN);
    add("192.0.2.2", 5, REACH_OPEN);
    strcpy(query.search, "2.2");
    ck_assert(!peer_query_is_plain(&query));
    assert_order("2");
}
END_TEST

UNIT_SUITE(peer_query) {
    Suite *suite = suite_create("peer_query");
    TCase *tcase = tcase_create("peer_query");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, peers_sort_by_address_as_numbers);
    tcase_add_test(tcase, seeders_come_first_by_role);
    tcase_add_test(tcase, unknown_progress_sorts_as_the_least);
    tcase_add_test(tcase, rates_and_times_sort);
    tcase_add_test(tcase, unreachable_peers_are_those_without_a_connection);
    tcase_add_test(tcase, search_finds_address_and_client_in_any_case);
    suite_add_tcase(suite, tcase);
    return suite;
}
