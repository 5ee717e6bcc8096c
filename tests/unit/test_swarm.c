#include "swarm/swarm.h"

#include <string.h>

#include "support.h"

enum { NOW = 1000, TTL = 240, PEERS_MAX = 1000 };

static const struct hash_key key = { .half = { 3, 4 } };

static struct swarm *swarm;
static struct feed feed;

static void create_swarm(void) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, 77);
    swarm = swarm_create(info_hash, &key, NOW);
    feed_init(&feed, 10000);
}

static void delete_swarm(void) {
    swarm_delete(swarm);
    feed_free(&feed);
}

/* The announce of client `number`, which is a leecher and has a key. */
static struct announce_request client(uint32_t number) {
    struct announce_request request = { .left = 5, .key = number + 1, .event = EVENT_NONE };
    request.peer = numbered_endpoint(FAMILY_V4, number);
    numbered_id(request.peer_id, number);
    return request;
}

static enum announce_result put_at(const struct announce_request *request, uint32_t now_s,
                                   uint32_t peers_max) {
    const struct peer_put put = {
        .request = request,
        .peer = request->peer,
        .ttl_s = TTL,
        .now_s = now_s,
        .peers_max = peers_max,
    };
    uint32_t position;
    const enum announce_result result = swarm_put(swarm, &feed, &put, &position);
    if (result == ANNOUNCE_OK) {
        const struct peer_list *list = swarm_list(swarm, request->peer.family);
        ck_assert_mem_eq(peer_list_wire(list, position), request->peer.wire,
                         endpoint_len(request->peer.family));
    }
    return result;
}

static void put(const struct announce_request *request) {
    ck_assert_int_eq(put_at(request, NOW, PEERS_MAX), ANNOUNCE_OK);
}

static void drop(const struct announce_request *request) {
    swarm_drop(swarm, &feed, request, &request->peer, NOW);
}

static void assert_counts(uint32_t seeders, uint32_t leechers, uint32_t downloaded) {
    ck_assert_uint_eq(swarm_seeders(swarm), seeders);
    ck_assert_uint_eq(swarm_leechers(swarm), leechers);
    ck_assert_uint_eq(swarm_peers(swarm), seeders + leechers);
    ck_assert_uint_eq(swarm->downloaded, downloaded);
}

/* That the last changes are these kinds, and no more were made since the last call. */
static void assert_told(const enum change_kind *kinds, size_t count) {
    ck_assert_uint_eq(feed.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(feed.changes[i].kind, kinds[i]);
    feed.count = 0;
}

#define ASSERT_TOLD(...)                                                                           \
    assert_told((const enum change_kind[]){ __VA_ARGS__ },                                         \
                COUNT_OF(((const enum change_kind[]){ __VA_ARGS__ })))

START_TEST(peer_joins_once_and_saying_so_again_is_no_change) {
    const struct announce_request peer = client(1);
    put(&peer);
    ASSERT_TOLD(CHANGE_PEER_JOINED);
    put(&peer);
    assert_told(NULL, 0);
    assert_counts(0, 1, 0);
}
END_TEST

START_TEST(finished_leecher_becomes_a_seeder) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.left = 0;
    put(&peer);
    assert_counts(1, 0, 0);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_UPDATED);
    peer.left = 5;
    put(&peer);
    assert_counts(0, 1, 0);
    ASSERT_TOLD(CHANGE_PEER_UPDATED);
}
END_TEST

START_TEST(peer_without_left_is_a_leecher) {
    struct announce_request peer = client(1);
    peer.left = LEFT_UNKNOWN;
    put(&peer);
    assert_counts(0, 1, 0);
}
END_TEST

START_TEST(completed_counts_once_for_each_peer) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.left = 0;
    peer.event = EVENT_COMPLETED;
    put(&peer);
    put(&peer);
    assert_counts(1, 0, 1);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_COMPLETED);
    struct announce_request other = client(2);
    other.left = 0;
    other.event = EVENT_COMPLETED;
    put(&other);
    assert_counts(2, 0, 2);
    ASSERT_TOLD(CHANGE_PEER_COMPLETED);
}
END_TEST

START_TEST(completed_is_remembered_over_updates_and_moves) {
    struct announce_request peer = client(1);
    peer.event = EVENT_COMPLETED;
    peer.left = 0;
    put(&peer);
    peer.event = EVENT_NONE;
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    peer.event = EVENT_COMPLETED;
    put(&peer);
    assert_counts(1, 0, 1);
}
END_TEST

START_TEST(another_client_at_the_same_address_counts_anew) {
    struct announce_request peer = client(1);
    peer.event = EVENT_COMPLETED;
    peer.left = 0;
    put(&peer);
    numbered_id(peer.peer_id, 2);
    put(&peer);
    assert_counts(1, 0, 2);
    ASSERT_TOLD(CHANGE_PEER_COMPLETED, CHANGE_PEER_COMPLETED);
}
END_TEST

