/* Peers that the DHT finds, and what it is given of the swarms. */
#include "swarm/tracker_dht.h"

#include "registry_support.h"
#include "tracker_support.h"

enum { ROOM = 60 };

static struct tracker_options options;
static struct tracker *tracker;
static struct reply reply;
static uint8_t info_hash[INFO_HASH_LEN];
static uint8_t found[ROOM];
static size_t found_len;

static void create_tracker(void) {
    options = test_options();
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
    numbered_id(info_hash, TORRENT);
}

static void delete_tracker(void) {
    tracker_delete(tracker);
}

static struct endpoint peer_at(const char *text) {
    struct endpoint peer;
    ck_assert(endpoint_parse_address(text, &peer));
    endpoint_set_port(&peer, 5000);
    return peer;
}

static enum dht_verdict announce_at(const char *address, uint32_t s) {
    const struct endpoint peer = peer_at(address);
    return tracker_dht_announce(tracker, DHT_SHARE_ALL, info_hash, &peer, test_seconds_after(s));
}

static enum dht_verdict announce(const char *address) {
    return announce_at(address, 0);
}

static enum dht_verdict find(enum dht_share share, const char *address) {
    const struct dht_requester requester = { .address = peer_at(address) };
    struct writer peers = writer_on(found, sizeof found);
    const enum dht_verdict verdict =
        tracker_dht_peers(tracker, share, info_hash, &requester, &peers);
    found_len = peers.len;
    return verdict;
}

static void put_torrent(enum registry_privacy privacy) {
    struct registry_row row = test_torrent_row(REGISTRY_TORRENT, info_hash);
    row.privacy = privacy;
    test_put_row(tracker_registry(tracker), &row);
}

START_TEST(announced_peer_is_in_the_swarm_and_found) {
    ck_assert_int_eq(announce("192.0.2.1"), DHT_SHARED);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).leechers, 1);
    ck_assert_int_eq(find(DHT_SHARE_ALL, "192.0.2.9"), DHT_SHARED);
    const struct endpoint peer = peer_at("192.0.2.1");
    assert_bytes((struct bytes){ found, found_len }, (struct bytes){ peer.wire, 6 });
    const struct announce_request client = test_leecher(1);
    test_announce(tracker, &client, START_MS, &reply);
    ck_assert(reply_has(&reply, &peer));
}
END_TEST

START_TEST(peers_of_the_family_are_found_as_many_as_fit) {
    char text[32];
    for (int i = 1; i <= 20; i++) {
        snprintf(text, sizeof text, "192.0.2.%d", i);
        ck_assert_int_eq(announce(text), DHT_SHARED);
    }
    ck_assert_int_eq(announce("2001:db8::1"), DHT_SHARED);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 21);
    find(DHT_SHARE_ALL, "192.0.2.99");
    ck_assert_uint_eq(found_len, ROOM);
    find(DHT_SHARE_ALL, "2001:db8::9");
    ck_assert_uint_eq(found_len, 18);
}
END_TEST

START_TEST(peer_of_an_announce_is_found_by_the_dht) {
    const struct announce_request client = test_seeder(1);
    test_put(tracker, &client, START_MS);
    find(DHT_SHARE_ALL, "192.0.2.9");
    assert_bytes((struct bytes){ found, found_len }, (struct bytes){ client.peer.wire, 6 });
}
END_TEST

START_TEST(peer_is_one_however_it_announces) {
    struct announce_request client = test_seeder(1);
    client.peer = peer_at("192.0.2.1");
    ck_assert_int_eq(announce("192.0.2.1"), DHT_SHARED);
    test_put(tracker, &client, START_MS);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).seeders, 1);
    ck_assert_int_eq(announce("192.0.2.1"), DHT_SHARED);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).seeders, 1);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 1);
    client.event = EVENT_STOPPED;
    test_put(tracker, &client, START_MS);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
}
END_TEST

START_TEST(peer_expires_half_an_hour_after_its_last_announce) {
    announce_at("192.0.2.1", 0);
    announce_at("192.0.2.1", 1000);
    ck_assert_uint_eq(tracker_sweep(tracker, 0, TRACKER_SHARDS, test_seconds_after(2799)), 0);
    ck_assert_uint_eq(tracker_sweep(tracker, 0, TRACKER_SHARDS, test_seconds_after(2801)), 1);
}
END_TEST

START_TEST(private_and_blocked_torrents_are_refused) {
    put_torrent(PRIVACY_PRIVATE);
    ck_assert_int_eq(announce("192.0.2.1"), DHT_REFUSED);
    ck_assert_int_eq(find(DHT_SHARE_ALL, "192.0.2.9"), DHT_REFUSED);
    ck_assert_int_eq(find(DHT_SHARE_NONE, "192.0.2.9"), DHT_REFUSED);
    put_torrent(PRIVACY_PUBLIC);
    ck_assert_int_eq(find(DHT_SHARE_ALL, "192.0.2.9"), DHT_SHARED);
    const struct registry_row block = test_torrent_row(REGISTRY_BLOCK, info_hash);
    test_put_row(tracker_registry(tracker), &block);
    ck_assert_int_eq(announce("192.0.2.1"), DHT_REFUSED);
    ck_assert_int_eq(find(DHT_SHARE_ALL, "192.0.2.9"), DHT_REFUSED);
}
END_TEST

