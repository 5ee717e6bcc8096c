#include "dht/peer_store.h"

#include "support.h"

enum { NOW_S = 70000, TORRENTS = 1000, PER_TORRENT = 20, PER_ADDRESS = 30, TTL_S = 1800 };

static const struct hash_key key = { .half = { 1, 2 } };

static struct peer_store *create_store(uint32_t peers) {
    const struct dht_limits limits = {
        .peers = peers,
        .torrents = TORRENTS,
        .peers_per_torrent = PER_TORRENT,
        .peers_per_address = PER_ADDRESS,
        .peer_ttl_s = TTL_S,
    };
    struct peer_store *store = peer_store_create(&limits, &key);
    ck_assert_ptr_nonnull(store);
    return store;
}

static bool put(struct peer_store *store, uint32_t torrent, const struct endpoint *peer,
                uint32_t now_s) {
    uint8_t info_hash[NODE_ID_LEN];
    numbered_id(info_hash, torrent);
    return peer_store_put(store, info_hash, peer, now_s);
}

/* Number of peers that a requester gets, at most `room`; marks the ones of numbered_endpoint. */
static size_t pick(const struct peer_store *store, uint32_t torrent,
                   const struct endpoint *requester, uint32_t start, uint32_t room, uint32_t now_s,
                   uint32_t *marks) {
    uint8_t info_hash[NODE_ID_LEN], compact[PER_TORRENT * ENDPOINT_MAX_LEN];
    const size_t len = endpoint_len(requester->family);
    struct writer peers = writer_on(compact, room * len);
    numbered_id(info_hash, torrent);
    peer_store_pick(store, info_hash, requester, start, now_s, &peers);
    ck_assert(!peers.failed);
    for (size_t at = 0; marks != NULL && at < peers.len; at += len)
        marks[compact[at + len - 3]]++;
    return peers.len / len;
}

static size_t count_all(const struct peer_store *store, uint32_t torrent, uint8_t family,
                        uint32_t now_s) {
    const struct endpoint requester = numbered_endpoint(family, 1 << 20);
    return pick(store, torrent, &requester, 0, PER_TORRENT, now_s, NULL);
}

START_TEST(each_family_gets_its_own_peers) {
    struct peer_store *store = create_store(100);
    const struct endpoint v4 = numbered_endpoint(FAMILY_V4, 1);
    const struct endpoint v6 = numbered_endpoint(FAMILY_V6, 1);
    ck_assert(put(store, 1, &v4, NOW_S) && put(store, 1, &v6, NOW_S) && put(store, 2, &v4, NOW_S));
    ck_assert_uint_eq(count_all(store, 1, FAMILY_V4, NOW_S), 1);
    ck_assert_uint_eq(count_all(store, 1, FAMILY_V6, NOW_S), 1);
    ck_assert_uint_eq(count_all(store, 2, FAMILY_V6, NOW_S), 0);
    ck_assert_uint_eq(peer_store_count(store), 3);
    peer_store_delete(store);
}
END_TEST

START_TEST(peer_expires_unless_it_is_renewed) {
    struct peer_store *store = create_store(100);
    const struct endpoint peer = numbered_endpoint(FAMILY_V4, 1);
    ck_assert(put(store, 1, &peer, NOW_S));
    ck_assert(put(store, 1, &peer, NOW_S + 1000));
    ck_assert_uint_eq(peer_store_count(store), 1);
    ck_assert_uint_eq(count_all(store, 1, FAMILY_V4, NOW_S + 1000 + TTL_S - 1), 1);
    ck_assert_uint_eq(count_all(store, 1, FAMILY_V4, NOW_S + 1000 + TTL_S), 0);
    peer_store_delete(store);
}
END_TEST