START_TEST(moved_peer_takes_its_old_place) {
    struct announce_request peer = client(1);
    put(&peer);
    const struct endpoint old = peer.peer;
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    put(&peer);
    assert_counts(0, 1, 0);
    ck_assert(endpoint_equal(&feed.changes[1].peer, &old));
    ck_assert(endpoint_equal(&feed.changes[2].peer, &peer.peer));
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_MOVED, CHANGE_PEER_JOINED);
    ck_assert_uint_eq(peer_list_find(&swarm->v4, old.wire), PEER_NOWHERE);
}
END_TEST

START_TEST(peers_without_a_key_do_not_move) {
    struct announce_request peer = client(1);
    peer.key = 0;
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    put(&peer);
    assert_counts(0, 2, 0);
}
END_TEST

START_TEST(same_peer_id_with_another_key_is_another_peer) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    peer.key = 99;
    put(&peer);
    assert_counts(0, 2, 0);
}
END_TEST

START_TEST(client_keeps_a_place_in_each_family) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V6, 1);
    put(&peer);
    assert_counts(0, 2, 0);
    ck_assert_uint_eq(peer_list_count(&swarm->v4), 1);
    ck_assert_uint_eq(peer_list_count(&swarm->v6), 1);
}
END_TEST

START_TEST(stopped_peer_leaves_swarm) {
    const struct announce_request peer = client(1);
    put(&peer);
    drop(&peer);
    assert_counts(0, 0, 0);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_LEFT);
    drop(&peer);
    assert_told(NULL, 0);
}
END_TEST

START_TEST(moved_peer_stops_by_its_identity) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    drop(&peer);
    assert_counts(0, 0, 0);
}
END_TEST

START_TEST(stranger_stops_nobody) {
    const struct announce_request peer = client(1);
    struct announce_request stranger = client(2);
    put(&peer);
    drop(&stranger);
    stranger.key = 0;
    numbered_id(stranger.peer_id, 1);
    drop(&stranger);
    assert_counts(0, 1, 0);
}
END_TEST

START_TEST(peer_expires_at_its_deadline) {
    const struct announce_request peer = client(1);
    put(&peer);
    ck_assert_uint_eq(swarm_expire(swarm, &feed, NOW + TTL - 1, 10), 0);
    ck_assert_uint_eq(swarm_expire(swarm, &feed, NOW + TTL, 10), 1);
    assert_counts(0, 0, 0);
    ck_assert_uint_eq(swarm->idle_since_s, NOW + TTL);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_EXPIRED);
}
END_TEST

START_TEST(announce_puts_the_deadline_off) {
    const struct announce_request peer = client(1);
    put(&peer);
    ck_assert_int_eq(put_at(&peer, NOW + 100, PEERS_MAX), ANNOUNCE_OK);
    ck_assert_uint_eq(swarm_expire(swarm, &feed, NOW + TTL + 99, 10), 0);
    ck_assert_uint_eq(swarm_expire(swarm, &feed, NOW + TTL + 100, 10), 1);
}
END_TEST

START_TEST(no_more_peers_expire_than_the_limit_allows) {
    for (uint32_t i = 0; i < 50; i++) {
        struct announce_request peer = client(i);
        put(&peer);
        peer.peer = numbered_endpoint(FAMILY_V6, i);
        put(&peer);
    }
    ck_assert_uint_eq(swarm_expire(swarm, &feed, NOW + TTL, 60), 60);
    ck_assert_uint_eq(swarm_peers(swarm), 40);
    ck_assert_uint_eq(swarm_expire(swarm, &feed, NOW + TTL, 60), 40);
    ck_assert_uint_eq(swarm_expire(swarm, &feed, NOW + TTL, 60), 0);
}
END_TEST

START_TEST(only_those_expire_whose_time_is_up) {
    for (uint32_t i = 0; i < 100; i++) {
        const struct announce_request peer = client(i);
        ck_assert_int_eq(put_at(&peer, NOW + i % 2, PEERS_MAX), ANNOUNCE_OK);
    }
    ck_assert_uint_eq(swarm_expire(swarm, &feed, NOW + TTL, 1000), 50);
    for (uint32_t i = 0; i < 100; i++) {
        const struct endpoint peer = numbered_endpoint(FAMILY_V4, i);
        ck_assert_int_eq(peer_list_find(&swarm->v4, peer.wire) != PEER_NOWHERE, i % 2 == 1);
    }
}
END_TEST

START_TEST(full_swarm_refuses_newcomers_alone) {
    struct announce_request first = client(1);
    const struct announce_request second = client(2);
    const struct announce_request third = client(3);
    ck_assert_int_eq(put_at(&first, NOW, 2), ANNOUNCE_OK);
    ck_assert_int_eq(put_at(&second, NOW, 2), ANNOUNCE_OK);
    ck_assert_int_eq(put_at(&third, NOW, 2), ANNOUNCE_SWARM_FULL);
    ck_assert_int_eq(put_at(&second, NOW, 2), ANNOUNCE_OK);
    first.peer = numbered_endpoint(FAMILY_V4, 500);
    ck_assert_int_eq(put_at(&first, NOW, 2), ANNOUNCE_OK);
    assert_counts(0, 2, 0);
}
END_TEST

