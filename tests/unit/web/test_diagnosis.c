#include "web/views/diagnosis.h"

#include <string.h>

#include "support.h"

enum { PEERS_MAX = 8 };

static struct peer_stats peer_rows[PEERS_MAX];
static struct diagnosed_peer peers[PEERS_MAX];
static struct diagnosis_input input;
static struct diagnosis found[DIAGNOSES_MAX];
static size_t count;

static void set_up(void) {
    input = (struct diagnosis_input){ .peers = peers, .allowed = true };
}

static void add(const char *address, bool seeder, bool lan, enum reach reach) {
    struct peer_stats *peer = &peer_rows[input.peer_count];
    *peer = (struct peer_stats){
        .peer = endpoint_at(address, (uint16_t)(1000 + input.peer_count)),
        .seeder = seeder,
        .lan = lan,
    };
    numbered_id(peer->peer_id, (uint32_t)input.peer_count);
    peers[input.peer_count++] = (struct diagnosed_peer){ peer, reach };
    const bool v4 = peer->peer.family == FAMILY_V4;
    if (seeder)
        ++*(v4 ? &input.stats.seeders_v4 : &input.stats.seeders_v6);
    else
        ++*(v4 ? &input.stats.leechers_v4 : &input.stats.leechers_v6);
}

/* One client in both families. */
static void add_both(const char *v4, const char *v6, bool seeder, bool lan, enum reach reach) {
    add(v4, seeder, lan, reach);
    add(v6, seeder, lan, reach);
    peer_rows[input.peer_count - 2].in_both = peer_rows[input.peer_count - 1].in_both = true;
    ++*(seeder ? &input.stats.seeders_both : &input.stats.leechers_both);
}

static void diagnose_it(void) {
    count = diagnose(&input, found);
}

static void assert_nothing(void) {
    diagnose_it();
    ck_assert_msg(count == 0, "%s", count == 0 ? "" : found[0].text);
}

/* Checks that this is the only diagnosis, and that its text contains `word`. */
static void assert_only(const char *code, const char *word) {
    diagnose_it();
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(found[0].code, code);
    ck_assert_msg(strstr(found[0].text, word) != NULL, "%s", found[0].text);
}

START_TEST(torrent_with_seeders_has_no_finding) {
    add("192.168.1.2", true, true, REACH_OPEN);
    add("192.168.1.3", false, true, REACH_SILENT);
    assert_nothing();
}
END_TEST

START_TEST(torrent_without_leechers_has_no_finding) {
    add("192.168.1.2", true, true, REACH_UNKNOWN);
    assert_nothing();
}
END_TEST

START_TEST(seeders_on_loopback_are_said) {
    add("127.0.0.1", true, true, REACH_OPEN);
    add("127.0.0.1", false, true, REACH_OPEN);
    assert_nothing();
    add("192.168.1.3", false, true, REACH_SILENT);
    assert_only("loopback_seeders", "loopback address");
    add("192.168.1.4", true, true, REACH_OPEN);
    assert_nothing();
}
END_TEST

START_TEST(torrent_without_peers_is_reported) {
    assert_only("no_peers", "No peers");
}
END_TEST

START_TEST(missing_seeder_is_reported) {
    add("192.168.1.2", false, true, REACH_OPEN);
    assert_only("no_seeder", "still downloading");
}
END_TEST

START_TEST(peers_of_the_dht_may_be_seeders) {
    add("192.168.1.2", false, true, REACH_OPEN);
    add("192.168.1.3", false, true, REACH_OPEN);
    dht_peer_id(peer_rows[1].peer_id, &peer_rows[1].peer);
    assert_only("no_seeder", "1 of the peers was found by the DHT");
}
END_TEST

START_TEST(partial_seeds_are_mentioned) {
    add("192.168.1.2", false, true, REACH_OPEN);
    input.stats.paused = 1;
    assert_only("no_seeder", "partial seeds");
}
END_TEST

START_TEST(only_seeder_behind_a_firewall_is_reported) {
    add("192.168.1.2", true, true, REACH_SILENT);
    add("192.168.1.3", false, true, REACH_UNKNOWN);
    assert_only("seeders_unreachable", "The only seeder is firewalled");
    ck_assert_ptr_nonnull(strstr(found[0].text, "drops"));
    ck_assert_ptr_nonnull(strstr(found[0].text, "to 192.168.1.2, port "));
    ck_assert_ptr_nonnull(strstr(found[0].text, "(TCP and UDP)"));
}
END_TEST

START_TEST(closed_port_of_a_seeder_is_reported) {
    add("192.168.1.2", true, true, REACH_REFUSED);
    add("192.168.1.4", true, true, REACH_REFUSED);
    add("192.168.1.3", false, true, REACH_OPEN);
    assert_only("seeders_unreachable", "All seeders are firewalled");
    ck_assert_ptr_nonnull(strstr(found[0].text, "to 192.168.1.2, port "));
    ck_assert_ptr_nonnull(strstr(found[0].text, "Reachable leechers"));
}
END_TEST

START_TEST(one_seeder_that_may_be_reachable_is_enough) {
    add("192.168.1.2", true, true, REACH_SILENT);
    add("192.168.1.4", true, true, REACH_UNKNOWN);
    add("192.168.1.3", false, true, REACH_OPEN);
    assert_nothing();
}
END_TEST

START_TEST(outsiders_without_a_visible_seeder_are_reported) {
    add("192.168.1.2", true, true, REACH_OPEN);
    add("203.0.113.5", false, false, REACH_UNKNOWN);
    assert_only("different_networks", "network.external_address");
    input.external_v4 = endpoint_at("198.51.100.1", 0);
    assert_nothing();
}
END_TEST

