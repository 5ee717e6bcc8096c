#include "web/views/address_list.h"

#include <stdio.h>
#include <string.h>

#include "registry_support.h"
#include "tracker_support.h"

enum { PAGE_MAX = 16, LATER_MS = START_MS + 2000, MUCH_LATER_MS = START_MS + 62000 };

static struct tracker *tracker;
static struct address_list *addresses;
static struct address_row rows[PAGE_MAX];
static size_t count;
static size_t total;
static size_t peer_count;

static void create(void) {
    struct tracker_options options = test_options();
    options.lan = (struct networks){ .count = 1 };
    ck_assert(network_parse("10.0.0.0/8", &options.lan.list[0]));
    tracker = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(tracker);
    addresses = address_list_create(tracker, NULL);
    ck_assert_ptr_nonnull(addresses);
}

static void delete (void) {
    address_list_delete(addresses);
    tracker_delete(tracker);
}

static void put(const char *address, uint16_t port, uint32_t torrent, uint64_t left,
                const char *client) {
    static uint32_t number;
    struct announce_request request = test_leecher(++number);
    request.peer = endpoint_at(address, port);
    request.left = left;
    numbered_id(request.info_hash, torrent);
    memcpy(request.peer_id, client, strlen(client));
    test_put(tracker, &request, START_MS);
}

static void ask(struct address_query query, uint64_t now_ms) {
    struct address_page page;
    ck_assert(address_list_page(addresses, &query, 0, now_ms, rows, PAGE_MAX, &page));
    count = page.count;
    total = page.total;
    peer_count = page.peers;
}

/* Checks the addresses found, in order. */
static void assert_found(const char *const *expected, size_t expected_count) {
    ck_assert_uint_eq(count, expected_count);
    for (size_t i = 0; i < expected_count; i++) {
        char text[ENDPOINT_TEXT_LEN];
        endpoint_address_text(&rows[i].address, text);
        ck_assert_str_eq(text, expected[i]);
    }
}

#define ASSERT_FOUND(...)                                                                          \
    assert_found((const char *const[]){ __VA_ARGS__ },                                             \
                 COUNT_OF(((const char *const[]){ __VA_ARGS__ })))

static void put_some(void) {
    put("10.0.0.9", 1000, 1, 0, "-qB4520-");
    put("10.0.0.9", 1001, 1, 5, "-TR3000-");
    put("10.0.0.9", 1000, 2, 5, "-qB4520-");
    put("9.0.0.1", 1000, 1, 5, "-qB4520-");
    put("2001:db8::1", 1000, 1, 0, "-TR3000-");
    put("::2", 1000, 1, 0, "-TR3000-");
}

START_TEST(peers_of_an_address_are_summed_up) {
    put_some();
    ask((struct address_query){ .search = "10.0.0.9" }, START_MS);
    ASSERT_FOUND("10.0.0.9");
    ck_assert_uint_eq(rows[0].torrents, 2);
    ck_assert_uint_eq(rows[0].seeding, 1);
    ck_assert_uint_eq(rows[0].leeching, 2);
    ck_assert_uint_eq(rows[0].client_count, 2);
    ck_assert_uint_eq(rows[0].silent_s, 0);
    ck_assert_uint_eq(rows[0].port_count, 2);
    ck_assert_uint_eq(rows[0].ports[0] ^ rows[0].ports[1], 1000 ^ 1001);
}
END_TEST

START_TEST(addresses_are_sorted_as_numbers_and_by_family) {
    put_some();
    ask((struct address_query){ .sort = ADDRESS_BY_ADDRESS }, START_MS);
    ASSERT_FOUND("9.0.0.1", "10.0.0.9", "::2", "2001:db8::1");
    ask((struct address_query){ .sort = ADDRESS_BY_ADDRESS, .descending = true }, START_MS);
    ASSERT_FOUND("2001:db8::1", "::2", "10.0.0.9", "9.0.0.1");
    ask((struct address_query){ .sort = ADDRESS_BY_LEECHING, .descending = true }, START_MS);
    ASSERT_FOUND("10.0.0.9", "9.0.0.1", "::2", "2001:db8::1");
    ask((struct address_query){ .sort = ADDRESS_BY_SEEDING }, START_MS);
    ASSERT_FOUND("9.0.0.1", "10.0.0.9", "::2", "2001:db8::1");
}
END_TEST

START_TEST(addresses_are_found_by_client) {
    put_some();
    ask((struct address_query){ .search = "qbittorrent 4" }, START_MS);
    ASSERT_FOUND("9.0.0.1", "10.0.0.9");
    ask((struct address_query){ .search = "no such client" }, START_MS);
    ck_assert_uint_eq(total, 0);
}
END_TEST

START_TEST(addresses_are_found_by_the_name_of_their_machine) {
    struct endpoint address = endpoint_at("9.0.0.1", 0);
    struct registry_row row = registry_machine(&address);
    snprintf(row.text, sizeof row.text, "Anna's laptop");
    test_put_row(tracker_registry(tracker), &row);
    put_some();
    ask((struct address_query){ .search = "LAPTOP" }, START_MS);
    ASSERT_FOUND("9.0.0.1");
    ck_assert_uint_eq(peer_count, 1);
}
END_TEST

START_TEST(addresses_outside_are_shown_alone) {
    put_some();
    ask((struct address_query){ .show = ADDRESSES_OUTSIDE }, START_MS);
    ASSERT_FOUND("9.0.0.1", "::2", "2001:db8::1");
    ask((struct address_query){ .show = ADDRESSES_UNREACHABLE }, START_MS);
    ck_assert_uint_eq(total, 0);
}
END_TEST

