#include "swarm/refused_clients.h"

#include <string.h>

#include "registry_support.h"
#include "tracker_support.h"

static struct refused_client taken[2 * REFUSED_CLIENTS_MAX];
static size_t taken_count;

static void keep(void *context, const struct refused_client *clients, size_t count) {
    (void)context;
    for (size_t i = 0; i < count && taken_count < COUNT_OF(taken); i++)
        taken[taken_count++] = clients[i];
}

START_TEST(announces_of_a_client_are_merged_by_address_and_result) {
    struct refused_clients clients = { .count = 0 };
    const char detail[REFUSAL_DETAIL_LEN] = "too loud";
    struct announce_request request = test_leecher(1);
    for (uint16_t port = 1; port <= 3; port++) {
        const struct endpoint client = endpoint_at("192.0.2.1", port);
        refused_clients_add(&clients, &client, &request, ANNOUNCE_BANNED, detail);
    }
    const struct endpoint client = endpoint_at("192.0.2.1", 1);
    refused_clients_add(&clients, &client, &request, ANNOUNCE_TOO_FAST, detail);
    ck_assert_uint_eq(clients.count, 2);
    ck_assert_uint_eq(clients.list[0].count, 3);
    ck_assert_uint_eq(endpoint_port(&clients.list[0].address), 0);
    ck_assert_str_eq(clients.list[0].detail, "too loud");
    ck_assert_uint_eq(clients.list[1].count, 1);
}
END_TEST

START_TEST(flood_from_many_addresses_fills_the_list_and_no_more) {
    struct refused_clients clients = { .count = 0 };
    const char detail[REFUSAL_DETAIL_LEN] = "";
    struct announce_request request = test_leecher(1);
    for (uint32_t i = 0; i < 100; i++) {
        const struct endpoint client = numbered_endpoint(FAMILY_V4, i);
        refused_clients_add(&clients, &client, &request, ANNOUNCE_BANNED, detail);
    }
    ck_assert_uint_eq(clients.count, REFUSED_CLIENTS_MAX);
}
END_TEST

START_TEST(refused_announces_are_taken_from_the_tracker_once) {
    const struct tracker_options options = test_options();
    struct tracker *tracker = tracker_create(&options, 0);
    struct reply reply;
    ck_assert_ptr_nonnull(tracker);
    test_add_ban(tracker_registry(tracker), "10.0.0.0/8", "too loud");
    const struct announce_request request = test_leecher_at(1, "10.0.0.1");
    const struct announce_request allowed = test_leecher_at(2, "11.0.0.1");
    for (int i = 0; i < 12; i++)
        test_announce(tracker, &request, START_MS, &reply);
    test_announce(tracker, &allowed, START_MS, &reply);
    taken_count = 0;
    ck_assert_uint_eq(tracker_take_refused(tracker, keep, NULL), 12);
    ck_assert_uint_eq(taken_count, 1);
    ck_assert_uint_eq(taken[0].count, 12);
    ck_assert_int_eq(taken[0].result, ANNOUNCE_BANNED);
    ck_assert_str_eq(taken[0].detail, "too loud");
    ck_assert(endpoint_same_address(&taken[0].address, &request.peer));
    ck_assert_uint_eq(tracker_take_refused(tracker, keep, NULL), 12);
    ck_assert_uint_eq(taken_count, 1);
    test_announce(tracker, &request, START_MS, &reply);
    ck_assert_uint_eq(tracker_take_refused(tracker, keep, NULL), 13);
    ck_assert_uint_eq(taken[1].count, 1);
    tracker_delete(tracker);
}
END_TEST

UNIT_SUITE(refused_clients) {
    Suite *suite = suite_create("refused_clients");
    TCase *tcase = tcase_create("refused_clients");
    tcase_add_test(tcase, announces_of_a_client_are_merged_by_address_and_result);
    tcase_add_test(tcase, flood_from_many_addresses_fills_the_list_and_no_more);
    tcase_add_test(tcase, refused_announces_are_taken_from_the_tracker_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
