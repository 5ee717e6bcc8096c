/* Rejections by the access rules, and the removal of rejected peers. */
#include "registry_support.h"
#include "tracker_support.h"

#include <stdio.h>

static struct tracker_options options;
static struct tracker *tracker;
static struct reply reply;
static struct access_rules rules;

static void create_tracker(void) {
    options = test_options();
    rules = (struct access_rules){ .mode = ACCESS_OPEN };
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
}

static void delete_tracker(void) {
    tracker_delete(tracker);
}

static struct access *make_access(void) {
    struct access *access = access_create(&rules);
    ck_assert_ptr_nonnull(access);
    return access;
}

static enum announce_result announce(const struct announce_request *request) {
    test_announce(tracker, request, START_MS, &reply);
    return reply.result;
}

static void ban(const char *network, const char *reason) {
    test_add_ban(tracker_registry(tracker), network, reason);
}

static struct passkey key_numbered(uint32_t number) {
    struct passkey passkey = { .given = true };
    digest_sha256(&number, sizeof number, passkey.digest);
    return passkey;
}

START_TEST(tracker_is_open_by_default) {
    const struct announce_request peer = test_leecher(1);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_OK);
}
END_TEST

START_TEST(listed_tracker_refuses_other_torrents_and_makes_no_swarm) {
    struct announce_request peer = test_leecher(1);
    rules.mode = ACCESS_LISTED;
    struct access *access = make_access();
    ck_assert(access_add_torrent(access, ACCESS_WHITELIST, peer.info_hash));
    tracker_set_access(tracker, access);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_OK);
    numbered_id(peer.info_hash, TORRENT + 1);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_TORRENT_NOT_LISTED);
    ck_assert_uint_eq(reply.response.interval_s, 120);
    ck_assert_uint_eq(reply.response.min_interval_s, 60);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 1);
    ck_assert_uint_eq(tracker_stats(tracker).announces[ANNOUNCE_TORRENT_NOT_LISTED], 1);
}
END_TEST

START_TEST(private_tracker_requires_a_passkey_in_announces_and_scrapes) {
    static const enum announce_result expected[] = {
        ANNOUNCE_PASSKEY_MISSING,
        ANNOUNCE_OK,
        ANNOUNCE_PASSKEY_UNKNOWN,
    };
    rules.mode = ACCESS_PRIVATE;
    test_add_passkey(tracker_registry(tracker), key_numbered(1).digest);
    tracker_set_access(tracker, make_access());
    for (uint32_t i = 0; i < COUNT_OF(expected); i++) {
        char detail[REFUSAL_DETAIL_LEN];
        struct announce_request peer = test_leecher(1);
        peer.passkey = i == 0 ? (struct passkey){ .given = false } : key_numbered(i);
        ck_assert_int_eq(announce(&peer), expected[i]);
        ck_assert_int_eq(tracker_check_scrape(tracker, &peer.peer, &peer.passkey, START_MS, detail),
                         expected[i]);
        ck_assert_uint_eq(tracker_stats(tracker).scrapes[expected[i]], 1);
    }
}
END_TEST

START_TEST(banned_peer_gets_only_the_reason) {
    const struct announce_request peer = test_leecher_at(1, "192.0.2.7");
    char detail[REFUSAL_DETAIL_LEN];
    ban("192.0.2.0/24", "no manners");
    ck_assert_int_eq(announce(&peer), ANNOUNCE_BANNED);
    ck_assert_str_eq(reply.response.detail, "no manners");
    ck_assert_uint_eq(reply.response.peer_count, 0);
    ck_assert_int_eq(tracker_check_scrape(tracker, &peer.peer, &peer.passkey, START_MS, detail),
                     ANNOUNCE_BANNED);
    ck_assert_str_eq(detail, "no manners");
    const struct announce_request other = test_leecher_at(2, "192.0.3.7");
    ck_assert_int_eq(announce(&other), ANNOUNCE_OK);
    ck_assert_str_eq(reply.response.detail, "");
}
END_TEST

