/* Who sees which address: our own networks, the outside, and those whose word is taken. */
#include "tracker_support.h"

static const char lan_v4[] = "192.168.1.2";
static const char lan_v6[] = "fd00::2";
static const char outside_v4[] = "80.1.2.3";
static const char outside_v6[] = "2001:db8::3";

static struct tracker_options options;
static struct tracker *tracker;
static struct reply reply;

static void create_tracker(void) {
    options = test_options();
    ck_assert(network_parse("192.168.0.0/16", &options.lan.list[options.lan.count++]));
    ck_assert(network_parse("fd00::/8", &options.lan.list[options.lan.count++]));
    tracker = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(tracker);
}

static void delete_tracker(void) {
    tracker_delete(tracker);
}

static void set_external_addresses(void) {
    options.external_v4 = endpoint_at("203.0.113.7", 0);
    options.external_v6 = endpoint_at("2001:db8:ffff::7", 0);
    tracker_apply(tracker, &options);
}

/* Announces client `number` from `address` and keeps what it was answered. */
static void come(uint32_t number, const char *address) {
    const struct announce_request request = test_leecher_at(number, address);
    test_announce(tracker, &request, START_MS, &reply);
    ck_assert_int_eq(reply.result, ANNOUNCE_OK);
}

static void assert_offered(const char *address, uint32_t number) {
    const struct endpoint peer = endpoint_at(address, (uint16_t)(1000 + number));
    ck_assert_msg(reply_has(&reply, &peer), "%s is not offered", address);
}

static void assert_offers(uint32_t count) {
    ck_assert_uint_eq(reply.response.peer_count, count);
}

static const struct {
    const char *lan;
    const char *other_lan;
    const char *outside;
    const char *other_outside;
    const char *external;
} families[] = {
    { lan_v4, "192.168.200.9", outside_v4, "80.1.2.4", "203.0.113.7" },
    { lan_v6, "fdff::9", outside_v6, "2001:db8::4", "2001:db8:ffff::7" },
};

START_TEST(lan_peers_see_lan_addresses) {
    come(1, families[_i].lan);
    come(2, families[_i].other_lan);
    assert_offers(1);
    assert_offered(families[_i].lan, 1);
}
END_TEST

START_TEST(lan_peers_see_outsiders) {
    come(1, families[_i].outside);
    come(2, families[_i].lan);
    assert_offers(1);
    assert_offered(families[_i].outside, 1);
}
END_TEST

START_TEST(outsiders_are_not_given_lan_peers) {
    come(1, families[_i].lan);
    come(2, families[_i].outside);
    assert_offers(0);
    ck_assert_uint_eq(reply.response.leechers, 2);
    come(3, families[_i].other_outside);
    assert_offers(1);
    assert_offered(families[_i].outside, 2);
}
END_TEST

START_TEST(outsiders_see_lan_peers_at_the_external_address) {
    set_external_addresses();
    come(1, families[_i].lan);
    come(2, families[_i].outside);
    assert_offers(1);
    assert_offered(families[_i].external, 1);
    come(3, families[_i].other_outside);
    assert_offers(2);
    assert_offered(families[_i].external, 1);
    assert_offered(families[_i].outside, 2);
}
END_TEST

START_TEST(external_address_is_not_shown_inside) {
    set_external_addresses();
    come(1, families[_i].lan);
    come(2, families[_i].other_lan);
    assert_offers(1);
    assert_offered(families[_i].lan, 1);
}
END_TEST

START_TEST(lan_seeders_follow_the_same_rule) {
    struct announce_request seeder = test_leecher_at(1, families[_i].lan);
    seeder.left = 0;
    test_put(tracker, &seeder, START_MS);
    come(2, families[_i].outside);
    assert_offers(0);
    set_external_addresses();
    come(2, families[_i].outside);
    assert_offers(1);
    assert_offered(families[_i].external, 1);
}
END_TEST