START_TEST(addresses_are_sorted_by_their_latest_announce) {
    put_some();
    struct announce_request request = test_leecher(1000);
    request.peer = endpoint_at("9.0.0.1", 1000);
    test_put(tracker, &request, START_MS + 5000);
    ask((struct address_query){ .sort = ADDRESS_BY_SEEN, .descending = true }, START_MS + 6000);
    ck_assert_mem_eq(rows[0].address.wire, request.peer.wire, 4);
    ask((struct address_query){ .sort = ADDRESS_BY_SEEN }, START_MS + 6000);
    ck_assert_mem_eq(rows[3].address.wire, request.peer.wire, 4);
}
END_TEST

START_TEST(summary_counts_addresses) {
    struct address_summary summary;
    put_some();
    ck_assert(address_list_summary(addresses, START_MS, &summary));
    ck_assert_uint_eq(summary.addresses, 4);
    ck_assert_uint_eq(summary.firewalled, 0);
}
END_TEST

START_TEST(sums_are_cached_for_two_seconds) {
    put_some();
    ask((struct address_query){ .search = "" }, START_MS);
    put("10.0.0.10", 1000, 1, 0, "-qB4520-");
    ask((struct address_query){ .search = "" }, LATER_MS - 1);
    ck_assert_uint_eq(total, 4);
    ask((struct address_query){ .search = "" }, LATER_MS);
    ck_assert_uint_eq(total, 5);
    address_list_release_idle(addresses, MUCH_LATER_MS + LATER_MS);
    ask((struct address_query){ .search = "" }, LATER_MS);
    ck_assert_uint_eq(total, 5);
}
END_TEST

START_TEST(thousands_of_addresses_each_have_their_row) {
    for (uint32_t i = 0; i < 5000; i++) {
        struct announce_request request = test_leecher(i);
        request.peer = numbered_endpoint(i % 2 == 0 ? FAMILY_V4 : FAMILY_V6, i);
        test_put(tracker, &request, START_MS);
    }
    ask((struct address_query){ .search = "" }, START_MS);
    ck_assert_uint_eq(total, 5000);
    ck_assert_uint_eq(count, PAGE_MAX);
}
END_TEST

static struct peer_stats peers[ADDRESS_PEERS_MAX];

static void look_at(const char *text, uint64_t now_ms) {
    const struct endpoint address = endpoint_at(text, 0);
    ck_assert(address_list_peers(addresses, &address, now_ms, peers, &count, &total));
    for (size_t i = 0; i < count; i++)
        ck_assert_mem_eq(peers[i].peer.wire, address.wire, address_len(address.family));
}

START_TEST(all_ports_of_one_address_are_its_peers) {
    put_some();
    look_at("10.0.0.9", START_MS);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(total, 3);
}
END_TEST

START_TEST(peers_of_an_address_that_do_not_fit_are_counted) {
    for (uint16_t port = 1; port <= ADDRESS_PEERS_MAX + 7; port++)
        put("10.0.0.9", port, 1, 5, "-qB4520-");
    look_at("10.0.0.9", START_MS);
    ck_assert_uint_eq(count, ADDRESS_PEERS_MAX);
    ck_assert_uint_eq(total, ADDRESS_PEERS_MAX + 7);
}
END_TEST

START_TEST(peers_of_an_address_are_cached_for_two_seconds) {
    put_some();
    look_at("9.0.0.1", START_MS);
    look_at("9.0.0.2", START_MS);
    ck_assert_uint_eq(total, 0);
    put("9.0.0.1", 1001, 1, 0, "-qB4520-");
    look_at("9.0.0.1", LATER_MS - 1);
    ck_assert_uint_eq(total, 1);
    look_at("9.0.0.1", START_MS - 1); /* by a thread that waited */
    ck_assert_uint_eq(total, 1);
    look_at("9.0.0.1", LATER_MS);
    ck_assert_uint_eq(total, 2);
}
END_TEST

START_TEST(looks_at_many_addresses_take_turns) {
    char text[ENDPOINT_TEXT_LEN];
    put_some();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 50; i++) {
            snprintf(text, sizeof text, "10.0.0.%d", i);
            look_at(text, START_MS);
            ck_assert_uint_eq(total, i == 9 ? 3 : 0);
        }
    }
    put("10.0.0.10", 1000, 1, 0, "-qB4520-");
    address_list_release_idle(addresses, MUCH_LATER_MS);
    look_at("10.0.0.10", START_MS);
    ck_assert_uint_eq(total, 1);
}
END_TEST

UNIT_SUITE(address_list) {
    Suite *suite = suite_create("address_list");
    TCase *tcase = tcase_create("address_list");
    tcase_add_checked_fixture(tcase, create, delete);
    tcase_add_test(tcase, peers_of_an_address_are_summed_up);
    tcase_add_test(tcase, addresses_are_sorted_as_numbers_and_by_family);
    tcase_add_test(tcase, addresses_are_found_by_client);
    tcase_add_test(tcase, addresses_are_found_by_the_name_of_their_machine);
    tcase_add_test(tcase, addresses_outside_are_shown_alone);
    tcase_add_test(tcase, addresses_are_sorted_by_their_latest_announce);
    tcase_add_test(tcase, summary_counts_addresses);
    tcase_add_test(tcase, sums_are_cached_for_two_seconds);
    tcase_add_test(tcase, thousands_of_addresses_each_have_their_row);
    tcase_add_test(tcase, all_ports_of_one_address_are_its_peers);
    tcase_add_test(tcase, peers_of_an_address_that_do_not_fit_are_counted);
    tcase_add_test(tcase, peers_of_an_address_are_cached_for_two_seconds);
    tcase_add_test(tcase, looks_at_many_addresses_take_turns);
    suite_add_tcase(suite, tcase);
    return suite;
}