START_TEST(sweep_frees_the_places_of_expired_peers) {
    struct peer_store *store = create_store(1000);
    for (uint32_t i = 0; i < 1000; i++) {
        const struct endpoint peer = numbered_endpoint(FAMILY_V4, i);
        REQUIRE(put(store, i, &peer, NOW_S));
    }
    const struct endpoint late = numbered_endpoint(FAMILY_V4, 2000);
    ck_assert(!put(store, 2000, &late, NOW_S));
    for (uint32_t s = 0; s < 60; s++)
        peer_store_expire(store, NOW_S + TTL_S + s);
    ck_assert_uint_eq(peer_store_count(store), 0);
    ck_assert_uint_eq(peer_store_torrent_count(store), 0);
    ck_assert(put(store, 2000, &late, NOW_S + TTL_S + 60));
    peer_store_delete(store);
}
END_TEST

START_TEST(torrent_has_a_limit) {
    struct peer_store *store = create_store(100);
    for (uint32_t i = 0; i < PER_TORRENT + 5; i++) {
        const struct endpoint peer = numbered_endpoint(FAMILY_V4, i);
        ck_assert(put(store, 1, &peer, NOW_S) == (i < PER_TORRENT));
    }
    const struct endpoint known = numbered_endpoint(FAMILY_V4, 1);
    ck_assert(put(store, 1, &known, NOW_S));
    ck_assert(put(store, 2, &known, NOW_S));
    peer_store_delete(store);
}
END_TEST

static const uint8_t families[] = { FAMILY_V4, FAMILY_V6 };

START_TEST(address_has_a_limit_over_all_torrents) {
    struct peer_store *store = create_store(1000);
    struct endpoint peer = numbered_endpoint(families[_i], 1);
    for (uint32_t i = 0; i < PER_ADDRESS; i++) {
        /* All of a /64 count as one. */
        if (peer.family == FAMILY_V6)
            peer.wire[15] = (uint8_t)i;
        endpoint_set_port(&peer, (uint16_t)(i + 1));
        ck_assert(put(store, i, &peer, NOW_S));
    }
    ck_assert(!put(store, 999, &peer, NOW_S));
    const struct endpoint other =
        endpoint_at(peer.family == FAMILY_V6 ? "2001:db8:0:1::1" : "80.0.0.2", 1);
    ck_assert(put(store, 999, &other, NOW_S));
    ck_assert(put(store, 0, &other, NOW_S + TTL_S));
    ck_assert(put(store, 1, &other, NOW_S + TTL_S));
    ck_assert(put(store, 999, &peer, NOW_S + TTL_S));
    peer_store_delete(store);
}
END_TEST

START_TEST(each_peer_has_the_same_chance) {
    struct peer_store *store = create_store(100);
    uint32_t marks[256] = { 0 };
    const struct endpoint requester = numbered_endpoint(FAMILY_V4, 999);
    for (uint32_t i = 0; i < PER_TORRENT; i++) {
        const struct endpoint peer = numbered_endpoint(FAMILY_V4, i);
        put(store, 1, &peer, NOW_S);
    }
    for (uint32_t start = 0; start < PER_TORRENT * 10; start++)
        ck_assert_uint_eq(pick(store, 1, &requester, start, 5, NOW_S, marks), 5);
    for (uint32_t i = 0; i < PER_TORRENT; i++)
        ck_assert_uint_eq(marks[i], 50);
    peer_store_delete(store);
}
END_TEST

static const struct {
    const char *peer, *requester;
    bool given;
} reaches[] = {
    { "198.51.100.7", "203.0.113.1", true },
    { "198.51.100.7", "10.0.0.1", true },
    { "192.168.1.7", "10.0.0.1", true },
    { "192.168.1.7", "203.0.113.1", false },
    { "127.0.0.1", "127.0.0.1", true },
    { "127.0.0.1", "10.0.0.1", false },
    { "fd00::1", "fd00::2", true },
    { "fd00::1", "2001:db8::1", false },
    { "::1", "::1", true },
    { "::1", "fd00::2", false },
};

START_TEST(peer_is_given_to_requesters_that_can_reach_it) {
    struct peer_store *store = create_store(100);
    const struct endpoint peer = endpoint_at(reaches[_i].peer, 7000);
    const struct endpoint requester = endpoint_at(reaches[_i].requester, 6881);
    ck_assert(put(store, 1, &peer, NOW_S));
    ck_assert_uint_eq(pick(store, 1, &requester, 0, 10, NOW_S, NULL), reaches[_i].given);
    peer_store_delete(store);
}
END_TEST