START_TEST(refused_peer_is_removed) {
    const struct announce_request outlaw = test_leecher_at(1, "192.0.2.7");
    const struct announce_request other = test_leecher_at(2, "192.0.3.7");
    test_put(tracker, &outlaw, START_MS);
    ck_assert_int_eq(announce(&other), ANNOUNCE_OK);
    ck_assert(reply_has(&reply, &outlaw.peer));
    ban("192.0.2.7", "");
    ck_assert_int_eq(announce(&outlaw), ANNOUNCE_BANNED);
    ck_assert_int_eq(announce(&other), ANNOUNCE_OK);
    ck_assert(!reply_has(&reply, &outlaw.peer));
    ck_assert_uint_eq(tracker_stats(tracker).peers, 1);
}
END_TEST

START_TEST(peer_of_an_unregistered_torrent_is_removed) {
    const struct announce_request peer = test_leecher(1);
    test_put(tracker, &peer, START_MS);
    rules.mode = ACCESS_LISTED;
    tracker_set_access(tracker, make_access());
    ck_assert_int_eq(announce(&peer), ANNOUNCE_TORRENT_NOT_LISTED);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).leechers, 0);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
}
END_TEST

START_TEST(refused_peer_leaves_room_at_its_address) {
    options.address_peers_max = 1;
    ck_assert(tracker_apply(tracker, &options));
    const struct announce_request first = test_leecher_at(1, "192.0.2.7");
    const struct announce_request second = test_leecher_at(2, "192.0.2.7");
    ck_assert_int_eq(announce(&first), ANNOUNCE_OK);
    ck_assert_int_eq(announce(&second), ANNOUNCE_ADDRESS_FULL);
    ban("192.0.2.7", "");
    ck_assert_int_eq(announce(&first), ANNOUNCE_BANNED);
    const struct registry_row row = test_ban_row("192.0.2.7", "");
    ck_assert(test_remove_row(tracker_registry(tracker), &row));
    ck_assert_int_eq(announce(&second), ANNOUNCE_OK);
}
END_TEST

START_TEST(refused_stranger_removes_no_other_peer) {
    const struct announce_request peer = test_leecher(1);
    test_put(tracker, &peer, START_MS);
    ban("192.0.2.7", "");
    struct announce_request stranger = test_leecher_at(1, "192.0.2.7");
    stranger.key = 0;
    ck_assert_int_eq(announce(&stranger), ANNOUNCE_BANNED);
    stranger.key = peer.key + 1;
    ck_assert_int_eq(announce(&stranger), ANNOUNCE_BANNED);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 1);
}
END_TEST

/* Two users behind one address: the second is refused and claims the first one's port. */
START_TEST(refused_announce_changes_nothing_about_the_peer_at_its_endpoint) {
    static const enum announce_event events[] = { EVENT_NONE, EVENT_STARTED, EVENT_COMPLETED,
                                                  EVENT_STOPPED };
    rules.mode = ACCESS_PRIVATE;
    test_add_passkey(tracker_registry(tracker), key_numbered(1).digest);
    tracker_set_access(tracker, make_access());
    struct announce_request member = test_leecher(1);
    member.passkey = key_numbered(1);
    test_put(tracker, &member, START_MS);
    struct announce_request refused = test_seeder(2);
    refused.peer = member.peer;
    for (uint32_t i = 0; i < COUNT_OF(events); i++) {
        refused.event = events[i];
        refused.passkey = (struct passkey){ .given = false };
        ck_assert_int_eq(announce(&refused), ANNOUNCE_PASSKEY_MISSING);
        refused.passkey = key_numbered(2);
        ck_assert_int_eq(announce(&refused), ANNOUNCE_PASSKEY_UNKNOWN);
    }
    const struct scrape_entry entry = test_scrape(tracker, TORRENT);
    ck_assert_uint_eq(entry.leechers, 1);
    ck_assert_uint_eq(entry.seeders + entry.downloaded, 0);
    member.passkey = key_numbered(2);
    member.event = EVENT_STOPPED;
    member.left = 0;
    ck_assert_int_eq(announce(&member), ANNOUNCE_PASSKEY_UNKNOWN);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 0);
}
END_TEST