START_TEST(external_address_of_one_family_does_not_serve_the_other) {
    options.external_v4 = endpoint_at("203.0.113.7", 0);
    tracker_apply(tracker, &options);
    come(1, lan_v4);
    come(2, lan_v6);
    come(3, outside_v6);
    assert_offers(0);
    come(4, outside_v4);
    assert_offers(1);
    assert_offered("203.0.113.7", 1);
}
END_TEST

START_TEST(response_names_the_source_address) {
    set_external_addresses();
    come(1, families[_i].lan);
    const struct endpoint expected = endpoint_at(families[_i].lan, 1001);
    ck_assert(endpoint_equal(&reply.response.client, &expected));
}
END_TEST

static void claim(struct announce_request *request, const char *address) {
    const struct endpoint claimed = endpoint_at(address, 0);
    if (claimed.family == FAMILY_V6)
        request->claimed_v6 = claimed;
    else
        request->claimed_v4 = claimed;
}

static void come_claiming(const char *address, const char *claimed) {
    struct announce_request request = test_leecher_at(1, address);
    claim(&request, claimed);
    test_announce(tracker, &request, START_MS, &reply);
    ck_assert_int_eq(reply.result, ANNOUNCE_OK);
}

static void trust(const char *network) {
    ck_assert(
        network_parse(network, &options.ip_param_networks.list[options.ip_param_networks.count++]));
    tracker_apply(tracker, &options);
}

START_TEST(claim_of_a_stranger_is_ignored) {
    come_claiming(outside_v4, "198.51.100.9");
    const struct endpoint own = endpoint_at(outside_v4, 1001);
    ck_assert(endpoint_equal(&reply.response.client, &own));
    trust("10.0.0.0/8");
    come_claiming(outside_v4, "198.51.100.9");
    ck_assert(endpoint_equal(&reply.response.client, &own));
}
END_TEST

START_TEST(claim_from_a_trusted_network_is_taken_with_the_port) {
    trust("10.0.0.0/8");
    come_claiming("10.0.0.1", "198.51.100.9");
    const struct endpoint claimed = endpoint_at("198.51.100.9", 1001);
    ck_assert(endpoint_equal(&reply.response.client, &claimed));
    come(2, outside_v4);
    assert_offers(1);
    ck_assert(reply_has(&reply, &claimed));
}
END_TEST

START_TEST(claim_of_the_other_family_does_not_hide_the_peer) {
    trust("10.0.0.0/8");
    come_claiming("10.0.0.1", "2001:db8::9");
    const struct endpoint own = endpoint_at("10.0.0.1", 1001);
    ck_assert(endpoint_equal(&reply.response.client, &own));
    ck_assert_uint_eq(reply.response.family, FAMILY_V4);
}
END_TEST

START_TEST(trusted_without_a_claim_has_its_own_address) {
    trust("10.0.0.0/8");
    come(1, "10.0.0.1");
    const struct endpoint own = endpoint_at("10.0.0.1", 1001);
    ck_assert(endpoint_equal(&reply.response.client, &own));
}
END_TEST

START_TEST(claimed_peer_stops_by_its_claimed_address) {
    trust("10.0.0.0/8");
    come_claiming("10.0.0.1", "198.51.100.9");
    struct announce_request request = test_leecher_at(1, "10.0.0.1");
    claim(&request, "198.51.100.9");
    request.event = EVENT_STOPPED;
    request.key = 0;
    test_put(tracker, &request, START_MS);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
}
END_TEST

/* BEP 7. Client 1 has IPv4, and IPv6 by its claim. */
static void come_with_both(int32_t numwant) {
    struct announce_request request = test_leecher_at(1, outside_v4);
    request.numwant = numwant;
    claim(&request, outside_v6);
    test_announce(tracker, &request, START_MS, &reply);
    ck_assert_int_eq(reply.result, ANNOUNCE_OK);
    ck_assert_int_eq(reply.response.family, FAMILY_V4);
    ck_assert_int_eq(reply.response.other_family, FAMILY_V6);
}

