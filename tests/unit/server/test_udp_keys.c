/* Connection ids that the nodes of a cluster share. */
#include <stdlib.h>

#include "server/udp_tracker.h"
#include "support.h"
#include "tracker_support.h"
#include "wire/connection_id.h"

enum { LIFETIME_S = 3600, DAY_MS = 24 * 3600 * 1000 };

#define NOON_MS (UINT64_C(1000) * DAY_MS + DAY_MS / 2)

static const struct hash_key secret = { { 11, 12 } };
static struct tracker *tracker;
static struct udp_shared_keys shared[2];
static struct udp_context nodes[2];
static uint64_t started_ms[2] = { 5000, 7777777 }; /* their monotonic clocks at cluster_ms */
static struct endpoint client;
static uint8_t reply[UDP_REPLY_MAX];

static void derive(int node, const struct hash_key *key, uint64_t cluster_ms) {
    shared[node] = udp_shared_keys_derive(key, cluster_ms, NOON_MS - started_ms[node]);
    atomic_store(&nodes[node].shared, &shared[node]);
}

static void create(void) {
    const struct tracker_options options = { .interval_min_s = 60, .interval_max_s = 60 };
    tracker = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(tracker);
    ck_assert(endpoint_parse_address("192.0.2.1", &client));
    endpoint_set_port(&client, 5000);
    for (int i = 0; i < 2; i++) {
        nodes[i] = (struct udp_context){
            .tracker = tracker,
            .keys = { .current = { { (uint64_t)i + 1, 2 } },
                      .previous = { { (uint64_t)i + 1, 3 } } },
            .connection_id_lifetime_s = LIFETIME_S,
        };
        derive(i, &secret, NOON_MS);
    }
}

static void destroy(void) {
    tracker_delete(tracker);
}

/* A node's monotonic clock, `after_ms` after noon. */
static uint64_t clock_of(int node, int64_t after_ms) {
    return started_ms[node] + (uint64_t)after_ms;
}

static uint64_t connect_at(int node, int64_t after_ms) {
    enum udp_outcome outcome;
    uint8_t packet[16] = { 0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80 };
    ck_assert_uint_eq(udp_tracker_reply(&nodes[node], (struct bytes){ packet, sizeof packet },
                                        &client, &client, clock_of(node, after_ms), reply,
                                        &outcome),
                      16);
    ck_assert_int_eq(outcome, UDP_CONNECTED);
    return load_u64(reply + 8);
}

static bool accepts(int node, int64_t after_ms, uint64_t id) {
    enum udp_outcome outcome;
    uint8_t packet[36] = { 0 };
    store_u64(packet, id);
    packet[11] = 2; /* scrape */
    (void)udp_tracker_reply(&nodes[node], (struct bytes){ packet, sizeof packet }, &client, &client,
                            clock_of(node, after_ms), reply, &outcome);
    return outcome == UDP_SCRAPED;
}

START_TEST(id_of_one_node_is_accepted_by_the_other_for_its_lifetime) {
    const uint64_t id = connect_at(0, 0);
    ck_assert(accepts(1, 0, id));
    ck_assert(accepts(1, 1000 * LIFETIME_S, id));
    ck_assert(!accepts(1, 1000 * (LIFETIME_S + 3 * CONNECTION_ID_WINDOW_S), id));
    ck_assert(!accepts(1, 0, id + 1));
    client.wire[0]++;
    ck_assert(!accepts(1, 0, id));
}
END_TEST

START_TEST(clock_of_the_accepting_node_may_be_behind) {
    for (int64_t ms = 0; ms < 2000 * CONNECTION_ID_WINDOW_S; ms += 500)
        ck_assert(accepts(1, ms, connect_at(0, ms + 400)));
}
END_TEST

START_TEST(ids_outlive_the_day) {
    const uint64_t id = connect_at(0, 0);
    derive(1, &secret, NOON_MS + DAY_MS);
    ck_assert(accepts(1, 0, id)); /* one node is a day ahead, for a moment */
    ck_assert(accepts(0, 0, connect_at(1, 0)));
    derive(1, &secret, NOON_MS + 2 * (uint64_t)DAY_MS);
    ck_assert(!accepts(1, 0, id));
}
END_TEST

START_TEST(other_cluster_has_other_ids_and_own_ids_stay_valid) {
    atomic_store(&nodes[0].shared, NULL);
    const uint64_t own = connect_at(0, 0);
    ck_assert(!accepts(1, 0, own));
    derive(0, &(struct hash_key){ { 11, 13 } }, NOON_MS);
    ck_assert(accepts(0, 0, own));
    ck_assert(!accepts(1, 0, connect_at(0, 0)));
}
END_TEST

UNIT_SUITE(udp_keys) {
    Suite *suite = suite_create("udp_keys");
    TCase *tcase = tcase_create("cluster");
    tcase_add_checked_fixture(tcase, create, destroy);
    tcase_add_test(tcase, id_of_one_node_is_accepted_by_the_other_for_its_lifetime);
    tcase_add_test(tcase, clock_of_the_accepting_node_may_be_behind);
    tcase_add_test(tcase, ids_outlive_the_day);
    tcase_add_test(tcase, other_cluster_has_other_ids_and_own_ids_stay_valid);
    suite_add_tcase(suite, tcase);
    return suite;
}