START_TEST(stop_of_a_banned_peer_is_refused_but_applied) {
    struct announce_request peer = test_leecher_at(1, "192.0.2.7");
    test_put(tracker, &peer, START_MS);
    ban("192.0.2.7", "");
    peer.event = EVENT_STOPPED;
    ck_assert_int_eq(announce(&peer), ANNOUNCE_BANNED);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
}
END_TEST

START_TEST(ban_applies_to_a_trusted_claimed_address) {
    ck_assert(network_parse("10.0.0.1", &options.ip_param_networks.list[0]));
    options.ip_param_networks.count = 1;
    ck_assert(tracker_apply(tracker, &options));
    ban("192.0.2.7", "");
    struct announce_request peer = test_leecher_at(1, "10.0.0.1");
    ck_assert_int_eq(announce(&peer), ANNOUNCE_OK);
    peer.claimed = endpoint_at("192.0.2.7", 0);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_BANNED);
}
END_TEST

START_TEST(denied_client_may_still_scrape) {
    rules.clients_deny = (struct client_prefixes){ .count = 1 };
    rules.clients_deny.list[0].len = 1;
    tracker_set_access(tracker, make_access());
    char detail[REFUSAL_DETAIL_LEN];
    struct announce_request peer = test_leecher(1);
    peer.peer_id[0] = 0;
    ck_assert_int_eq(announce(&peer), ANNOUNCE_CLIENT_DENIED);
    ck_assert_int_eq(tracker_check_scrape(tracker, &peer.peer, &peer.passkey, START_MS, detail),
                     ANNOUNCE_OK);
}
END_TEST

static uint32_t peers(void) {
    return tracker_stats(tracker).peers;
}

/* Many swarms of a few peers each, and one swarm of many. */
static void fill_tracker(void) {
    test_fill(tracker, 3000, 500);
    test_fill_swarm(tracker, 6000);
}

START_TEST(ban_removes_its_peers_at_once_and_no_others) {
    const struct announce_request banned = test_leecher_at(9001, "198.51.100.7");
    fill_tracker();
    const uint32_t before = peers();
    test_put(tracker, &banned, START_MS);
    ban("198.51.100.0/24", "");
    ck_assert_uint_eq(peers(), before + 1);
    tracker_purge(tracker, START_MS);
    ck_assert_uint_eq(peers(), before);
    ban("0.0.0.0/0", "");
    ban("::/0", "");
    tracker_purge(tracker, START_MS);
    ck_assert_uint_eq(peers(), 0);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).leechers, 0);
}
END_TEST

START_TEST(blocked_torrent_loses_its_peers_and_scrapes_as_zeros) {
    struct announce_request peer = test_leecher(1);
    fill_tracker();
    peer.event = EVENT_COMPLETED;
    peer.left = 0;
    test_put(tracker, &peer, START_MS);
    const uint32_t before = peers();
    const struct scrape_entry swarm = test_scrape(tracker, TORRENT);
    ck_assert_uint_ge(swarm.leechers, 5000);
    const struct registry_row row = test_torrent_row(REGISTRY_BLOCK, peer.info_hash);
    test_put_row(tracker_registry(tracker), &row);
    tracker_purge(tracker, START_MS);
    ck_assert_uint_eq(peers(), before - swarm.leechers - swarm.seeders);
    const struct scrape_entry blocked = test_scrape(tracker, TORRENT);
    ck_assert_uint_eq(blocked.seeders + blocked.leechers + blocked.downloaded, 0);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_TORRENT_BLOCKED);
    ck_assert(test_remove_row(tracker_registry(tracker), &row));
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 1);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_OK);
}
END_TEST

START_TEST(unregistered_torrent_loses_its_peers) {
    const struct announce_request peer = test_leecher(1);
    const struct registry_row row = test_torrent_row(REGISTRY_TORRENT, peer.info_hash);
    rules.mode = ACCESS_LISTED;
    tracker_set_access(tracker, make_access());
    test_put_row(tracker_registry(tracker), &row);
    test_put(tracker, &peer, START_MS);
    ck_assert(test_remove_row(tracker_registry(tracker), &row));
    tracker_purge(tracker, START_MS);
    ck_assert_uint_eq(peers(), 0);
}
END_TEST