START_TEST(swarms_are_shared_as_configured) {
    const struct endpoint peer = peer_at("192.0.2.1");
    ck_assert_int_eq(announce("192.0.2.1"), DHT_SHARED);
    ck_assert_int_eq(find(DHT_SHARE_REGISTERED, "192.0.2.9"), DHT_NOT_SHARED);
    ck_assert_uint_eq(found_len, 0);
    put_torrent(PRIVACY_UNKNOWN);
    ck_assert_int_eq(find(DHT_SHARE_REGISTERED, "192.0.2.9"), DHT_NOT_SHARED);
    put_torrent(PRIVACY_PUBLIC);
    ck_assert_int_eq(find(DHT_SHARE_REGISTERED, "192.0.2.9"), DHT_SHARED);
    ck_assert_uint_eq(found_len, 6);
    ck_assert_int_eq(find(DHT_SHARE_NONE, "192.0.2.9"), DHT_NOT_SHARED);
    ck_assert_int_eq(tracker_dht_announce(tracker, DHT_SHARE_NONE, info_hash, &peer, START_MS),
                     DHT_NOT_SHARED);
}
END_TEST

START_TEST(banned_address_is_refused) {
    test_add_ban(tracker_registry(tracker), "192.0.2.0/24", "");
    ck_assert_int_eq(announce("192.0.2.1"), DHT_REFUSED);
    ck_assert_int_eq(find(DHT_SHARE_ALL, "192.0.2.1"), DHT_REFUSED);
    ck_assert_int_eq(announce("198.51.100.1"), DHT_SHARED);
}
END_TEST

START_TEST(private_tracker_shares_nothing) {
    const struct access_rules rules = { .mode = ACCESS_PRIVATE };
    struct access *access = access_create(&rules);
    ck_assert_ptr_nonnull(access);
    tracker_set_access(tracker, access);
    put_torrent(PRIVACY_PUBLIC);
    ck_assert_int_eq(announce("192.0.2.1"), DHT_NOT_SHARED);
    ck_assert_int_eq(find(DHT_SHARE_ALL, "192.0.2.1"), DHT_NOT_SHARED);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
}
END_TEST

START_TEST(limits_of_an_address_hold) {
    options.address_peers_max = 2;
    ck_assert(tracker_apply(tracker, &options));
    for (uint32_t i = 0; i < 3; i++) {
        numbered_id(info_hash, TORRENT + i);
        ck_assert_int_eq(announce("192.0.2.1"), i < 2 ? DHT_SHARED : DHT_REFUSED);
    }
    options.address_requests_per_s = 1;
    options.address_requests_burst = 1;
    ck_assert(tracker_apply(tracker, &options));
    ck_assert_int_eq(announce("192.0.2.2"), DHT_SHARED);
    ck_assert_int_eq(announce("192.0.2.2"), DHT_REFUSED);
}
END_TEST

START_TEST(outsider_is_not_given_lan_peers) {
    ck_assert(network_parse("10.0.0.0/8", &options.lan.list[0]));
    options.lan.count = 1;
    ck_assert(tracker_apply(tracker, &options));
    announce("10.1.1.1");
    find(DHT_SHARE_ALL, "192.0.2.1");
    ck_assert_uint_eq(found_len, 0);
    find(DHT_SHARE_ALL, "10.2.2.2");
    ck_assert_uint_eq(found_len, 6);
    options.external_v4 = peer_at("203.0.113.1");
    ck_assert(tracker_apply(tracker, &options));
    find(DHT_SHARE_ALL, "192.0.2.1");
    const struct endpoint outside = peer_at("203.0.113.1");
    assert_bytes((struct bytes){ found, found_len }, (struct bytes){ outside.wire, 6 });
}
END_TEST

static size_t sent;

static void count_sent(void *context, const struct change *changes, size_t count) {
    (void)context;
    for (size_t i = 0; i < count; i++)
        sent += changes[i].origin == ORIGIN_SENT;
}

START_TEST(other_nodes_of_a_cluster_are_told) {
    delete_tracker();
    options.cluster = true;
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
    sent = 0;
    ck_assert_int_eq(announce("192.0.2.1"), DHT_SHARED);
    ck_assert(tracker_drain(tracker, count_sent, NULL));
    ck_assert_uint_eq(sent, 1);
}
END_TEST

UNIT_SUITE(tracker_dht) {
    Suite *suite = suite_create("tracker_dht");
    TCase *tcase = tcase_create("peers");
    tcase_add_checked_fixture(tcase, create_tracker, delete_tracker);
    tcase_add_test(tcase, announced_peer_is_in_the_swarm_and_found);
    tcase_add_test(tcase, peers_of_the_family_are_found_as_many_as_fit);
    tcase_add_test(tcase, peer_of_an_announce_is_found_by_the_dht);
    tcase_add_test(tcase, peer_is_one_however_it_announces);
    tcase_add_test(tcase, peer_expires_half_an_hour_after_its_last_announce);
    tcase_add_test(tcase, private_and_blocked_torrents_are_refused);
    tcase_add_test(tcase, swarms_are_shared_as_configured);
    tcase_add_test(tcase, banned_address_is_refused);
    tcase_add_test(tcase, private_tracker_shares_nothing);
    tcase_add_test(tcase, limits_of_an_address_hold);
    tcase_add_test(tcase, outsider_is_not_given_lan_peers);
    tcase_add_test(tcase, other_nodes_of_a_cluster_are_told);
    suite_add_tcase(suite, tcase);
    return suite;
}