static void come_many(uint32_t v4, uint32_t v6) {
    for (uint32_t i = 0; i < v4; i++)
        come(100 + i, "80.1.2.9");
    for (uint32_t i = 0; i < v6; i++)
        come(200 + i, "2001:db8::9");
}

START_TEST(client_with_both_families_is_given_both) {
    const struct endpoint expected = endpoint_at("2001:db8::9", 1200);
    come_many(1, 1);
    come_with_both(NUMWANT_DEFAULT);
    assert_offers(1);
    ck_assert_uint_eq(reply.response.other_count, 1);
    ck_assert_mem_eq(reply.peers + ENDPOINT_V4_LEN, expected.wire, ENDPOINT_V6_LEN);
    numbered_id(reply.peer_ids, 200);
    ck_assert_mem_eq(reply.peer_ids, reply.peer_ids + PEER_ID_LEN, PEER_ID_LEN);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 3);
}
END_TEST

START_TEST(numwant_is_shared_by_both_families) {
    static const struct {
        uint32_t v4, v6;
        int32_t numwant;
        uint32_t own, other;
    } examples[] = {
        { 30, 30, 10, 5, 5 }, { 30, 30, 7, 4, 3 },  { 2, 30, 10, 2, 8 },  { 30, 2, 10, 8, 2 },
        { 2, 2, 10, 2, 2 },   { 0, 30, 10, 0, 10 }, { 30, 0, 10, 10, 0 }, { 30, 30, 0, 0, 0 },
    };
    come_many(examples[_i].v4, examples[_i].v6);
    come_with_both(examples[_i].numwant);
    assert_offers(examples[_i].own);
    ck_assert_uint_eq(reply.response.other_count, examples[_i].other);
}
END_TEST

START_TEST(client_is_not_given_its_own_other_address) {
    come(1, outside_v6);
    come_with_both(NUMWANT_DEFAULT);
    ck_assert_uint_eq(reply.response.other_count, 0);
}
END_TEST

START_TEST(outsider_with_both_families_is_not_given_lan_peers) {
    come(2, lan_v6);
    come(3, lan_v4);
    come_with_both(NUMWANT_DEFAULT);
    assert_offers(0);
    ck_assert_uint_eq(reply.response.other_count, 0);
    set_external_addresses();
    come_with_both(NUMWANT_DEFAULT);
    const struct endpoint external = endpoint_at("2001:db8:ffff::7", 1002);
    ck_assert_uint_eq(reply.response.other_count, 1);
    ck_assert_mem_eq(reply.peers + ENDPOINT_V4_LEN, external.wire, ENDPOINT_V6_LEN);
}
END_TEST

START_TEST(seeder_with_both_families_is_given_leechers) {
    come_many(0, 1);
    struct announce_request request = test_seeder(2);
    request.peer = endpoint_at("2001:db8::8", 1002);
    test_put(tracker, &request, START_MS);
    request = test_seeder(1);
    request.peer = endpoint_at(outside_v4, 1001);
    claim(&request, outside_v6);
    test_announce(tracker, &request, START_MS, &reply);
    ck_assert_uint_eq(reply.response.other_count, 1);
}
END_TEST

START_TEST(loopback_claim_does_not_tell_of_both_families) {
    come_many(0, 1);
    come_claiming(outside_v4, "::1");
    ck_assert_int_eq(reply.response.other_family, FAMILY_NONE);
    come_claiming(outside_v4, "80.1.2.9");
    ck_assert_int_eq(reply.response.other_family, FAMILY_NONE);
}
END_TEST

/* Announces client 1, which reached the tracker at `reached` (NULL: unknown). */
static void come_by(const char *address, const char *reached) {
    struct announce_request request = test_leecher_at(1, address);
    if (reached != NULL)
        request.reached = endpoint_at(reached, 6969);
    test_announce(tracker, &request, START_MS, &reply);
    ck_assert_int_eq(reply.result, ANNOUNCE_OK);
}