START_TEST(number_of_torrents_has_a_limit) {
    struct peer_store *store = create_store(2 * TORRENTS);
    for (uint32_t i = 0; i < TORRENTS + 5; i++) {
        const struct endpoint peer = numbered_endpoint(FAMILY_V4, i);
        REQUIRE(put(store, i, &peer, NOW_S) == (i < TORRENTS));
    }
    const struct endpoint other = numbered_endpoint(FAMILY_V4, 2 * TORRENTS);
    ck_assert(put(store, 0, &other, NOW_S));
    ck_assert_uint_eq(peer_store_torrent_count(store), TORRENTS);
    peer_store_delete(store);
}
END_TEST

START_TEST(torrents_and_their_peers_are_listed) {
    struct peer_store *store = create_store(100);
    struct stored_torrent torrents[TORRENTS];
    struct stored_peer peers[PER_TORRENT];
    uint8_t info_hash[NODE_ID_LEN];
    const struct endpoint v4 = numbered_endpoint(FAMILY_V4, 1);
    const struct endpoint v6 = numbered_endpoint(FAMILY_V6, 1);
    ck_assert(put(store, 1, &v4, NOW_S) && put(store, 1, &v6, NOW_S + 10));
    ck_assert(put(store, 2, &v4, NOW_S + 20));
    ck_assert_uint_eq(peer_store_list_torrents(store, torrents, 1, NOW_S + 20), 1);
    ck_assert_uint_eq(peer_store_list_torrents(store, torrents, TORRENTS, NOW_S + 20), 2);
    numbered_id(info_hash, 1);
    const size_t first = memcmp(torrents[0].info_hash, info_hash, NODE_ID_LEN) == 0 ? 0 : 1;
    ck_assert_mem_eq(torrents[first].info_hash, info_hash, NODE_ID_LEN);
    ck_assert_uint_eq(torrents[first].peers, 2);
    ck_assert_uint_eq(torrents[1 - first].peers, 1);

    ck_assert_uint_eq(peer_store_list_peers(store, info_hash, peers, PER_TORRENT, NOW_S + 20), 2);
    ck_assert(endpoint_equal(&peers[0].endpoint, &v6) && endpoint_equal(&peers[1].endpoint, &v4));
    ck_assert(peers[0].age_s == 10 && peers[1].age_s == 20);
    ck_assert_uint_eq(peer_store_list_peers(store, info_hash, peers, 1, NOW_S + 20), 1);
    ck_assert_uint_eq(peer_store_list_peers(store, info_hash, peers, PER_TORRENT, NOW_S + TTL_S),
                      1);
    ck_assert_uint_eq(peer_store_list_torrents(store, torrents, TORRENTS, NOW_S + TTL_S + 10), 1);
    numbered_id(info_hash, 3);
    ck_assert_uint_eq(peer_store_list_peers(store, info_hash, peers, PER_TORRENT, NOW_S), 0);
    peer_store_delete(store);
}
END_TEST

UNIT_SUITE(peer_store) {
    Suite *suite = suite_create("peer_store");
    TCase *peers = tcase_create("peers");
    tcase_add_test(peers, each_family_gets_its_own_peers);
    tcase_add_test(peers, each_peer_has_the_same_chance);
    tcase_add_loop_test(peers, peer_is_given_to_requesters_that_can_reach_it, 0, LOOPS_OF(reaches));
    tcase_add_test(peers, peer_expires_unless_it_is_renewed);
    tcase_add_test(peers, torrents_and_their_peers_are_listed);
    tcase_add_test(peers, sweep_frees_the_places_of_expired_peers);
    suite_add_tcase(suite, peers);

    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, torrent_has_a_limit);
    tcase_add_loop_test(limits, address_has_a_limit_over_all_torrents, 0, LOOPS_OF(families));
    tcase_add_test(limits, number_of_torrents_has_a_limit);
    suite_add_tcase(suite, limits);
    return suite;
}