START_TEST(seeder_outside_serves_everyone) {
    add("192.168.1.2", true, true, REACH_OPEN);
    add("203.0.113.6", true, false, REACH_UNKNOWN);
    add("203.0.113.5", false, false, REACH_UNKNOWN);
    assert_nothing();
}
END_TEST

START_TEST(families_without_contact_are_reported) {
    add("192.168.1.2", true, true, REACH_OPEN);
    add("fd00::5", false, true, REACH_OPEN);
    assert_only("different_families", "IPv4");
    add("192.168.1.6", false, true, REACH_OPEN);
    assert_nothing();
}
END_TEST

START_TEST(client_in_both_families_meets_everyone) {
    add_both("192.168.1.2", "fd00::2", true, true, REACH_OPEN);
    add("fd00::5", false, true, REACH_OPEN);
    assert_nothing();
    set_up();
    add("192.168.1.2", true, true, REACH_OPEN);
    add_both("192.168.1.5", "fd00::5", false, true, REACH_OPEN);
    assert_nothing();
}
END_TEST

START_TEST(seeder_in_both_families_must_be_reachable_in_one) {
    add_both("192.168.1.2", "fd00::2", true, true, REACH_SILENT);
    add("192.168.1.5", false, true, REACH_OPEN);
    assert_only("seeders_unreachable", "The only seeder is firewalled");
    peers[1].reach = REACH_OPEN;
    assert_nothing();
}
END_TEST

START_TEST(outsider_in_both_families_is_one) {
    add("192.168.1.2", true, true, REACH_OPEN);
    add_both("203.0.113.5", "2001:db8::5", false, false, REACH_UNKNOWN);
    assert_only("different_networks", " 1 leecher is outside");
}
END_TEST

START_TEST(peers_at_the_router_are_reported) {
    add("172.17.0.1", true, true, REACH_REFUSED);
    add("172.17.0.1", false, true, REACH_UNKNOWN);
    input.gateway = endpoint_at("172.17.0.1", 0);
    diagnose_it();
    ck_assert_str_eq(found[0].code, "tracker_behind_nat");
    ck_assert_ptr_nonnull(strstr(found[0].text, "172.17.0.1"));
}
END_TEST

START_TEST(peers_at_our_external_address_are_reported) {
    input.external_v4 = endpoint_at("198.51.100.1", 0);
    add("198.51.100.1", true, false, REACH_UNKNOWN);
    add("192.168.1.3", false, true, REACH_OPEN);
    assert_only("tracker_behind_nat", "198.51.100.1");
}
END_TEST

START_TEST(crowd_at_one_address_is_suspicious_unless_it_can_be_reached) {
    add("192.168.1.1", true, true, REACH_UNKNOWN);
    add("192.168.1.1", false, true, REACH_UNKNOWN);
    assert_nothing();
    add("192.168.1.1", false, true, REACH_UNKNOWN);
    assert_only("tracker_behind_nat", "3 peers share the address 192.168.1.1");
    peers[2].reach = REACH_OPEN;
    assert_nothing();
}
END_TEST

START_TEST(clients_on_this_machine_are_no_crowd) {
    for (int i = 0; i < 4; i++)
        add("127.0.0.1", i == 0, true, REACH_UNKNOWN);
    assert_nothing();
}
END_TEST

START_TEST(unregistered_torrent_is_reported_first) {
    add("192.168.1.3", false, true, REACH_OPEN);
    input.allowed = false;
    diagnose_it();
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(found[0].code, "not_registered");
    ck_assert_str_eq(found[1].code, "no_seeder");
}
END_TEST

UNIT_SUITE(diagnosis) {
    Suite *suite = suite_create("diagnosis");
    TCase *tcase = tcase_create("diagnosis");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, torrent_with_seeders_has_no_finding);
    tcase_add_test(tcase, torrent_without_leechers_has_no_finding);
    tcase_add_test(tcase, seeders_on_loopback_are_said);
    tcase_add_test(tcase, torrent_without_peers_is_reported);
    tcase_add_test(tcase, missing_seeder_is_reported);
    tcase_add_test(tcase, peers_of_the_dht_may_be_seeders);
    tcase_add_test(tcase, partial_seeds_are_mentioned);
    tcase_add_test(tcase, only_seeder_behind_a_firewall_is_reported);
    tcase_add_test(tcase, closed_port_of_a_seeder_is_reported);
    tcase_add_test(tcase, one_seeder_that_may_be_reachable_is_enough);
    tcase_add_test(tcase, outsiders_without_a_visible_seeder_are_reported);
    tcase_add_test(tcase, seeder_outside_serves_everyone);
    tcase_add_test(tcase, families_without_contact_are_reported);
    tcase_add_test(tcase, client_in_both_families_meets_everyone);
    tcase_add_test(tcase, seeder_in_both_families_must_be_reachable_in_one);
    tcase_add_test(tcase, outsider_in_both_families_is_one);
    tcase_add_test(tcase, peers_at_the_router_are_reported);
    tcase_add_test(tcase, peers_at_our_external_address_are_reported);
    tcase_add_test(tcase, crowd_at_one_address_is_suspicious_unless_it_can_be_reached);
    tcase_add_test(tcase, clients_on_this_machine_are_no_crowd);
    tcase_add_test(tcase, unregistered_torrent_is_reported_first);
    suite_add_tcase(suite, tcase);
    return suite;
}