static void put_loopback_seeder(const char *loopback) {
    struct announce_request seeder = test_seeder(7);
    seeder.peer = endpoint_at(loopback, 1007);
    test_put(tracker, &seeder, START_MS);
}

/* The default: loopback is part of the LAN. */
static void create_default_tracker(void) {
    create_tracker();
    ck_assert(network_parse("127.0.0.0/8", &options.lan.list[options.lan.count++]));
    ck_assert(network_parse("::1", &options.lan.list[options.lan.count++]));
    tracker_apply(tracker, &options);
}

static const struct {
    const char *loopback;
    const char *client;
    const char *reached;
    const char *external;
    const char *offered; /* NULL: the peer is hidden */
} views[] = {
    { "127.0.0.1", "127.0.0.2", "127.0.0.1", NULL, "127.0.0.1" },
    { "::1", "::1", "::1", NULL, "::1" },
    { "127.0.0.1", lan_v4, "192.168.1.1", NULL, "192.168.1.1" },
    { "127.9.9.9", lan_v4, "192.168.1.1", NULL, "192.168.1.1" },
    { "::1", lan_v6, "fd00::1", NULL, "fd00::1" },
    { "127.0.0.1", lan_v4, "192.168.1.1", "203.0.113.7", "192.168.1.1" },
    { "127.0.0.1", lan_v4, NULL, NULL, NULL },
    { "127.0.0.1", lan_v4, NULL, "203.0.113.7", NULL },
    { "127.0.0.1", lan_v4, "fd00::1", NULL, NULL },
    { "127.0.0.1", lan_v4, "127.0.0.1", NULL, NULL },
    { "127.0.0.1", outside_v4, "80.0.0.1", NULL, "80.0.0.1" },
    { "::1", outside_v6, "2001:db8::1", NULL, "2001:db8::1" },
    { "127.0.0.1", outside_v4, "192.168.1.1", NULL, NULL },
    { "127.0.0.1", outside_v4, "192.168.1.1", "203.0.113.7", "203.0.113.7" },
    { "127.0.0.1", outside_v4, NULL, NULL, NULL },
    { "127.0.0.1", outside_v4, NULL, "203.0.113.7", "203.0.113.7" },
};

static void assert_view(int number) {
    if (views[number].external != NULL) {
        options.external_v4 = endpoint_at(views[number].external, 0);
        tracker_apply(tracker, &options);
    }
    put_loopback_seeder(views[number].loopback);
    come_by(views[number].client, views[number].reached);
    assert_offers(views[number].offered != NULL);
    if (views[number].offered != NULL)
        assert_offered(views[number].offered, 7);
}

START_TEST(loopback_peer_is_given_by_the_address_of_this_machine) {
    assert_view(_i);
}
END_TEST

/* The same if the configuration does not count loopback among the LAN. */
START_TEST(loopback_outside_of_the_lan_is_given_alike) {
    assert_view(_i);
}
END_TEST

START_TEST(other_lan_peers_stay_hidden_from_outside) {
    put_loopback_seeder("127.0.0.1");
    come(2, lan_v4);
    come(3, "80.1.2.4");
    come_by(outside_v4, "80.0.0.1");
    assert_offers(2);
    assert_offered("80.0.0.1", 7);
    assert_offered("80.1.2.4", 3);
    for (uint32_t i = 0; i < reply.response.peer_count; i++) {
        uint8_t peer_id[PEER_ID_LEN];
        numbered_id(peer_id, reply.peers[6 * i + 5] == (1007 & 255) ? 7 : 3);
        ck_assert_mem_eq(reply.peer_ids + (size_t)i * PEER_ID_LEN, peer_id, PEER_ID_LEN);
    }
}
END_TEST