START_TEST(revoked_passkey_takes_its_peers_along) {
    struct registry *registry = tracker_registry(tracker);
    rules.mode = ACCESS_PRIVATE;
    tracker_set_access(tracker, make_access());
    test_add_passkey(registry, key_numbered(0).digest);
    test_add_passkey(registry, key_numbered(1).digest);
    for (uint32_t i = 0; i < 100; i++) {
        struct announce_request peer = test_leecher(i);
        peer.passkey = key_numbered(i % 2);
        peer.left = i % 3 == 0 ? 0 : 1;
        test_put(tracker, &peer, START_MS);
        /* Its role changes, and so its place in the swarm. */
        peer.left = i % 5 == 0 ? 0 : 1;
        test_put(tracker, &peer, START_MS);
    }
    ck_assert_uint_eq(peers(), 100);
    const struct registry_row row = test_passkey_row(key_numbered(1).digest, "");
    ck_assert(test_remove_row(registry, &row));
    tracker_purge(tracker, START_MS);
    ck_assert_uint_eq(peers(), 50);
    for (uint32_t i = 0; i < 100; i += 2) {
        struct announce_request peer = test_leecher(i);
        peer.passkey = key_numbered(0);
        test_put(tracker, &peer, START_MS);
    }
    ck_assert_uint_eq(peers(), 50);
}
END_TEST

START_TEST(stricter_rules_remove_the_peers_that_they_refuse) {
    struct announce_request member = test_leecher(1);
    member.passkey = key_numbered(1);
    test_add_passkey(tracker_registry(tracker), member.passkey.digest);
    fill_tracker();
    rules.mode = ACCESS_PRIVATE;
    tracker_set_access(tracker, make_access());
    test_put(tracker, &member, START_MS);
    const uint32_t before = peers();
    tracker_purge_all(tracker, false, START_MS);
    ck_assert_uint_eq(peers(), before);
    tracker_purge_all(tracker, true, START_MS);
    ck_assert_uint_eq(peers(), 1);
    rules.deny.list[rules.deny.count++] = (struct network){ .family = FAMILY_V4 };
    rules.deny.list[rules.deny.count++] = (struct network){ .family = FAMILY_V6 };
    tracker_set_access(tracker, make_access());
    tracker_purge_all(tracker, false, START_MS);
    ck_assert_uint_eq(peers(), 0);
}
END_TEST

UNIT_SUITE(tracker_access) {
    Suite *suite = suite_create("tracker_access");
    TCase *clients = tcase_create("clients");
    tcase_add_checked_fixture(clients, create_tracker, delete_tracker);
    tcase_add_test(clients, tracker_is_open_by_default);
    tcase_add_test(clients, listed_tracker_refuses_other_torrents_and_makes_no_swarm);
    tcase_add_test(clients, private_tracker_requires_a_passkey_in_announces_and_scrapes);
    tcase_add_test(clients, banned_peer_gets_only_the_reason);
    tcase_add_test(clients, ban_applies_to_a_trusted_claimed_address);
    tcase_add_test(clients, denied_client_may_still_scrape);
    tcase_add_test(clients, ban_removes_its_peers_at_once_and_no_others);
    tcase_add_test(clients, blocked_torrent_loses_its_peers_and_scrapes_as_zeros);
    tcase_add_test(clients, unregistered_torrent_loses_its_peers);
    tcase_add_test(clients, revoked_passkey_takes_its_peers_along);
    tcase_add_test(clients, stricter_rules_remove_the_peers_that_they_refuse);
    suite_add_tcase(suite, clients);

    TCase *dropped = tcase_create("dropped");
    tcase_add_checked_fixture(dropped, create_tracker, delete_tracker);
    tcase_add_test(dropped, refused_peer_is_removed);
    tcase_add_test(dropped, peer_of_an_unregistered_torrent_is_removed);
    tcase_add_test(dropped, refused_peer_leaves_room_at_its_address);
    tcase_add_test(dropped, refused_stranger_removes_no_other_peer);
    tcase_add_test(dropped, refused_announce_changes_nothing_about_the_peer_at_its_endpoint);
    tcase_add_test(dropped, stop_of_a_banned_peer_is_refused_but_applied);
    suite_add_tcase(suite, dropped);
    return suite;
}