START_TEST(paused_peer_is_a_leecher_that_needs_nothing) {
    struct announce_request peer = client(1);
    peer.event = EVENT_PAUSED;
    put(&peer);
    assert_counts(0, 1, 0);
    ck_assert_uint_eq(swarm->paused, 1);
    put(&peer);
    ck_assert_uint_eq(swarm->paused, 1);
    peer.event = EVENT_NONE;
    put(&peer);
    ck_assert_uint_eq(swarm->paused, 0);
    peer.event = EVENT_PAUSED;
    put(&peer);
    drop(&peer);
    ck_assert_uint_eq(swarm->paused, 0);
}
END_TEST

START_TEST(change_describes_its_peer) {
    struct announce_request peer = client(1);
    peer.event = EVENT_COMPLETED;
    peer.left = 0;
    put(&peer);
    const struct change *change = &feed.changes[0];
    ck_assert_mem_eq(change->info_hash, swarm->info_hash, INFO_HASH_LEN);
    ck_assert_mem_eq(change->peer_id, peer.peer_id, PEER_ID_LEN);
    ck_assert(endpoint_equal(&change->peer, &peer.peer));
    ck_assert_uint_eq(change->key, peer.key);
    ck_assert_uint_eq(change->left, 0);
    ck_assert(!change->paused);
    ck_assert(change->counted);
    ck_assert_uint_eq(change->downloaded, 1);
    ck_assert_uint_eq(change->seeders, 1);
    ck_assert_uint_eq(change->leechers, 0);
}
END_TEST

START_TEST(change_of_a_peer_that_left_carries_the_counts_without_it) {
    const struct announce_request peer = client(1);
    const struct announce_request other = client(2);
    put(&peer);
    put(&other);
    drop(&peer);
    ck_assert_uint_eq(feed.changes[2].leechers, 1);
    ck_assert(endpoint_equal(&feed.changes[2].peer, &peer.peer));
}
END_TEST

START_TEST(restored_peer_is_as_it_was_and_nobody_is_told) {
    struct announce_request peer = client(1);
    peer.event = EVENT_PAUSED;
    put(&peer);
    struct change change = feed.changes[0];
    change.counted = true;
    drop(&peer);
    feed.count = 0;
    ck_assert(swarm_restore(swarm, &change, false, NOW, TTL));
    ck_assert(swarm_restore(swarm, &change, false, NOW, TTL));
    assert_told(NULL, 0);
    assert_counts(0, 1, 0);
    ck_assert_uint_eq(swarm->paused, 1);
    const struct change again = swarm_describe(swarm, &swarm->v4, 0, CHANGE_PEER_JOINED);
    ck_assert_mem_eq(again.peer_id, change.peer_id, PEER_ID_LEN);
    ck_assert_uint_eq(again.key, change.key);
    ck_assert_uint_eq(again.left, change.left);
    ck_assert(again.paused && again.counted);
}
END_TEST

static void add_peer_tests(TCase *peers) {
    tcase_add_test(peers, peer_joins_once_and_saying_so_again_is_no_change);
    tcase_add_test(peers, finished_leecher_becomes_a_seeder);
    tcase_add_test(peers, peer_without_left_is_a_leecher);
    tcase_add_test(peers, completed_counts_once_for_each_peer);
    tcase_add_test(peers, completed_is_remembered_over_updates_and_moves);
    tcase_add_test(peers, another_client_at_the_same_address_counts_anew);
    tcase_add_test(peers, moved_peer_takes_its_old_place);
    tcase_add_test(peers, peers_without_a_key_do_not_move);
    tcase_add_test(peers, same_peer_id_with_another_key_is_another_peer);
    tcase_add_test(peers, client_keeps_a_place_in_each_family);
    tcase_add_test(peers, full_swarm_refuses_newcomers_alone);
    tcase_add_test(peers, paused_peer_is_a_leecher_that_needs_nothing);
}

static void add_leaving_tests(TCase *leaving) {
    tcase_add_test(leaving, stopped_peer_leaves_swarm);
    tcase_add_test(leaving, moved_peer_stops_by_its_identity);
    tcase_add_test(leaving, stranger_stops_nobody);
    tcase_add_test(leaving, peer_expires_at_its_deadline);
    tcase_add_test(leaving, announce_puts_the_deadline_off);
    tcase_add_test(leaving, no_more_peers_expire_than_the_limit_allows);
    tcase_add_test(leaving, only_those_expire_whose_time_is_up);
    tcase_add_test(leaving, change_describes_its_peer);
    tcase_add_test(leaving, change_of_a_peer_that_left_carries_the_counts_without_it);
    tcase_add_test(leaving, restored_peer_is_as_it_was_and_nobody_is_told);
}

Suite *swarm_suite(void) {
    Suite *suite = suite_create("swarm");
    TCase *peers = tcase_create("peers");
    tcase_add_checked_fixture(peers, create_swarm, delete_swarm);
    add_peer_tests(peers);
    suite_add_tcase(suite, peers);

    TCase *leaving = tcase_create("leaving");
    tcase_add_checked_fixture(leaving, create_swarm, delete_swarm);
    add_leaving_tests(leaving);
    suite_add_tcase(suite, leaving);
    return suite;
}