START_TEST(peers_with_port_one_make_room_for_others) {
    struct announce_request request;
    for (uint32_t i = 2; i < 60; i++) {
        request = test_leecher(i);
        if (i % 2 == 0)
            endpoint_set_port(&request.peer, 1);
        test_put(tracker, &request, START_MS);
    }
    request = _i == 0 ? test_leecher(1) : test_leecher_at(1, "127.0.0.2");
    request.numwant = 20;
    test_announce(tracker, &request, START_MS, &reply);
    assert_offers(20);
    for (uint32_t i = 0; i < 20; i++)
        ck_assert_uint_ne(load_u16(reply.peers + (size_t)6 * i + 4), 1);
    ck_assert_uint_eq(reply.response.leechers, 59);
}
END_TEST

UNIT_SUITE(tracker_addresses) {
    Suite *suite = suite_create("tracker_addresses");
    TCase *lan = tcase_create("lan");
    tcase_add_checked_fixture(lan, create_tracker, delete_tracker);
    tcase_add_loop_test(lan, lan_peers_see_lan_addresses, 0, LOOPS_OF(families));
    tcase_add_loop_test(lan, lan_peers_see_outsiders, 0, LOOPS_OF(families));
    tcase_add_loop_test(lan, outsiders_are_not_given_lan_peers, 0, LOOPS_OF(families));
    tcase_add_loop_test(lan, outsiders_see_lan_peers_at_the_external_address, 0,
                        LOOPS_OF(families));
    tcase_add_loop_test(lan, external_address_is_not_shown_inside, 0, LOOPS_OF(families));
    tcase_add_loop_test(lan, lan_seeders_follow_the_same_rule, 0, LOOPS_OF(families));
    tcase_add_loop_test(lan, response_names_the_source_address, 0, LOOPS_OF(families));
    tcase_add_test(lan, external_address_of_one_family_does_not_serve_the_other);
    suite_add_tcase(suite, lan);

    TCase *claims = tcase_create("claims");
    tcase_add_checked_fixture(claims, create_tracker, delete_tracker);
    tcase_add_test(claims, claim_of_a_stranger_is_ignored);
    tcase_add_test(claims, claim_from_a_trusted_network_is_taken_with_the_port);
    tcase_add_test(claims, claim_of_the_other_family_does_not_hide_the_peer);
    tcase_add_test(claims, trusted_without_a_claim_has_its_own_address);
    tcase_add_test(claims, claimed_peer_stops_by_its_claimed_address);
    suite_add_tcase(suite, claims);

    TCase *both = tcase_create("both");
    tcase_add_checked_fixture(both, create_tracker, delete_tracker);
    tcase_add_test(both, client_with_both_families_is_given_both);
    tcase_add_loop_test(both, numwant_is_shared_by_both_families, 0, 8);
    tcase_add_test(both, client_is_not_given_its_own_other_address);
    tcase_add_test(both, outsider_with_both_families_is_not_given_lan_peers);
    tcase_add_test(both, seeder_with_both_families_is_given_leechers);
    tcase_add_test(both, loopback_claim_does_not_tell_of_both_families);
    suite_add_tcase(suite, both);

    TCase *here = tcase_create("here");
    tcase_add_checked_fixture(here, create_default_tracker, delete_tracker);
    tcase_add_loop_test(here, loopback_peer_is_given_by_the_address_of_this_machine, 0,
                        LOOPS_OF(views));
    tcase_add_test(here, other_lan_peers_stay_hidden_from_outside);
    tcase_add_loop_test(here, peers_with_port_one_make_room_for_others, 0, 2);
    suite_add_tcase(suite, here);
    TCase *apart = tcase_create("apart");
    tcase_add_checked_fixture(apart, create_tracker, delete_tracker);
    tcase_add_loop_test(apart, loopback_outside_of_the_lan_is_given_alike, 0, LOOPS_OF(views));
    suite_add_tcase(suite, apart);
    return suite;
}
